// `countersign sign`: the same artifact and key are the same entry, and statements say what they are about by every
// digest.
import { createHash, generateKeyPairSync } from "node:crypto"
import { chmodSync, rmSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { dssePae } from "../../../src/entry/dsse.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../../src/entry/statement/pae.ts"
import { readStatement } from "../../../src/entry/statement/reading.ts"
import {
  BUNDLE,
  type FakeRegistry,
  openFakeRegistry,
  putManifest,
  tagFor,
} from "../../client/registry/fake-registry.ts"
import { noNetwork, type Ran, run } from "../command/fake-terminal.ts"
import { type KeyFiles, openWorkspace, type Workspace, writeKeys } from "../workspace.ts"
import { COSIGN_2, COSIGN_2_PUBLIC, COSIGN_3 } from "./keys/other-programs.ts"

let workspace: Workspace
let keys: KeyFiles

beforeAll(async () => {
  workspace = await openWorkspace({ limits: { attachmentBytes: 65_536, messageBytes: 65_536 } })
  keys = writeKeys(workspace, "signer")
})
afterAll(() => workspace.close())

const size = () => workspace.served.log.head().size

const pinned = () => ["--log", workspace.url, "--trusted-root", workspace.trustedRoot]

function sign(...words: readonly string[]): Promise<Ran> {
  return run(["sign", ...pinned(), ...words])
}

function verify(bundle: string, artifact: string, key: string): Promise<Ran> {
  const trust = ["--trusted-root", workspace.trustedRoot]
  const words = ["verify", "--bundle", bundle, "--artifact", artifact, "--key", key, ...trust]
  return run(words, { fetch: noNetwork })
}

interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: Record<string, string> }[]
  readonly predicateType: string
  readonly predicate: unknown
}

function payloadOf(bundle: string): string {
  const { dsseEnvelope } = JSON.parse(workspace.read(bundle)) as {
    dsseEnvelope: { payload: string }
  }
  return Buffer.from(dsseEnvelope.payload, "base64").toString()
}

/** Of the entry that a bundle has. */
function kindOf(bundle: string): string | undefined {
  const { verificationMaterial } = JSON.parse(workspace.read(bundle)) as {
    verificationMaterial: { tlogEntries: readonly { kindVersion: { kind: string } }[] }
  }
  return verificationMaterial.tlogEntries[0]?.kindVersion.kind
}

const statementOf = (bundle: string) => JSON.parse(payloadOf(bundle)) as Statement

const digests = (bytes: string | Uint8Array) =>
  Object.fromEntries(
    ["sha256", "sha384", "sha512"].map((hash) => [
      hash,
      createHash(hash).update(bytes).digest("hex"),
    ]),
  )

