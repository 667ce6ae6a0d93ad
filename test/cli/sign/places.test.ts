// Where bundles go: looked at and made before anything is logged.
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let keys: KeyFiles
let others: KeyFiles
let before: number

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "signer")
  others = writeKeys(workspace, "other")
})
afterAll(() => workspace.close())
beforeEach(() => {
  before = workspace.served.log.head().size
})

function sign(...words: readonly string[]): Promise<Ran> {
  const common = ["sign", "--log", workspace.url, "--trusted-root", workspace.trustedRoot]
  return run([...common, "--key", keys.secret, ...words])
}

function expectNothingLogged(ran: Ran, code: number, message: string): void {
  expect(ran).toMatchObject({ code, out: "" })
  expect(ran.err).toContain(message)
  expect(workspace.served.log.head().size).toBe(before)
}

describe("a folder for bundles", () => {
  test("is made, with those above it, and left without anything else in it", async () => {
    const artifacts = ["a", "b"].map((name) => workspace.write(`made-${name}`, name))
    const folder = workspace.path("new/bundles")
    const ran = await sign("--bundle-dir", folder, "--artifact", ...artifacts)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(readdirSync(folder)).toEqual(["made-a.sigstore.json", "made-b.sigstore.json"])
    const bundle = workspace.path("nodir/x.json")
    const one = await sign("--bundle", bundle, "--artifact", artifacts[0] ?? "")
    expect(one.code).toBe(0)
    expect(existsSync(bundle)).toBe(true)
  })

  test("that cannot be made is found before anything is logged", async () => {
    const file = workspace.write("a-file", "")
    const artifact = workspace.write("unplaced", "unplaced")
    const ran = await sign("--bundle-dir", `${file}/bundles`, "--artifact", artifact)
    expectNothingLogged(ran, 1, "folder of bundles")
  })

  test("that cannot be written to is found before anything is logged", async () => {
    const artifact = workspace.write("unwritten", "unwritten")
    // Nobody can make a file there, not even root.
    const ran = await sign("--bundle", "/proc/self/x.json", "--artifact", artifact)
    expectNothingLogged(ran, 1, "folder of bundles /proc/self")
  })

  test("in the place of a bundle is refused", async () => {
    const artifact = workspace.write("folder-there", "folder there")
    mkdirSync(`${artifact}.sigstore.json`)
    for (const more of [[], ["--force"]]) {
      const ran = await sign("--artifact", artifact, ...more)
      expectNothingLogged(ran, 1, "expected a place for a file, found a folder")
    }
  })
})

