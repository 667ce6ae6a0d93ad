// `countersign search` against a real server, also one that lies.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { formatPem } from "../../../src/core/base/pem.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { publicKey, signedEnvelope, signedRequest } from "../../http/served-log.ts"
import { lying, type Ran, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace } from "../workspace.ts"

let workspace: Workspace

beforeAll(async () => {
  workspace = await openWorkspace()
  const { log } = workspace.served
  for (const name of ["one", "two", "three"]) await log.add(proposeEntry(signedRequest(name)))
  await log.add(proposeEntry(signedEnvelope()))
})

afterAll(() => workspace.close())

function search(...words: string[]): Promise<Ran> {
  return run(["search", "--log", workspace.url, ...words])
}

function linesOf({ out }: Ran): readonly Readonly<Record<string, unknown>>[] {
  return out
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}

/** The last line says how far the answer goes, the others are entries. */
function indexesOf(ran: Ran): unknown[] {
  expect(ran.code, ran.err).toBe(0)
  return linesOf(ran)
    .slice(0, -1)
    .map(({ index }) => index)
}

const twoDigest = `sha256:${createHash("sha256").update("two").digest("hex")}`

describe("countersign search", () => {
  it.each([
    ["in upper case", twoDigest.toUpperCase()],
    ["as bare hex", twoDigest.slice("sha256:".length)],
    ["as bare hex in upper case", twoDigest.slice("sha256:".length).toUpperCase()],
    ["of an image reference", `registry.example:5000/two:1@${twoDigest}`],
  ])("takes a digest %s", async (_name, digest) => {
    expect(indexesOf(await search("--digest", digest, "--json"))).toEqual([1])
  })

  it.each([
    ["that is cut", twoDigest.slice(0, -2)],
    ["without an algorithm, of no hash's length", "abcd"],
    ["that is no hex", "sha256:xyz"],
    ["that is nothing", ""],
  ])("says in words how to write a digest %s", async (_name, digest) => {
    const ran = await search("--digest", digest)
    expect(ran).toMatchObject({ code: 2, out: "" })
    expect(ran.err).toContain("expected ALGORITHM:HEX such as sha256:")
  })

  it("finds entries by digest, by file, by key and by kind", async () => {
    const artifact = workspace.write("two", "two")
    const key = formatPem({ label: "PUBLIC KEY", der: Buffer.from(publicKey, "base64") })
    const keyFile = workspace.write("key.pub", key)
    expect(indexesOf(await search("--digest", twoDigest, "--json"))).toEqual([1])
    expect(indexesOf(await search("--artifact", artifact, "--json"))).toEqual([1])
    expect(indexesOf(await search("--key", keyFile, "--json"))).toEqual([0, 1, 2])
    expect(indexesOf(await search("--key", keyFile, "--newest", "--json"))).toEqual([2, 1, 0])
    expect(indexesOf(await search("--kind", "dsse", "--json"))).toEqual([3])
    expect(indexesOf(await search("--identity", "nobody@example.org", "--json"))).toEqual([])
  })

  it("says how many entries were not searched while the log's index is behind", async () => {
    const fetch = lying(/\/v1\/entries\?/, (answer) => ({ ...answer, completeUpTo: 1 }))
    const words = ["search", "--log", workspace.url, "--digest", `sha256:${"0".repeat(64)}`]
    const { code, err } = await run(words, { fetch })
    expect(code).toBe(0)
    expect(err).toContain("0 of 1 entries")
    expect(err).toContain("its newest 3 entries were not searched")
    expect((await run(words)).err).not.toContain("not searched")
  })

  it("finds what was signed by any of three hashes by the file", async () => {
    const { log } = workspace.served
    const { privateKey, publicKey: own } = generateKeyPairSync("ec", { namedCurve: "P-384" })
    const request = {
      kind: "hashedrekord",
      digest: `sha384:${createHash("sha384").update("p384").digest("hex")}`,
      signature: sign("sha384", Buffer.from("p384"), privateKey).toString("base64"),
      publicKey: own.export({ type: "spki", format: "der" }).toString("base64"),
    } as const
    const { index } = await log.add(proposeEntry(request))
    const npm = createHash("sha512").update("npm").digest("hex")
    const statement = { subject: [{ name: "pkg:npm/x@1", digest: { sha512: npm } }] }
    const other = await log.add(proposeEntry(signedEnvelope(JSON.stringify(statement))))
    const ran = await search("--artifact", workspace.write("p384", "p384"))
    expect(ran.out).toContain(`entry ${index}: `)
    expect(ran.out).toContain("found by   sha384 of the file")
    const file = workspace.write("npm.tgz", "npm")
    expect(indexesOf(await search("--artifact", file, "--json"))).toEqual([other.index])
  })

  it("finds an image, a commit and a file for PyPI by what is foretold of them, and says why", async () => {
    const { log } = workspace.served
    const hex = createHash("sha256").update("image").digest("hex")
    const [repo, commit] = ["registry.example:5000/acme/app", "1f".repeat(20)]
    const simple = `{"critical":{"identity":{"docker-reference":"${repo}"},"image":{"docker-manifest-digest":"sha256:${hex}"},"type":"cosign container image signature"},"optional":null}`
    const wheel = createHash("sha256").update("wheel").digest("hex")
    const publish = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"x.whl","digest":{"sha256":"${wheel}"}}],"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":null}`
    const type = "application/vnd.in-toto+json"
    const at: number[] = []
    for (const signed of [simple, commit, `DSSEv1 28 ${type} ${publish.length} ${publish}`]) {
      at.push((await log.add(proposeEntry(signedRequest(signed)))).index)
    }
    const found = [
      ["--image", `${repo}:v1@sha256:${hex}`, `cosign 2 or Tekton Chains, image ${repo}`],
      ["--commit", commit.toUpperCase(), "gitsign"],
      ["--pypi", workspace.write("x.whl", "wheel"), "PyPI publish attestation"],
    ] as const
    for (const [i, [option, value, why]] of found.entries()) {
      const ran = await search(option, value, "--json")
      expect(indexesOf(ran)).toEqual([at[i]])
      expect(linesOf(ran)[0]).toMatchObject({ why: [why] })
    }
    expect(indexesOf(await search("--image", `sha256:${hex}`, "--json"))).toEqual([])
  })

  it.each([
    ["--image", "registry.example/app:v1", "expected REPO@sha256: and 64 hex digits"],
    ["--image", `app@sha512:${"0".repeat(128)}`, "expected REPO@sha256: and 64 hex digits"],
    ["--commit", "v1.0", "expected a whole commit ID"],
    ["--commit", "1f1f1f1", "expected a whole commit ID"],
  ])("says in words what %s %s lacks", async (option, value, expected) => {
    const ran = await search(option, value)
    expect(ran).toMatchObject({ code: 2, out: "" })
    expect(ran.err).toContain(expected)
  })

  const answerWith = (opaque: unknown) =>
    lying(/\/v1\/entries\?/, (answer) => ({ ...answer, opaque }))
  const unknown = `sha256:${"0".repeat(64)}`

  it("says how many entries are opaque, so that no answer reads as if nobody had signed", async () => {
    const words = ["search", "--log", workspace.url, "--digest", unknown]
    const { code, err } = await run(words, { fetch: answerWith({ count: 3, upTo: 4 }) })
    expect(code).toBe(0)
    expect(err).toContain(
      "3 entries below 4 are opaque: nobody can tell from what the log has what they are about; " +
        "that none was found does not mean that nobody signed",
    )
    const json = await run([...words, "--json"], { fetch: answerWith({ count: 3, upTo: 4 }) })
    expect(linesOf(json)).toEqual([
      expect.objectContaining({ found: 0, opaque: { count: 3, upTo: 4 } }),
    ])
    const none = await run(words, { fetch: answerWith({ count: 0, upTo: 9 }) })
    expect(none.err).not.toContain("opaque")
    const behind = await run(words, { fetch: answerWith({ count: 0, upTo: 1 }) })
    expect(behind.err).toMatch(
      /of its newest \d+ entries the log does not know yet whether they are opaque; that none was found/,
    )
    const old = await run(words, { fetch: answerWith(undefined) })
    expect(old.err).toContain("that none was found does not mean that nobody signed")
    const some = ["search", "--log", workspace.url, "--digest", twoDigest]
    const one = await run(some, { fetch: answerWith({ count: 1, upTo: 4 }) })
    expect(one.err).toContain("1 entry below 4 is opaque: nobody can tell")
    expect(one.err).not.toContain("nobody signed")
  })

  it("does not go round in circles with a log whose answers lead nowhere", async () => {
    const fetch = lying(/\/v1\/entries\?/, (answer) => ({ ...answer, attachedNext: 0 }))
    const ran = await run(["search", "--log", workspace.url, "--digest", unknown], { fetch })
    expect(ran.code).not.toBe(0)
    expect(ran.err).toContain("expected attachedNext above 0")
  })

  it("prints for people who signed what, and says how much there is", async () => {
    const { out, err } = await search("--digest", twoDigest)
    expect(out).toMatch(/^entry 1: hashedrekord:0\.0\.2\n/)
    expect(out).toContain(twoDigest)
    expect(err).toMatch(/1 of \d+ entries/)
    const limited = await search("--kind", "hashedrekord", "--limit", "2", "--json")
    expect(indexesOf(limited)).toEqual([0, 1])
    expect(limited.err).toContain("and more")
  })

  it("verifies with --verify that the log has what it shows", async () => {
    const ran = await search("--digest", twoDigest, "--verify", "--policy", workspace.policy)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.out).toContain(", verified\n")
    expect(ran.err).not.toContain("not pinned")
    const words = ["search", "--log", workspace.url, "--digest", twoDigest, "--json"]
    const [shown] = linesOf(await run(words))
    expect(shown).toMatchObject({ isVerified: false, digest: twoDigest })
  })

  it("exits with 3 with --verify if the log shows an entry that it does not have", async () => {
    const other = await workspace.served.log.entry(2)
    const body = Buffer.from(other.body).toString("base64")
    const fetch = lying(/\/v1\/entries\?/, ({ entries, ...rest }) => {
      const forged = (entries as readonly object[]).map((entry) => ({ ...entry, body }))
      return { ...rest, entries: forged }
    })
    const words = ["search", "--log", workspace.url, "--digest", twoDigest]
    const verifying = [...words, "--verify", "--policy", workspace.policy]
    expect(await run(verifying, { fetch })).toMatchObject({ code: 3, out: "" })
  })

  it("is a usage error without anything to search for", async () => {
    expect(await search()).toMatchObject({ code: 2 })
  })
})