describe("the same artifact and key", () => {
  test.each([
    ["P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["P-384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" })],
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["Ed25519", () => generateKeyPairSync("ed25519")],
  ])("are one entry, signed here or there, by sign or by submit: %s", async (name, generate) => {
    const own = writeKeys(workspace, `own-${name}`, generate())
    const before = size()
    for (const folder of ["here", "there"]) {
      const artifact = workspace.write(`${name}-${folder}`, name)
      const bundle = `${artifact}.sigstore.json`
      expect(await sign("--artifact", artifact, "--key", own.secret)).toMatchObject({ code: 0 })
      expect(await verify(bundle, artifact, own.public)).toMatchObject({ code: 0 })
      rmSync(bundle)
      const words = ["submit", "--log", workspace.url, "--trusted-root", workspace.trustedRoot]
      const again = await run([...words, "--artifact", artifact, "--key", own.secret, "--json"])
      expect(JSON.parse(again.out)).toMatchObject({ index: before, isNew: false })
    }
    expect(size()).toBe(before + 1)
  })

  test("are one entry as a statement, too, wherever the file lies", async () => {
    const before = size()
    for (const folder of ["a", "b"]) {
      const artifact = workspace.write(`statement.${folder}.bin`, "statement")
      const bundle = workspace.path(`statement.${folder}.json`)
      const words = ["--artifact", artifact, "--key", keys.secret, "--statement"]
      expect(await sign(...words, "--bundle", bundle)).toMatchObject({ code: 0, err: "" })
      rmSync(bundle)
      expect(await sign(...words, "--bundle", bundle)).toMatchObject({ code: 0, err: "" })
    }
    // Two names, so two statements.
    expect(size()).toBe(before + 2)
  })
})

describe("a statement", () => {
  test("about a file has all three digests and verifies by any of them", async () => {
    const artifact = workspace.write("three.bin", "three")
    const ran = await sign("--artifact", artifact, "--key", keys.secret, "--statement")
    expect(ran).toMatchObject({ code: 0, err: "" })
    const bundle = "three.bin.sigstore.json"
    expect(statementOf(bundle)).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "three.bin", digest: digests("three") }],
      predicateType: "https://sigstore.dev/cosign/sign/v1",
      predicate: {},
    })
    expect(await verify(workspace.path(bundle), artifact, keys.public)).toMatchObject({ code: 0 })
    const other = workspace.write("four.bin", "four")
    expect(await verify(workspace.path(bundle), other, keys.public)).toMatchObject({ code: 3 })
  })

  test.each([
    ["keeps envelopes", { attachmentBytes: 65_536 }, true],
    ["takes messages", { messageBytes: 65_536 }, true],
    ["keeps neither", {}, false],
  ])(
    "can be shown by a log that %s, or it is said that it cannot",
    async (_name, limits, isShown) => {
      const other = await openWorkspace({ limits })
      try {
        const own = writeKeys(other, "signer")
        const artifact = other.write("found.bin", "found")
        const words = ["sign", "--log", other.url, "--trusted-root", other.trustedRoot]
        for (let round = 0; round < 2; round++) {
          const ran = await run([
            ...words,
            "--key",
            own.secret,
            "--artifact",
            artifact,
            "--statement",
          ])
          expect(ran.code).toBe(0)
          expect(ran.err.includes("it cannot show anybody what these statements say")).toBe(
            !isShown,
          )
        }
        const digest = `sha256:${digests("found")["sha256"]}`
        const answer = await fetch(
          `${other.url}/v1/entries?subjectDigest=${encodeURIComponent(digest)}`,
        )
        const { entries, opaque } = (await answer.json()) as {
          entries: readonly { index: number }[]
          opaque: { count: number }
        }
        expect(entries.map(({ index }) => index)).toEqual([0])
        expect(opaque.count).toBe(isShown ? 0 : 1)
      } finally {
        await other.close()
      }
    },
  )

  test("about a file is logged by the digest of what is signed where that is asked for", async () => {
    const artifact = workspace.write("digest.bin", "digest")
    const bundle = "digest.bin.sigstore.json"
    const words = ["--artifact", artifact, "--key", keys.secret, "--statement"]
    const asDigest = [...words, "--entry-kind", "hashedrekord"]
    expect(await sign(...asDigest)).toMatchObject({ code: 0, err: "" })
    expect(kindOf(bundle)).toBe("hashedrekord")
    expect(statementOf(bundle).subject).toEqual([{ name: "digest.bin", digest: digests("digest") }])
    expect(await verify(workspace.path(bundle), artifact, keys.public)).toMatchObject({ code: 0 })
    const other = workspace.write("no-digest.bin", "other")
    expect(await verify(workspace.path(bundle), other, keys.public)).toMatchObject({ code: 3 })
    expect((await sign(...asDigest)).out).toContain("its bundle is there and is kept")
    expect(await sign(...words)).toMatchObject({ code: 1, out: "" })
    expect(await sign(...words, "--force")).toMatchObject({ code: 0 })
    expect(kindOf(bundle)).toBe("dsse")
    expect(await sign(...words, "--entry-kind", "intoto")).toMatchObject({ code: 2 })
  })

  test("by an Ed25519 key is logged with its envelope", async () => {
    const own = writeKeys(workspace, "edwards", generateKeyPairSync("ed25519"))
    const artifact = workspace.write("edwards.bin", "edwards")
    const words = ["--artifact", artifact, "--key", own.secret, "--statement"]
    expect(await sign(...words, "--entry-kind", "hashedrekord")).toMatchObject({ code: 0 })
    expect(kindOf("edwards.bin.sigstore.json")).toBe("dsse")
  })

  test("says its predicate as the file has it, to the last digit", async () => {
    const artifact = workspace.write("predicate.bin", "predicate")
    const text = '{"big": 12345678901234567890.10, "nested": {"a": [1, 2]}}'
    const predicate = workspace.write("predicate.json", `\u{feff}${text}\r\n`)
    const words = ["--artifact", artifact, "--key", keys.secret, "--predicate", predicate]
    expect(await sign(...words, "--predicate-type", "slsaprovenance1")).toMatchObject({ code: 0 })
    const bundle = "predicate.bin.sigstore.json"
    expect(payloadOf(bundle)).toContain(`"predicate":${text}}`)
    expect(statementOf(bundle).predicateType).toBe("https://slsa.dev/provenance/v1")
    const reading = readStatement(dssePayload(bundle))
    expect(reading).toMatchObject({
      form: "plain",
      predicateType: "https://slsa.dev/provenance/v1",
    })
    expect(await verify(workspace.path(bundle), artifact, keys.public)).toMatchObject({ code: 0 })
  })

  function dssePayload(bundle: string): Uint8Array {
    const payload = Buffer.from(payloadOf(bundle))
    expect(dssePae(IN_TOTO_PAYLOAD_TYPE, payload).length).toBeGreaterThan(payload.length)
    return payload
  }

  test.each([
    ["spdx", "https://spdx.dev/Document"],
    ["spdxjson", "https://spdx.dev/Document"],
    ["cyclonedx", "https://cyclonedx.org/bom"],
    ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
    ["openvex", "https://openvex.dev/ns"],
    ["link", "https://in-toto.io/Link/v1"],
    ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
    ["custom", "https://cosign.sigstore.dev/attestation/v1"],
    ["https://example.com/own/v1", "https://example.com/own/v1"],
  ])("is of the type %s", async (type, uri) => {
    const artifact = workspace.write("typed.bin", "typed")
    const predicate = workspace.write("typed.json", "{}")
    const words = ["--artifact", artifact, "--key", keys.secret, "--predicate", predicate]
    expect(await sign(...words, "--predicate-type", type, "--force")).toMatchObject({ code: 0 })
    expect(statementOf("typed.bin.sigstore.json").predicateType).toBe(uri)
  })

  test.each(["[1]", '"text"', "{", "", '{"a":1} {"b":2}', '{}},"subject":[{}'])(
    "is not signed with a predicate that is no JSON object: %s",
    async (text) => {
      const artifact = workspace.write("unsigned.bin", "unsigned")
      const predicate = workspace.write("broken.json", text)
      const before = size()
      const words = ["--artifact", artifact, "--key", keys.secret, "--predicate", predicate]
      expect(await sign(...words, "--predicate-type", "custom")).toMatchObject({ code: 1, out: "" })
      expect(size()).toBe(before)
    },
  )
})

