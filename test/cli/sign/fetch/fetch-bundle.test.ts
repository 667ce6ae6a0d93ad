// `countersign fetch-bundle`: what it gives is what was logged, and what does not hold it does not give.
import { createHash } from "node:crypto"
import { rmSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Fetch } from "../../../../src/client/exchange.ts"
import { fill } from "../../../http/served-log.ts"
import { lying, noNetwork, type Ran, run } from "../../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../../workspace.ts"

let workspace: Workspace
let keys: KeyFiles
let others: KeyFiles

beforeAll(async () => {
  workspace = await openWorkspace({ limits: { attachmentBytes: 65_536 } })
  keys = writeKeys(workspace, "signer")
  others = writeKeys(workspace, "other")
  await fill(workspace.served.log, 2)
  await signed("one.bin", keys)
  await signed("one.bin", others, "--bundle", workspace.path("other.json"))
  await signed("one.bin", keys, "--statement", "--bundle", workspace.path("statement.json"))
  await signed("two.bin", keys)
})
afterAll(() => workspace.close())

const pinned = () => ["--log", workspace.url, "--trusted-root", workspace.trustedRoot]

async function signed(name: string, { secret }: KeyFiles, ...words: string[]): Promise<void> {
  const artifact = workspace.write(name, name)
  const ran = await run(["sign", ...pinned(), "--artifact", artifact, "--key", secret, ...words])
  expect(ran).toMatchObject({ code: 0, err: "" })
}

const digestOf = (text: string, hash = "sha256") => createHash(hash).update(text).digest("hex")
const digest = (text: string) => `sha256:${digestOf(text)}`

function fetchBundle(...words: readonly string[]): Promise<Ran> {
  return run(["fetch-bundle", ...pinned(), ...words])
}

async function expectVerified(bundle: string, artifact: string, key: string): Promise<void> {
  const trust = ["--trusted-root", workspace.trustedRoot]
  const file = workspace.write("fetched.json", bundle)
  const words = ["verify", "--bundle", file, "--artifact", artifact, "--key", key, ...trust]
  expect(await run(words, { fetch: noNetwork })).toMatchObject({ code: 0, err: "" })
}

describe("a bundle is fetched", () => {
  test("by its index, and is the one that was written when it was logged, under a newer tree", async () => {
    const ran = await fetchBundle("--index", "5")
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toBe(workspace.read("two.bin.sigstore.json"))
    await expectVerified(ran.out, workspace.path("two.bin"), keys.public)
  })

  test("by its leaf hash", async () => {
    const words = ["--json", "--force", "--out", workspace.path("by-index.json")]
    const { leafHash } = JSON.parse((await fetchBundle("--index", "2", ...words)).out)
    for (const hash of [leafHash, leafHash.toUpperCase()]) {
      const ran = await fetchBundle("--leaf-hash", hash)
      expect(ran).toMatchObject({ code: 0, err: "" })
      await expectVerified(ran.out, workspace.path("one.bin"), keys.public)
    }
  })

  test.each(["sha256:HEX", "HEX", "registry.example.com/two@sha256:HEX"])(
    "by the digest of the artifact: %s",
    async (form) => {
      for (const hex of [digestOf("two.bin"), digestOf("two.bin").toUpperCase()]) {
        const ran = await fetchBundle("--digest", form.replace("HEX", hex))
        expect(ran.code).toBe(0)
        expect(ran.out).toBe(workspace.read("two.bin.sigstore.json"))
      }
    },
  )

  test("of a statement, by any digest of its subject, if the log keeps it", async () => {
    for (const hash of ["sha384", "sha512"]) {
      const ran = await fetchBundle("--digest", `${hash}:${digestOf("one.bin", hash)}`)
      expect(ran.code).toBe(0)
      await expectVerified(ran.out, workspace.path("one.bin"), keys.public)
      expect(ran.out).toContain('"dsseEnvelope"')
    }
  })

  test("into a file, whose folder is made, and which is overwritten with --force alone", async () => {
    const out = workspace.path("made/one.json")
    const ran = await fetchBundle("--index", "2", "--out", out)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toContain("bundle of entry 2\n")
    await expectVerified(workspace.read("made/one.json"), workspace.path("one.bin"), keys.public)
    const again = await fetchBundle("--index", "5", "--out", out)
    expect(again).toMatchObject({ code: 1, out: "" })
    expect(again.err).toContain("overwrite it with --force")
    expect((await fetchBundle("--index", "5", "--out", out, "--force")).code).toBe(0)
    expect(workspace.read("made/one.json")).toBe(workspace.read("two.bin.sigstore.json"))
  })

  test("with a word about a log that nobody has pinned", async () => {
    const ran = await run(["fetch-bundle", "--log", workspace.url, "--index", "5"])
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("the log's key was not pinned")
  })
})

describe("several entries of a digest", () => {
  test("are listed, with their keys, and none is given", async () => {
    const ran = await fetchBundle("--digest", digest("one.bin"))
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("expected one entry, found 3")
    for (const index of [2, 3, 4]) expect(ran.err).toContain(`entry ${index}  `)
    expect(ran.err.match(/sha256:[0-9a-f]{64}/g)).toHaveLength(3)
  })

  test("are told apart by their key", async () => {
    const ran = await fetchBundle("--digest", digest("one.bin"), "--key", others.public)
    expect(ran.code).toBe(0)
    await expectVerified(ran.out, workspace.path("one.bin"), others.public)
  })

  test("are given all with --all, one a line", async () => {
    const out = workspace.path("all.jsonl")
    const ran = await fetchBundle("--digest", digest("one.bin"), "--all", "--out", out, "--json")
    expect(ran.code).toBe(0)
    const told = ran.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).index)
    expect(told).toEqual([2, 3, 4])
    const lines = workspace.read("all.jsonl").trimEnd().split("\n")
    expect(lines).toHaveLength(3)
    await expectVerified(lines[1] ?? "", workspace.path("one.bin"), others.public)
  })
})

