import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs"
import { dirname } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { readWatch } from "../../../src/cli/watch/files.ts"
import { unmentioned } from "../../../src/cli/watch/mentioned.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { openLedgerFolder } from "../../../src/storage/files/ledger-folder.ts"
import { makeSigner } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { signedRequest } from "../../http/served-log.ts"
import { certifiedBody, ISSUER } from "../../monitor/entries/watched-entries.ts"
import { noNetwork, run } from "../command/fake-terminal.ts"
import { openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let made = 0

beforeAll(async () => {
  workspace = await openWorkspace()
})

afterAll(() => workspace.close())

/** A path in a folder that is there, with nothing at it. */
function newFile(): string {
  made += 1
  return workspace.path(`watch-${made}.watch`)
}

function written(...lines: readonly string[]): string {
  made += 1
  return workspace.write(`watch-${made}.watch`, ["countersign-watch/v1", ...lines, ""].join("\n"))
}

const watch = (...words: readonly string[]) => run(["watch", ...words], { fetch: noNetwork })
const online = (...words: readonly string[]) => run(["watch", ...words])

const HEX = "ab".repeat(32)
const IMAGE = `sha256:${HEX}`

function sha(algorithm: string, content: string): string {
  return createHash(algorithm).update(content).digest("hex")
}

describe("countersign watch add", () => {
  test("makes a watch file that the monitor reads, and adds to it what is not there", async () => {
    const file = newFile()
    const keys = writeKeys(workspace, "owner")
    const words = ["--image", `ghcr.io/acme/app:1.2@${IMAGE}`, "--signer-key", keys.public]
    const first = await watch("add", file, ...words)
    expect(first).toMatchObject({ code: 0, err: "" })
    expect(first.out).toContain(`image ghcr.io/acme/app@${IMAGE}`)
    const text = readFileSync(file, "utf8")
    expect(text).toMatch(
      /^countersign-watch\/v1\n\nsubject app\n {2}image .+\n {2}signer key sha256:/,
    )
    const again = await watch("add", file, ...words, "--json")
    expect(JSON.parse(again.out)).toMatchObject({
      subject: "app",
      added: [],
      known: [{}, {}].map(() => expect.any(String)),
    })
    expect(readFileSync(file, "utf8")).toBe(text)
    const artifact = workspace.write("app tar.gz", "content")
    expect(await watch("add", file, "--file", artifact, "--subject", "app")).toMatchObject({
      code: 0,
    })
    const { watch: read } = await readWatch(file)
    expect(read.subjects).toHaveLength(1)
    expect([...(read.subjects[0]?.digests ?? [])].toSorted()).toEqual(
      [
        IMAGE,
        ...["sha256", "sha384", "sha512"].map((hash) => `${hash}:${sha(hash, "content")}`),
      ].toSorted(),
    )
  })

  test("says that anybody may sign where no signer was named", async () => {
    const ran = await watch("add", newFile(), "--image", `app@${IMAGE}`)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain("anybody may sign app")
  })

  test("keeps comments, the mode of the file and the link that leads to it", async () => {
    const file = written("# ours", "subject app", "  # images", "  name app", "", "# end")
    chmodSync(file, 0o640)
    const link = newFile()
    symlinkSync(file, link)
    expect((await watch("add", link, "--image", `app@${IMAGE}`)).code).toBe(0)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readFileSync(file, "utf8")).toBe(
      `countersign-watch/v1\n# ours\nsubject app\n  # images\n  name app\n  image app@${IMAGE}\n\n# end\n`,
    )
    expect(readdirSync(dirname(file)).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("takes from a bundle what it is about and who signed it", async () => {
    const artifact = workspace.write("signed.txt", "signed")
    const keys = writeKeys(workspace, "signer")
    const submitted = await run([
      ...["submit", "--log", workspace.url, "--artifact", artifact, "--key", keys.secret],
      ...["--trusted-root", workspace.trustedRoot],
    ])
    expect(submitted.code).toBe(0)
    const file = newFile()
    const ran = await watch("add", file, "--bundle", `${artifact}.sigstore.json`)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain("nothing of the bundle was verified")
    const text = readFileSync(file, "utf8")
    expect(text).toContain("subject signed.txt\n")
    expect(text).toContain(`  digest sha256:${sha("sha256", "signed")}\n`)
    expect(text).toMatch(/ {2}signer key sha256:[0-9a-f]{64}\n$/)
  })

  test("takes from a certificate in a bundle a rule that fits its identity alone", async () => {
    const signer = makeSigner("ecdsa-p256")
    async function ruleFor(identity: string) {
      const body = certifiedBody(signer, "app", { identity, issuer: ISSUER })
      const entry = {
        logIndex: "0",
        logId: { keyId: Buffer.alloc(32).toString("base64") },
        kindVersion: { kind: "hashedrekord", version: "0.0.2" },
        canonicalizedBody: Buffer.from(body).toString("base64"),
      }
      const bundle = {
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        verificationMaterial: { publicKey: { hint: "" }, tlogEntries: [entry] },
        messageSignature: { signature: Buffer.from(utf8("x")).toString("base64") },
      }
      const path = workspace.write("identity.sigstore.json", JSON.stringify(bundle))
      const file = newFile()
      const ran = await watch("add", file, "--bundle", path)
      expect(ran).toMatchObject({ code: 0 })
      const { watch: read } = await readWatch(file)
      const [rule] = read.subjects[0]?.signers ?? []
      return rule?.form === "oidc" ? rule.identity : undefined
    }
    const plain = await ruleFor(
      "https://github.com/acme/app/.github/workflows/a.yml@refs/heads/main",
    )
    expect(plain?.text).toMatch(/^https:/)
    for (const odd of ["**", "~.*", "a from b", "a\nopaque ignore", "x where y"]) {
      const pattern = await ruleFor(odd)
      expect(pattern?.matches(odd), odd).toBe(true)
      expect(pattern?.matches("anything"), odd).toBe(false)
    }
  })

  test("takes from a log what a key has signed", async () => {
    for (const artifact of ["one", "two"]) {
      await fetch(`${workspace.url}/v1/entries`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(signedRequest(artifact)),
      })
    }
    const { publicKey } = signedRequest("one")
    const key = `sha256:${createHash("sha256")
      .update(Buffer.from(publicKey ?? "", "base64"))
      .digest("hex")}`
    const file = newFile()
    const ran = await online("add", file, "--from-log", key, "--log", workspace.url, "--json")
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain("2 entries by the log's word")
    const { added } = JSON.parse(ran.out) as { added: readonly string[] }
    expect(added).toHaveLength(3)
    expect(added.at(-1)).toBe(`signer key ${key}`)
    const other = await online("add", newFile(), "--from-log", IMAGE, "--log", workspace.url)
    expect(other).toMatchObject({ code: 1 })
    expect(other.err).toContain("found none")
  })

  test("writes nothing where something is wrong", async () => {
    const file = written("subject app", "  digest no")
    const before = readFileSync(file, "utf8")
    const broken = await watch("add", file, "--image", `app@${IMAGE}`)
    expect(broken).toMatchObject({ code: 1 })
    expect(broken.err).toContain("line 3: digest: expected")
    expect(readFileSync(file, "utf8")).toBe(before)
    const fresh = newFile()
    for (const words of [
      ["--image", "app:latest"],
      ["--image", `app@${IMAGE}`, "--subject", "a b"],
      ["--image", `app@${IMAGE}`, "--subject", "a\nopaque ignore"],
      ["--file", workspace.path("nothing-here")],
      ["--bundle", workspace.write("no.json", "{}")],
    ]) {
      expect((await watch("add", fresh, ...words)).code, words.join(" ")).toBe(1)
    }
    for (const words of [
      [],
      ["--image", "a", "--file", "b"],
      ["--from-log", IMAGE],
      ["--image", "a", "--log", "b"],
    ]) {
      expect((await watch("add", fresh, ...words)).code, words.join(" ")).toBe(2)
    }
    expect(existsSync(fresh)).toBe(false)
  })

  test("does not begin a subject again that an included file has", async () => {
    const part = written("subject app", "  name app")
    const file = written(`include ${part}`)
    const ran = await watch("add", file, "--image", `app@${IMAGE}`)
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.err).toContain("is in a file that is included")
  })
})

describe("countersign watch lint", () => {
  const KEY = `sha256:${"11".repeat(32)}`

  async function codes(...lines: readonly string[]) {
    const { out, code } = await watch("lint", written(...lines), "--json")
    const remarks = out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { code: string; about: string })
    expect(code).toBe(remarks.length > 0 ? 1 : 0)
    return remarks.map((remark) => `${remark.code} ${remark.about}`.trim())
  }

  test("has nothing to say of a good file", async () => {
    const artifact = workspace.write("linted", "linted")
    const file = written(
      "subject app",
      `  image ghcr.io/acme/app@${IMAGE}`,
      `  file ${artifact}`,
      "  name pkg:npm/@acme/*",
      `  signer key ${KEY}`,
    )
    const ran = await watch("lint", file)
    expect(ran).toMatchObject({ code: 0, out: "" })
    expect(ran.err).toContain("1 subjects, 0 signers, 0 remarks")
  })

  test.each([
    [
      "one hash only",
      ["subject app", `  digest ${IMAGE}`, `  signer key ${KEY}`],
      ["one-hash app"],
    ],
    ["a subject without signers", ["subject app", "  name app@1"], ["no-signer app"]],
    [
      "an expression with a host in capitals",
      ["subject a", "  name ~GHCR\\.io/acme/.*", `  signer key ${KEY}`],
      ["cannot-match a"],
    ],
    [
      "an expression with a scheme",
      ["subject a", "  name ~https://ghcr\\.io/acme/.*", `  signer key ${KEY}`],
      ["cannot-match a"],
    ],
    [
      "an encoded package",
      ["subject a", "  name ~pkg:npm/%40acme/.*", `  signer key ${KEY}`],
      ["cannot-match a"],
    ],
    [
      "an expression that is canonical",
      ["subject a", "  name ~pkg:npm/@acme/[a-z-]+@[0-9.]+", `  signer key ${KEY}`],
      [],
    ],
    [
      "another one",
      ["subject a", "  name ~(?:ghcr\\.io|quay\\.io)/acme/.*", `  signer key ${KEY}`],
      [],
    ],
    [
      "a package without a version",
      ["subject a", "  name pkg:npm/app", `  signer key ${KEY}`],
      ["cannot-match a"],
    ],
    [
      "a name whose wildcard is never compared",
      ["subject a", "  name pkg:oci/app@*?repository_url=ghcr.io/acme/app", `  signer key ${KEY}`],
      ["cannot-match a"],
    ],
    [
      "a plain name with a host in capitals, which is compared in canonical form",
      ["subject a", "  name GHCR.io/acme/*", `  signer key ${KEY}`],
      [],
    ],
    [
      "an identity that anyone may claim",
      ["signer ci", "  oidc https://issuer.example me@example.com"],
      ["identity-without-authority"],
    ],
    [
      "an issuer that no certificate has",
      ["signer ci", `  key ${KEY}`, "  oidc https://Issuer.example/ me@example.com"],
      ["cannot-match ci", "identity-without-authority"],
    ],
  ] as const)("%s", async (_, lines, expected) => {
    expect(await codes(...lines)).toEqual(expected)
  })

  test.each([
    ["nothing", "", ["empty-ledger ci"]],
    ["digests only", `${HEX}\n`, ["digest-only-ledger ci"]],
    ["an image only", `image ghcr.io/a/b@${IMAGE}\n`, ["digest-only-ledger ci"]],
    ["entries", `{"leafHash":"${HEX}"}\n`, []],
    ["a bad line", `{"leafHash":"${HEX}"}\nnonsense\n{\n`, ["bad-ledger ci", "bad-ledger ci"]],
  ])("a ledger with %s", async (_, ledger, expected) => {
    const path = workspace.write(`ledger-${made}`, ledger)
    expect(await codes("signer ci", `  key ${KEY}`, `  mine ${path}`)).toEqual(expected)
  })

  test("asks a log for each subject that is no pattern", async () => {
    await fetch(`${workspace.url}/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(signedRequest("known")),
    })
    const { digest } = signedRequest("known")
    const file = written(
      ...["subject known", `  digest ${digest}`, `  signer key ${KEY}`],
      ...["subject strange", `  image ghcr.io/a/b@${IMAGE}`, `  signer key ${KEY}`],
      ...["subject pattern", "  name pkg:npm/@acme/*", `  signer key ${KEY}`],
    )
    const ran = await online("lint", file, "--log", workspace.url)
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.out).toContain("unmentioned strange")
    expect(ran.out).not.toContain("unmentioned known")
    expect(ran.out).not.toContain("unmentioned pattern")
    expect(ran.err).toContain("1 subjects were not looked for in the log")
  })

  test("counts the entries of the log that may be about anything", async () => {
    const file = written(
      "subject strange",
      `  image ghcr.io/a/b@${IMAGE}`,
      "subject b",
      "  name x*",
    )
    const { watch: read } = await readWatch(file)
    const page = { entries: [], completeUpTo: 9, size: 9, opaque: { count: 7, upTo: 9 } }
    const questions: object[] = []
    const search = async (criteria: object) => {
      questions.push(criteria)
      return page
    }
    const found = await unmentioned({ search }, read)
    expect(found).toMatchObject({ opaque: 7, unasked: 1, remarks: [{ about: "strange" }] })
    // The image, what cosign 3 logs for it, and what cosign 2 does.
    expect(questions).toHaveLength(1 + 2 * 4 + 3)
  })

  test("names file and line of what cannot be read, and exits with 1", async () => {
    const ran = await watch("lint", written("subject app", "  image none"))
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toMatch(/\.watch, line 3: expected image/)
    const missing = await watch("lint", written("subject app", "  digests not-there"))
    expect(missing).toMatchObject({ code: 1, out: "" })
    expect(missing.err).toMatch(/\.watch, line 3: file of the watch file .*not-there: ENOENT/)
  })
})

describe("readWatch()", () => {
  test("gives back what it has unless a file, a folder or a posted ledger has changed", async () => {
    const list = workspace.write("list", `${HEX}\n`)
    const large = workspace.write("large", "x")
    const folder = openLedgerFolder(workspace.path("posted"))
    const file = written(
      ...["subject app", `  digests ${list}`, `  file ${large}`],
      ...["signer ci", `  key sha256:${"11".repeat(32)}`],
    )
    const first = await readWatch(file, { ledgers: folder })
    expect(first.files).toContain(list)
    const same = await readWatch(file, { ledgers: folder, previous: first })
    expect(same).toBe(first)
    workspace.write("list", `${HEX}\n${"cd".repeat(32)}\n`)
    const second = await readWatch(file, { ledgers: folder, previous: first })
    expect(second.digest).not.toBe(first.digest)
    expect(second.watch.subjects[0]?.digests.size).toBe(5)
    expect(second.watch.signers[0]?.mine).toBeUndefined()
    await folder.append("ci", [`{"leafHash":"${HEX}"}`])
    const third = await readWatch(file, { ledgers: folder, previous: second })
    expect([...(third.watch.signers[0]?.mine?.leafHashes ?? [])]).toEqual([HEX])
    workspace.write("large", "xy")
    expect(await readWatch(file, { ledgers: folder, previous: third })).not.toBe(third)
    const fresh = await readWatch(file, { ledgers: folder })
    expect((await readWatch(file, { ledgers: folder })).digest).toBe(fresh.digest)
  })

  test("reads a ledger that is a folder, and takes notice of each file in it", async () => {
    const one = workspace.path("bundles")
    const { mkdirSync } = await import("node:fs")
    mkdirSync(one)
    workspace.write("bundles/a.json", `{"leafHash":"${HEX}"}`)
    workspace.write("bundles/.hidden", "nonsense")
    workspace.write("bundles/b.json.tmp", "half")
    mkdirSync(`${one}/inside`)
    const file = written("signer ci", `  key ${keyOf(makeSigner("ecdsa-p256"))}`, "  mine bundles")
    const first = await readWatch(file)
    expect(first.watch.badLines).toEqual([])
    expect(first.watch.signers[0]?.mine?.leafHashes.size).toBe(1)
    workspace.write("bundles/c.json", "nonsense")
    const second = await readWatch(file, { previous: first })
    expect(second.watch.badLines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^bundles\/c\.json, line 1: expected a SHA-2 digest/),
    ])
  })
})