describe("a bundle that is there", () => {
  const bundleOf = (artifact: string) => `${artifact}.sigstore.json`

  test("and holds is kept, also if its signature is another one by the same key", async () => {
    const artifact = workspace.write("kept", "kept")
    const { sign: signWith } = await import("node:crypto")
    const signature = workspace.write(
      "kept.sig",
      signWith("sha256", "kept" as never, keys.privateKey),
    )
    const detached = ["--artifact", artifact, "--signature", signature, "--public-key", keys.public]
    const trust = ["--trusted-root", workspace.trustedRoot]
    await run(["submit", "--log", workspace.url, ...trust, ...detached])
    const text = workspace.read("kept.sigstore.json")
    before = workspace.served.log.head().size
    const ran = await sign("--artifact", artifact, "--json")
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(JSON.parse(ran.out)).toMatchObject({
      isKept: true,
      isNew: false,
      bundle: bundleOf(artifact),
    })
    expect(workspace.served.log.head().size).toBe(before)
    expect(workspace.read("kept.sigstore.json")).toBe(text)
  })

  async function signed(name: string, content: string): Promise<string> {
    const artifact = workspace.write(name, content)
    expect((await sign("--artifact", artifact)).code).toBe(0)
    before = workspace.served.log.head().size
    return artifact
  }

  test("of another content is overwritten with --force alone", async () => {
    const artifact = await signed("changed", "first")
    const text = workspace.read("changed.sigstore.json")
    workspace.write("changed", "second")
    const ran = await sign("--artifact", artifact)
    expectNothingLogged(ran, 1, "is there already, and is no bundle for this")
    expect(ran.err).toContain("overwrite them with --force")
    expect(workspace.read("changed.sigstore.json")).toBe(text)
    expect((await sign("--artifact", artifact, "--force")).code).toBe(0)
    expect(workspace.read("changed.sigstore.json")).not.toBe(text)
  })

  test("by another key is not kept", async () => {
    const artifact = await signed("rekeyed", "rekeyed")
    const ran = await sign("--artifact", artifact, "--key", others.secret)
    expectNothingLogged(ran, 1, "it is about something else, or by another key")
  })

  test("of another log is not kept", async () => {
    const artifact = await signed("elsewhere", "elsewhere")
    const other = await openWorkspace()
    try {
      for (const trust of [["--trusted-root", other.trustedRoot], []]) {
        const words = ["sign", "--log", other.url, ...trust, "--key", keys.secret]
        const ran = await run([...words, "--artifact", artifact])
        expect(ran).toMatchObject({ code: 1, out: "" })
        expect(ran.err).toContain("is no bundle for this")
        expect(other.served.log.head().size).toBe(0)
      }
    } finally {
      await other.close()
    }
  })

  test.each([
    [
      "a signature that was changed",
      (text: string) =>
        text.replace(
          /("signature":"[^"]{40})(.)/,
          (_all, start: string, one: string) => start + (one === "A" ? "B" : "A"),
        ),
    ],
    ["no proof", (text: string) => text.replace(/"inclusionProof":/, '"inclusionproof":')],
    ["another index", (text: string) => text.replace(/"logIndex":"\d+"/g, '"logIndex":"0"')],
    ["no JSON", () => "app.tar.gz"],
    ["nothing", () => ""],
  ] as const)("with %s is neither kept nor overwritten", async (name, damage) => {
    const artifact = await signed(`damaged ${name}`, name)
    const file = `damaged ${name}.sigstore.json`
    const damaged = damage(workspace.read(file))
    workspace.write(file, damaged)
    expectNothingLogged(await sign("--artifact", artifact), 1, "is no bundle for this")
    expect(workspace.read(file)).toBe(damaged)
  })

  test("as a link is not followed to what it names", async () => {
    const artifact = workspace.write("linked", "linked")
    const target = workspace.write("precious", "precious")
    symlinkSync(target, bundleOf(artifact))
    expectNothingLogged(await sign("--artifact", artifact), 1, "is no bundle for this")
    expect((await sign("--artifact", artifact, "--force")).code).toBe(0)
    expect(workspace.read("precious")).toBe("precious")
  })

  test("for one of several stops all of them, and each is named", async () => {
    const artifacts = ["p", "q"].map((name) => workspace.write(`several-${name}`, name))
    workspace.write("several-q.sigstore.json", "{}")
    const ran = await sign("--artifact", ...artifacts)
    expectNothingLogged(ran, 1, "several-q.sigstore.json is there already")
    expect(ran.err).toContain("Nothing was logged")
    expect(existsSync(bundleOf(artifacts[0] ?? ""))).toBe(false)
  })
})

describe("one place", () => {
  test.each([
    ["for two artifacts of one name", ["--artifact", "x/a", "y/a", "--bundle-dir", "d"]],
    ["for one artifact that is given twice", ["--artifact", "a", "a"]],
    ["for one artifact in two spellings", ["--artifact", "a", "./x/../a"]],
    ["for a bundle and the artifact", ["--artifact", "a", "--bundle", "./a"]],
    ["for a bundle and another artifact", ["--artifact", "a", "a.sigstore.json"]],
  ])("is a usage error: %s", async (_name, words) => {
    const command = ["sign", "--log", workspace.url, "--key", keys.secret]
    const ran = await run([...command, ...words], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 2, out: "" })
    expect(ran.err).toContain("would be written")
  })

  test("is a usage error for a bundle over the key", async () => {
    const words = ["--key", keys.secret, "--artifact", "a", "--bundle", keys.secret, "--force"]
    const ran = await run(["sign", "--log", workspace.url, ...words], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 2, out: "" })
  })
})