describe("nothing is given", () => {
  test("where there is nothing", async () => {
    expect((await fetchBundle("--index", "99")).err).toContain("the log answers 404")
    const none = await fetchBundle("--digest", digest("none"))
    expect(none).toMatchObject({ code: 1, out: "" })
    expect(none.err).toContain("expected entries about sha256:")
    expect((await fetchBundle("--leaf-hash", "00".repeat(32))).code).toBe(1)
    const stranger = writeKeys(workspace, "stranger")
    const unknown = await fetchBundle("--digest", digest("two.bin"), "--key", stranger.public)
    expect(unknown).toMatchObject({ code: 1, out: "" })
  })

  test("of an entry that has no bundle", async () => {
    expect(await fetchBundle("--index", "0")).toMatchObject({ code: 1, out: "" })
  })

  type Bundle = {
    verificationMaterial: { tlogEntries: Record<string, unknown>[] }
    messageSignature: { signature: string; messageDigest: { digest: string } }
  }
  const entryOf = (bundle: Bundle) => bundle.verificationMaterial.tlogEntries[0] ?? {}

  test.each([
    [
      "another entry",
      3,
      (bundle: Bundle) => ({ ...bundle, ...JSON.parse(workspace.read("one.bin.sigstore.json")) }),
    ],
    [
      "another body",
      1,
      (bundle: Bundle) => {
        entryOf(bundle)["canonicalizedBody"] = Buffer.from('{"kind":"x"}').toString("base64")
        return bundle
      },
    ],
    [
      "another index",
      3,
      (bundle: Bundle) => {
        entryOf(bundle)["logIndex"] = "2"
        return bundle
      },
    ],
  ] as const)("if the log gives %s", async (_name, code, change) => {
    const fetch = lying(/\/bundle$/, (answer) => change(answer as unknown as Bundle))
    const ran = await run(["fetch-bundle", ...pinned(), "--index", "5"], { fetch })
    expect(ran).toMatchObject({ code, out: "" })
  })

  test("if the log's search gives an entry about something else", async () => {
    const two = digest("two.bin")
    const fetch: typeof globalThis.fetch = (url, init) =>
      globalThis.fetch(
        String(url).replace(encodeURIComponent(two), encodeURIComponent(digest("one.bin"))),
        init,
      )
    const words = ["--digest", two, "--key", others.public]
    const ran = await run(["fetch-bundle", ...pinned(), ...words], { fetch })
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("its bundle is not about that")
  })

  test("if the log is not the one that is pinned", async () => {
    const other = await openWorkspace()
    const trust = workspace.write("stranger.json", other.read("trusted_root.json"))
    await other.close()
    const words = ["--log", workspace.url, "--trusted-root", trust, "--index", "5"]
    expect(await run(["fetch-bundle", ...words])).toMatchObject({ code: 3, out: "" })
  })

  test.each([
    ["no question", []],
    ["two questions", ["--index", "1", "--digest", digest("x")]],
    ["a digest that is none", ["--digest", "sha256:12"]],
    ["JSON about nothing", ["--index", "1", "--json"]],
  ])("and nothing is asked for %s", async (_name, words) => {
    const ran = await run(["fetch-bundle", ...pinned(), ...words], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 2, out: "" })
  })
})

describe("an envelope that the log does not keep", () => {
  test("is made again by the same command, which the message says", async () => {
    const bare = await openWorkspace()
    try {
      const own = writeKeys(bare, "signer")
      const artifact = bare.write("bare.bin", "bare")
      const words = ["sign", "--log", bare.url, "--trusted-root", bare.trustedRoot]
      const command = [...words, "--artifact", artifact, "--key", own.secret, "--statement"]
      const folder = bare.path("gone")
      const lost = await run([...command, "--bundle", `${folder}/x.json`], {
        async fetch(url, init) {
          const response = await globalThis.fetch(url, init)
          if (init?.method === "POST") rmSync(folder, { recursive: true })
          return response
        },
      })
      expect(lost.err).toContain("or run the same command again, if the log keeps no envelopes")
      const none = await run(["fetch-bundle", "--log", bare.url, "--index", "0"])
      expect(none).toMatchObject({ code: 1, out: "" })
      const again = await run([...command, "--bundle", `${folder}/x.json`])
      expect(again.code).toBe(0)
      expect(again.out).toContain("entry 0 (logged before)")
    } finally {
      await bare.close()
    }
  })
})

describe("a log that goes on and on", () => {
  let place = 0
  const pages: Fetch = async (url, init) => {
    if (!/\/v1\/entries\?/.test(String(url))) return await globalThis.fetch(url, init)
    place += 1
    return Response.json({ entries: [], completeUpTo: 9, size: 9, next: place })
  }

  test("with empty pages of a search is left after so many", async () => {
    const words = ["--digest", digest("one.bin")]
    const ran = await run(["fetch-bundle", ...pinned(), ...words], { fetch: pages })
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("expected up to 1000 pages")
    const found = await run(["search", ...pinned(), ...words], { fetch: pages })
    expect(found).toMatchObject({ code: 1 })
    expect(found.err).toContain("expected up to 1000 empty pages")
  })
})