describe("an image", () => {
  let registry: FakeRegistry
  let digest: string
  let image: string
  beforeAll(async () => {
    registry = await openFakeRegistry()
    digest = putManifest(registry, "acme/app", [{ content: "layer", mediaType: "text/plain" }])
    image = `${registry.host}/acme/app@${digest}`
  })
  afterAll(() => registry.close())

  const bundleName = () => `app-${digest.replace(":", "-")}.sigstore.json`
  const place = () => ["--bundle-dir", workspace.path("images")]

  test("is signed with the digests of its manifest", async () => {
    const ran = await sign("--image", image, "--key", keys.secret, ...place())
    expect(ran).toMatchObject({ code: 0, err: "" })
    const manifest = registry.repository("acme/app").manifests.get(digest)?.bytes ?? Buffer.of()
    const { subject } = statementOf(`images/${bundleName()}`)
    expect(kindOf(`images/${bundleName()}`)).toBe("hashedrekord")
    expect(subject).toEqual([{ name: `${registry.host}/acme/app`, digest: digests(manifest) }])
    const file = workspace.write("manifest.json", manifest)
    const bundle = workspace.path(`images/${bundleName()}`)
    expect(await verify(bundle, file, keys.public)).toMatchObject({ code: 0 })
  })

  test("is the same entry each time", async () => {
    const before = size()
    const ran = await sign("--image", image, "--key", keys.secret, ...place(), "--force", "--json")
    expect(JSON.parse(ran.out)).toMatchObject({ artifact: image, isNew: false })
    expect(size()).toBe(before)
  })

  test.each([true, false])("gets its bundle beside it, referrers API: %s", async (hasReferrers) => {
    registry.hasReferrers = hasReferrers
    const ran = await sign("--image", image, "--key", keys.secret, ...place(), "--push")
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("its bundle is in the registry")
    const { manifests, tags } = registry.repository("acme/app")
    const referrers = [...manifests.values()].filter(({ bytes }) => bytes.includes('"subject"'))
    const [only] = referrers.map(({ bytes }) => JSON.parse(bytes.toString()))
    expect(referrers).toHaveLength(1)
    expect(only).toMatchObject({
      artifactType: BUNDLE,
      subject: { digest },
      layers: [{ mediaType: BUNDLE }],
      annotations: { "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" },
    })
    const layer = registry.blobs.get(only.layers[0].digest)?.toString()
    expect(layer).toBe(workspace.read(`images/${bundleName()}`))
    expect(tags.has(tagFor(digest))).toBe(!hasReferrers)
    if (!hasReferrers) registry.hasReferrers = false
  })

  test("in a registry that is out of reach is signed by its own digest if that is asked for", async () => {
    const away = `127.0.0.1:2/acme/app@${digest}`
    const words = ["--image", away, "--key", keys.secret, "--bundle", workspace.path("away.json")]
    expect(await sign(...words)).toMatchObject({ code: 1, out: "" })
    expect(await sign(...words, "--own-digest-only")).toMatchObject({ code: 0 })
    const { subject } = statementOf("away.json")
    expect(subject).toEqual([{ name: "127.0.0.1:2/acme/app", digest: { sha256: digest.slice(7) } }])
  })

  test("that is not there, or named by a tag, is not signed", async () => {
    const before = size()
    const none = `${registry.host}/acme/app@sha256:${"0".repeat(64)}`
    expect((await sign("--image", none, "--key", keys.secret, ...place())).err).toContain(
      "found nothing",
    )
    const tagged = await sign("--image", `${registry.host}/acme/app:latest`, "--key", keys.secret)
    expect(tagged).toMatchObject({ code: 1, out: "" })
    expect(tagged.err).toContain("which may name another image later")
    expect(size()).toBe(before)
  })
})