describe("a bundle that cannot be written after all", () => {
  test("comes with a command that gets it", async () => {
    const artifact = workspace.write("full", "full")
    const folder = workspace.path("vanishing folder")
    const bundle = `${folder}/full.json`
    const common = ["--log", workspace.url, "--trusted-root", workspace.trustedRoot]
    const ran = await run(
      ["sign", ...common, "--key", keys.secret, "--artifact", artifact, "--bundle", bundle],
      {
        async fetch(url, init) {
          const response = await globalThis.fetch(url, init)
          if (init?.method === "POST") rmSync(folder, { recursive: true })
          return response
        },
      },
    )
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toMatch(/entry \d+ is in the log, but its bundle could not be written/)
    const [, command = ""] = /get it with: countersign (.*)\n/.exec(ran.err) ?? []
    const words = command.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? []
    expect(words.slice(0, 1)).toEqual(["fetch-bundle"])
    expect(await run(words)).toMatchObject({ code: 0, err: "" })
    const trust = ["--trusted-root", workspace.trustedRoot]
    const verified = await run([
      "verify",
      "--bundle",
      bundle,
      "--artifact",
      artifact,
      "--key",
      keys.public,
      ...trust,
    ])
    expect(verified).toMatchObject({ code: 0, err: "" })
  })
})

describe("a place where no bundle can be", () => {
  const common = () => ["--log", workspace.url, "--trusted-root", workspace.trustedRoot]

  test("has too long a name, none, or that of a folder: found before anything is logged", async () => {
    const artifact = workspace.write("nowhere", "nowhere")
    const long = workspace.write("l".repeat(250), "long")
    expectNothingLogged(await sign("--artifact", long), 1, "ENAMETOOLONG")
    const none = await sign("--artifact", artifact, "--bundle", "")
    expectNothingLogged(none, 1, "found no name")
    const folder = await sign("--artifact", artifact, "--bundle", `${artifact}.d/`)
    expectNothingLogged(folder, 1, "found the name of a folder")
    for (const more of [[], ["--force"]]) {
      const device = await sign("--artifact", artifact, "--bundle", "/dev/null", ...more)
      expectNothingLogged(device, 1, "found a device or a pipe")
    }
    const link = workspace.path("link-to-folder")
    symlinkSync(workspace.path("."), link)
    const linked = await sign("--artifact", artifact, "--bundle", link, "--force")
    expectNothingLogged(linked, 1, "found a folder")
  })

  test("is not one whose name is as long as a name may be", async () => {
    const artifact = workspace.write("m".repeat(241), "almost too long")
    expect(await sign("--artifact", artifact)).toMatchObject({ code: 0, err: "" })
    expect(existsSync(`${artifact}.sigstore.json`)).toBe(true)
  })

  test("is every file that the command reads, by whatever path", async () => {
    mkdirSync(workspace.path("read"))
    const artifact = workspace.write("read/artifact", "read")
    symlinkSync(workspace.path("read"), workspace.path("linked-folder"))
    symlinkSync(artifact, workspace.path("linked-artifact"))
    const passphrase = workspace.write("passphrase", "secret")
    const linked = workspace.path("linked-artifact")
    for (const [bundle, ...words] of [
      [workspace.path("linked-folder/artifact"), "--artifact", artifact],
      [artifact, "--artifact", linked],
      [linked, "--artifact", linked],
      [workspace.trustedRoot, "--artifact", artifact],
      [passphrase, "--artifact", artifact, "--passphrase-file", passphrase],
      [passphrase, "--artifact", artifact, "--ca-file", passphrase],
    ] as const) {
      const ran = await sign(...words, "--bundle", bundle, "--force")
      expectNothingLogged(ran, 2, "which is read")
    }
    const revoked = ["revoke", "--key", keys.secret, "--bundle", keys.secret, "--force", "--yes"]
    expectNothingLogged(await run([...revoked, ...common()]), 2, "which is read")
    const fetched = ["fetch-bundle", "--index", "0", "--out", workspace.trustedRoot, "--force"]
    expectNothingLogged(await run([...fetched, ...common()]), 2, "which is read")
  })

  test("is that of another bundle, by whatever path", async () => {
    mkdirSync(workspace.path("twice"))
    const artifact = workspace.write("twice/artifact", "twice")
    symlinkSync(workspace.path("twice"), workspace.path("twice-linked"))
    const again = workspace.path("twice-linked/artifact")
    const ran = await sign("--artifact", artifact, again)
    expectNothingLogged(ran, 2, "two bundles would be written to")
  })
})

test("a key is read no further than one may be long, also of a device without an end", async () => {
  const artifact = workspace.write("endless", "endless")
  const words = ["sign", "--log", workspace.url, "--key", "/dev/zero", "--artifact", artifact]
  expectNothingLogged(await run(words), 1, "private key /dev/zero: expected up to")
})
