import { generateKeyPairSync, sign } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatVkey, makeVkey } from "../../../src/core/note/note.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { IN_TOTO, statement } from "../../client/made-bundles.ts"
import { fill } from "../../http/served-log.ts"
import { lying, noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"

let workspace: Workspace
let keys: KeyFiles

beforeAll(async () => {
  workspace = await openWorkspace()
  keys = writeKeys(workspace, "signer")
  await fill(workspace.served.log, 5)
})

afterAll(() => workspace.close())

function submit(...words: string[]): Promise<Ran> {
  return run(["submit", "--log", workspace.url, ...words])
}

function pinned(...words: string[]): Promise<Ran> {
  return submit("--trusted-root", workspace.trustedRoot, ...words)
}

/** Verifies offline what was written beside an artifact. */
function verify(artifact: string, key: string, bundle = `${artifact}.sigstore.json`): Promise<Ran> {
  const trust = ["--trusted-root", workspace.trustedRoot]
  return run(["verify", "--bundle", bundle, "--artifact", artifact, "--key", key, ...trust], {
    fetch: noNetwork,
  })
}

describe("countersign submit", () => {
  it("signs an artifact, logs it and writes a bundle that verifies offline", async () => {
    const artifact = workspace.write("one.bin", "one")
    const ran = await pinned("--artifact", artifact, "--key", keys.secret)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toContain("one.bin: entry 5\n  tree size  6\n")
    const verified = await verify(artifact, keys.public)
    expect(verified).toMatchObject({ code: 0, err: "" })
    expect(verified.out).toContain("verified: entry 5 of log.example\n  tree size  6\n")
  })

  it("gives the first entry again for the same submission", async () => {
    const artifact = workspace.write("again.bin", "again")
    const signature = workspace.write("again.sig", sign("sha256", utf8("again"), keys.privateKey))
    const words = ["--artifact", artifact, "--signature", signature, "--public-key", keys.public]
    const [first, second] = [await pinned(...words, "--json"), await pinned(...words, "--json")]
    const [a, b] = [JSON.parse(first.out), JSON.parse(second.out)]
    expect(a).toMatchObject({
      artifact,
      isNew: true,
      isPinned: true,
      bundle: `${artifact}.sigstore.json`,
    })
    expect(b).toMatchObject({ index: a.index, isNew: false, leafHash: a.leafHash })
    expect((await pinned(...words)).out).toContain(
      "(logged before; its bundle is there and is kept)",
    )
    expect((await pinned(...words, "--force")).out).toContain("(logged before)")
  })

  it.each([
    ["P-384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" })],
    ["RSA-2048", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["Ed25519", () => generateKeyPairSync("ed25519")],
  ])("signs with a %s key", async (name, generate) => {
    const own = writeKeys(workspace, name, generate())
    const artifact = workspace.write(`${name}.bin`, name)
    expect(await pinned("--artifact", artifact, "--key", own.secret)).toMatchObject({ code: 0 })
    expect(await verify(artifact, own.public)).toMatchObject({ code: 0 })
  })

  it("writes no bundle without witnesses for whom it was told to wait", async () => {
    const artifact = workspace.write("unwitnessed.bin", "unwitnessed")
    const quorum = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" })
    const vkey = formatVkey(makeVkey("w.example", 4, new Uint8Array(quorum.subarray(-32))))
    const text = `log ${workspace.served.log.vkeys[1]}\nwitness w ${vkey}\nquorum w\n`
    const policy = workspace.write("quorum.policy", text)
    for (const words of [["--witnessed"], ["--policy", policy]]) {
      const ran = await submit("--artifact", artifact, "--key", keys.secret, ...words)
      expect(ran.code).toBe(1)
      expect(ran.err).toMatch(/entry \d+ is in the log, but witnesses have not cosigned/)
    }
    expect(existsSync(`${artifact}.sigstore.json`)).toBe(false)
  })

  it("opens an encrypted key with the first line of a file, and not without", async () => {
    const encryption = { cipher: "aes-256-cbc", passphrase: "open sesame" }
    const pem = keys.privateKey.export({ type: "pkcs8", format: "pem", ...encryption })
    const key = workspace.write("encrypted.pem", pem)
    const words = ["--artifact", workspace.write("encrypted.bin", "x"), "--key", key]
    const right = workspace.write("right", "open sesame\nsecond line\n")
    const exposed = await pinned(...words, "--passphrase-file", right)
    expect(exposed.err).toContain(`run: chmod 600 ${right}`)
    chmodSync(right, 0o600)
    expect(await pinned(...words, "--passphrase-file", right)).toMatchObject({ code: 0 })
    const other = workspace.write("wrong", "x\n")
    chmodSync(other, 0o600)
    for (const wrong of [[], ["--passphrase-file", other]]) {
      const ran = await pinned(...words, ...wrong)
      expect(ran.code).toBe(1)
      expect(ran.err).toContain("the right passphrase")
    }
    expect((await pinned(...words)).err).toContain("encrypted.pem is encrypted: give")
    expect((await pinned(...words)).err).toContain("--passphrase-file")
  })

  it("says of a text that is no base64 that it is none", async () => {
    const artifact = workspace.write("detached.bin", "detached")
    for (const content of ["-----BEGIN SIGNATURE-----\nAAAA\n", "AAA+_"]) {
      const file = workspace.write("text.sig", content)
      const words = ["--artifact", artifact, "--signature", file, "--public-key", keys.public]
      const ran = await pinned(...words)
      expect(ran.code).toBe(1)
      expect(ran.err).toMatch(
        /expected .*, found (?:PEM of something else|digits of two alphabets)/,
      )
    }
  })

  it("takes a detached signature as bytes or as base64, and a bundle's name", async () => {
    const artifact = workspace.write("detached.bin", "detached")
    const signature = sign("sha256", utf8("detached"), keys.privateKey)
    for (const content of [
      signature,
      signature.toString("base64"),
      `${signature.toString("base64")}\n`,
      `\u{feff}${signature.toString("base64")}\r\n`,
      signature.toString("base64").replaceAll(/.{64}/g, "$&\n"),
      signature.toString("base64").replaceAll(/.{76}/g, "$&\r\n"),
      signature.toString("base64url"),
    ]) {
      const file = workspace.write("detached.sig", content)
      const bundle = workspace.path("detached.json")
      const ran = await pinned(
        ...["--artifact", artifact, "--signature", file, "--public-key", keys.public],
        ...["--bundle", bundle],
      )
      expect(ran).toMatchObject({ code: 0 })
      expect(await verify(artifact, keys.public, bundle)).toMatchObject({ code: 0 })
      rmSync(bundle)
    }
  })

  it("logs a signed envelope, whose bundle verifies for the artifact that it is about", async () => {
    const artifact = workspace.write("attested.bin", "attested")
    const payload = statement(utf8("attested"), "attested.bin")
    const sig = sign("sha256", dssePae(IN_TOTO, payload), keys.privateKey).toString("base64")
    const envelope = {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: IN_TOTO,
      // As in-toto's witness writes them.
      signatures: [{ keyid: "sha256:ab", sig, certificate: "LS0t", timestamps: [] }],
    }
    const file = workspace.write("att.json", JSON.stringify(envelope))
    const ran = await pinned("--envelope", file, "--public-key", keys.public)
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(await verify(artifact, keys.public, `${file}.sigstore.json`)).toMatchObject({ code: 0 })
    expect(await verify(keys.public, keys.public, `${file}.sigstore.json`)).toMatchObject({
      code: 3,
    })
  })

  it("logs many artifacts in batches with a bar for people, and a bundle for each", async () => {
    const directory = workspace.path("bundles")
    mkdirSync(directory)
    const artifacts = Array.from({ length: 1_001 }, (_, i) =>
      workspace.write(`many-${i}.bin`, `many ${i}`),
    )
    const posts: string[] = []
    const ran = await run(
      ["submit", "--log", workspace.url, "--policy", workspace.policy, "--key", keys.secret]
        .concat(["--bundle-dir", directory, "--json", "--artifact"])
        .concat(artifacts),
      {
        isTTY: true,
        fetch(url, init) {
          if (init?.method === "POST") posts.push(String(url))
          return globalThis.fetch(url, init)
        },
      },
    )
    expect(ran.code).toBe(0)
    expect(posts).toEqual(Array(2).fill(`${workspace.url}/v1/entries/batch`))
    expect(readdirSync(directory)).toHaveLength(1_001)
    const indexes = ran.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).index as number)
    expect(new Set(indexes).size).toBe(1_001)
    expect(ran.err).toContain("] 1001/1001")
    const [first = ""] = artifacts
    const bundle = workspace.path("bundles/many-0.bin.sigstore.json")
    expect(await verify(first, keys.public, bundle)).toMatchObject({ code: 0 })
  }, 60_000)

  it("says that nothing was pinned if nothing was", async () => {
    const artifact = workspace.write("unpinned.bin", "unpinned")
    const ran = await submit("--artifact", artifact, "--key", keys.secret)
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("the log's key was not pinned")
    expect(await verify(artifact, keys.public)).toMatchObject({ code: 0 })
  })

  it("goes on with the others when one artifact cannot be read, and fails in the end", async () => {
    const artifacts = [
      workspace.write("here-1.bin", "1"),
      workspace.path("missing.bin"),
      workspace.write("here-2.bin", "2"),
    ]
    const ran = await pinned("--key", keys.secret, "--artifact", ...artifacts)
    expect(ran.code).toBe(1)
    expect(ran.err).toContain("missing.bin: artifact")
    expect(existsSync(`${artifacts[2]}.sigstore.json`)).toBe(true)
    expect(existsSync(`${artifacts[1]}.sigstore.json`)).toBe(false)
  })

  it("fails with the log's own reason if the log refuses", async () => {
    const artifact = workspace.write("refused.bin", "refused")
    const signature = workspace.write("refused.sig", sign("sha256", utf8("x"), keys.privateKey))
    const words = ["--artifact", artifact, "--signature", signature, "--public-key", keys.public]
    const ran = await pinned(...words)
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain("the log answers 422")
    expect(existsSync(`${artifact}.sigstore.json`)).toBe(false)
  })

  it("exits with 3 and writes nothing if the receipt is false", async () => {
    const artifact = workspace.write("lied.bin", "lied")
    const base = ["submit", "--log", workspace.url, "--artifact", artifact, "--key", keys.secret]
    const trust = ["--trusted-root", workspace.trustedRoot]
    const lies: ((answer: Record<string, unknown>) => unknown)[] = [
      (answer) => ({ ...answer, index: 0 }),
      (answer) => ({ ...answer, body: "e30=" }),
      (answer) => ({ ...answer, leafHash: "00".repeat(32) }),
    ]
    for (const lie of lies) {
      const ran = await run([...base, ...trust], { fetch: lying(/entries$/, lie) })
      expect(ran).toMatchObject({ code: 3, out: "" })
      expect(existsSync(`${artifact}.sigstore.json`)).toBe(false)
    }
    const stranger = workspace.write("stranger.json", await strangerRoot())
    const ran = await run([...base, "--trusted-root", stranger])
    expect(ran).toMatchObject({ code: 3, out: "" })
    expect(existsSync(`${artifact}.sigstore.json`)).toBe(false)
  })

  it.each([
    ["nothing to do", []],
    ["an artifact alone", ["--artifact", "a"]],
    ["a key and a signature", ["--artifact", "a", "--key", "k", "--signature", "s"]],
    ["a signature without a key", ["--artifact", "a", "--signature", "s"]],
    ["an envelope and an artifact", ["--envelope", "e", "--artifact", "a", "--public-key", "p"]],
    ["one signature over two", ["--artifact", "a", "b", "--signature", "s", "--public-key", "p"]],
    ["one bundle for two", ["--artifact", "a", "b", "--key", "k", "--bundle", "o"]],
    ["one place for two bundles", ["--artifact", "x/a", "y/a", "--key", "k", "--bundle-dir", "d"]],
    ["an unknown flag", ["--artefact", "a"]],
  ])("has a usage error for %s", async (_name, words) => {
    const ran = await run(["submit", "--log", workspace.url, ...words], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 2, out: "" })
    expect(ran.err).toContain("error:")
  })

  it("demands both trust files never and the URL of a log always", async () => {
    const both = ["--trusted-root", workspace.trustedRoot, "--policy", workspace.policy]
    const words = ["--artifact", "a", "--key", "k"]
    expect(await submit(...words, ...both)).toMatchObject({ code: 2 })
    expect(await run(["submit", ...words])).toMatchObject({ code: 2 })
    const ran = await run(["submit", "--log", "log.example", ...words, "--key", keys.secret])
    expect(ran).toMatchObject({ code: 1 })
    expect(ran.err).toContain("log URL")
  })

  it("fails when the log is out of reach", async () => {
    const words = ["--artifact", workspace.write("far.bin", "far"), "--key", keys.secret]
    const ran = await run(["submit", "--log", "http://127.0.0.1:1", ...words])
    expect(ran.code).toBe(1)
    expect(ran.err).toContain("no answer from http://127.0.0.1:1/v1/entries")
  })
})

/** A trusted root of the right origin with a key that the log does not have. */
async function strangerRoot(): Promise<string> {
  const other = await openWorkspace()
  const text = other.read("trusted_root.json")
  await other.close()
  return text
}