describe("the key", () => {
  test("of cosign signs with the passphrase in COSIGN_PASSWORD, as in cosign's pipelines", async () => {
    const artifact = workspace.write("cosign.bin", "cosign")
    const key = workspace.write("cosign.key", COSIGN_2)
    const publicKey = workspace.write("cosign.pub", COSIGN_2_PUBLIC)
    const signWith = (password: string, ...words: readonly string[]) =>
      run(["sign", ...pinned(), "--artifact", artifact, "--force", ...words], {
        environment: { COSIGN_PASSWORD: password },
      })
    expect(await signWith("secret", "--key", key)).toMatchObject({ code: 0 })
    const file = workspace.write("passphrase", "secret\r\n")
    chmodSync(file, 0o600)
    expect((await signWith("wrong", "--key", key)).err).toContain("found one that does not open it")
    const words = ["--key", key, "--passphrase-file", file]
    expect(await signWith("wrong", ...words)).toMatchObject({ code: 0 })
    const empty = workspace.write("cosign3.key", COSIGN_3)
    expect(await signWith("", "--key", empty)).toMatchObject({ code: 0 })
    rmSync(`${artifact}.sigstore.json`)
    const secret = workspace.write("p", "secret")
    chmodSync(secret, 0o600)
    await sign("--artifact", artifact, "--key", key, "--passphrase-file", secret)
    expect(await verify(`${artifact}.sigstore.json`, artifact, publicKey)).toMatchObject({
      code: 0,
    })
  })

  test("that others can read is used, with a word about that", async () => {
    const artifact = workspace.write("open.bin", "open")
    const key = workspace.write("open.pem", workspace.read("signer.pem"))
    const ran = await sign("--artifact", artifact, "--key", key)
    expect(ran.code).toBe(0)
    expect(ran.err).toContain("can be read by others; run: chmod 600")
  })
})

describe("a wrong command line", () => {
  test.each([
    ["nothing to sign", ["--key", "k"]],
    ["no key", ["--artifact", "a"]],
    ["a predicate without its type", ["--artifact", "a", "--key", "k", "--predicate", "p"]],
    ["a type without a predicate", ["--artifact", "a", "--key", "k", "--predicate-type", "spdx"]],
    [
      "an unknown type",
      ["--artifact", "a", "--key", "k", "--predicate", "p", "--predicate-type", "sbom"],
    ],
    ["a push of a file", ["--artifact", "a", "--key", "k", "--push"]],
    ["one bundle for two", ["--artifact", "a", "b", "--key", "k", "--bundle", "c"]],
  ])("is a usage error: %s", async (_name, words) => {
    const ran = await run(["sign", "--log", workspace.url, ...words], { fetch: noNetwork })
    expect(ran).toMatchObject({ code: 2, out: "" })
  })
})
