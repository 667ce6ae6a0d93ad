// The ledger in every form in which signers keep what they have signed, against entries by the same key that are not
// in it: what is one's own raises nothing, and what a thief signs with the key always does.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { lowS } from "../../../src/core/base/ecdsa.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import { canonicalJson } from "../../../src/entry/canonical-json.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { foretoldOfImage } from "../../../src/entry/statement/foretelling.ts"
import { explain } from "../../../src/monitor/entries/watch-explanation.ts"
import { pemOf } from "../../entry/rekor-v1/recorded.ts"
import {
  base64,
  hashOf,
  makeSigner,
  otherS,
  type Signer,
  signMessage,
} from "../../entry/signers.ts"
import { hashedrekordOf, intotoOf, keyOf, statementOf } from "../../evidence/made-cases.ts"
import { sha256 } from "../../reference.ts"
import {
  attestationOf,
  digestOf,
  kindsOf,
  leafHashOf,
  startExamination,
  watchOf,
} from "./watched-entries.ts"

const owner = makeSigner("ecdsa-p256")
const IN_TOTO = "application/vnd.in-toto+json"
const THEFT = ["not-mine ci"]

const signerLines = ["signer ci", `  key ${keyOf(owner)}`, "  mine ledger"]

async function judged(ledger: string, ...entries: readonly Logged[]) {
  const watch = await watchOf(signerLines, { ledger })
  const { next } = startExamination(watch)
  return { watch, kinds: entries.map(({ body, envelope }) => kindsOf(next(body, envelope))) }
}

interface Logged {
  readonly body: Uint8Array
  readonly envelope?: Uint8Array
}

function hexOf(body: Uint8Array): string {
  return formatHex(leafHashOf(body))
}

function logEntry(body: Uint8Array, kind: string, version: string) {
  return {
    logIndex: "3",
    logId: { keyId: base64(new Uint8Array(32)) },
    kindVersion: { kind, version },
    integratedTime: "1700000000",
    canonicalizedBody: base64(body),
  }
}

/** A hashedrekord of Rekor v1, as clients of that API have it logged. */
function v1Body(artifact: string, signature: Uint8Array, hex = digestOf(artifact).slice(7)) {
  return canonicalJson({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: hex } },
      signature: {
        content: base64(signature),
        publicKey: { content: pemOf(base64(owner.spki)) },
      },
    },
  })
}

function signed(artifact: string, by: Signer = owner): Uint8Array {
  return signMessage(by, "PKIX_ECDSA_P256_SHA_256", utf8(artifact))
}

function blobBundle(body: Uint8Array | undefined, signature: Uint8Array, mediaType: string) {
  const entries = body === undefined ? [] : [logEntry(body, "hashedrekord", "0.0.1")]
  return {
    mediaType,
    verificationMaterial: { publicKey: { hint: "x" }, tlogEntries: entries },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: base64(sha256(utf8("app"))) },
      signature: base64(signature),
    },
  }
}

function dsseBundle(body: Uint8Array, envelope: Uint8Array, kind: string, version: string) {
  return {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      publicKey: { hint: "x" },
      tlogEntries: [logEntry(body, kind, version)],
      timestampVerificationData: { rfc3161Timestamps: [] },
    },
    dsseEnvelope: JSON.parse(Buffer.from(envelope).toString()) as object,
  }
}

const ownSignature = signed("app")
const own: Logged = { body: v1Body("app", ownSignature) }
/** The same artifact, and another one, signed with the key by somebody else. */
const thefts: readonly Logged[] = [
  { body: v1Body("app", signed("app")) },
  { body: hashedrekordOf(owner, "evil") },
]

const v03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
const cosign = {
  base64Signature: base64(ownSignature),
  cert: "",
  rekorBundle: {
    SignedEntryTimestamp: "AAAA",
    Payload: { body: base64(own.body), integratedTime: 1, logIndex: 3, logID: "ab" },
  },
}

describe("own signatures raise nothing, and the same key used once more does", () => {
  test.each([
    ["a bundle of version 0.3", JSON.stringify(blobBundle(own.body, ownSignature, v03))],
    [
      "bundles of older versions, one a line",
      ["+json;version=0.1", "+json;version=0.2"]
        .map((end) =>
          blobBundle(own.body, ownSignature, `application/vnd.dev.sigstore.bundle${end}`),
        )
        .map((bundle) => JSON.stringify(bundle))
        .join("\n"),
    ],
    [
      "a bundle over several lines",
      JSON.stringify(blobBundle(own.body, ownSignature, v03), undefined, 2),
    ],
    ["a bundle without a log entry", JSON.stringify(blobBundle(undefined, ownSignature, v03))],
    ["cosign's older form", JSON.stringify(cosign)],
    [
      "cosign's older form without a log entry",
      JSON.stringify({ ...cosign, rekorBundle: undefined }),
    ],
    ["a line of submit --json", `{"artifact":"app","index":3,"leafHash":"${hexOf(own.body)}"}`],
    ["a receipt", JSON.stringify({ index: 3, leafHash: hexOf(own.body), body: base64(own.body) })],
    [
      "an answer of Rekor v1",
      JSON.stringify({ [`24296fb2${hexOf(own.body)}`]: { body: base64(own.body), logIndex: 3 } }),
    ],
    ["an answer of Rekor v2", JSON.stringify(logEntry(own.body, "hashedrekord", "0.0.1"))],
    [
      "what GitHub and npm answer",
      JSON.stringify({ attestations: [{ bundle: blobBundle(own.body, ownSignature, v03) }] }),
    ],
  ])("%s", async (_, ledger) => {
    const { watch, kinds } = await judged(`${ledger}\n`, own, ...thefts)
    expect(watch.badLines).toEqual([])
    expect(kinds).toEqual([[], THEFT, THEFT])
  })

  test.each([
    ["dsse of Rekor v2", "dsse", "0.0.2"],
    ["hashedrekord over the envelope, as API v2 logs it", "hashedrekord", "0.0.2"],
    ["intoto", "intoto", "0.0.2"],
  ])("an attestation as a bundle, logged as %s", async (_, kind, version) => {
    const payload = statementOf("pkg:app@1", "app")
    const { body: dsse, envelope } = attestationOf([owner], payload)
    const pae = dssePae(IN_TOTO, payload)
    const algorithm = "PKIX_ECDSA_P256_SHA_256"
    const sig = (JSON.parse(Buffer.from(envelope).toString()) as { signatures: { sig: string }[] })
      .signatures[0]?.sig
    const hashed = hashedrekordBody({
      algorithm,
      digest: hashOf(algorithm, pae),
      signature: new Uint8Array(Buffer.from(sig ?? "", "base64")),
      key: { form: "publicKey", der: owner.spki },
    })
    const bodies = { dsse, hashedrekord: hashed, intoto: intotoOf(owner, payload) }
    const body = bodies[kind as keyof typeof bodies]
    const theft = attestationOf([owner], statementOf("pkg:app@1", "evil"))
    const ledger = `${JSON.stringify(dsseBundle(body, envelope, kind, version))}\n`
    const { watch, kinds } = await judged(ledger, { body }, theft, { body: theft.body })
    expect(watch.badLines).toEqual([])
    expect(kinds).toEqual([[], THEFT, THEFT])
  })
})

test("a signature of the ledger is known again, whoever logs it in whatever spelling", async () => {
  const upper = v1Body("app", ownSignature, digestOf("app").slice(7).toUpperCase())
  const low = lowS("ecdsa-p256", ownSignature) ?? ownSignature
  const twin = otherS(ownSignature)
  expect(lowS("ecdsa-p256", twin)).toEqual(low)
  const ledger = `${JSON.stringify(blobBundle(own.body, ownSignature, v03))}\n`
  const { kinds } = await judged(ledger, { body: upper }, { body: v1Body("app", twin) }, ...thefts)
  expect(kinds).toEqual([[], [], THEFT, THEFT])
})

describe("a digest means any entry over it", () => {
  const imageHex = "ab".repeat(32)
  const IMAGE = `sha256:${imageHex}`

  /** What clients log for the image: an entry over a foretold digest. */
  function entryOver(digest: string): Logged {
    const body = hashedrekordBody({
      algorithm: "PKIX_ECDSA_P256_SHA_256",
      digest: new Uint8Array(Buffer.from(digest.slice(digest.indexOf(":") + 1), "hex")),
      signature: signed("anything"),
      key: { form: "publicKey", der: owner.spki },
    })
    return { body }
  }

  function overImage(repositories: readonly string[]): readonly Logged[] {
    return foretoldOfImage(imageHex, repositories)
      .filter(({ digest }) => digest.startsWith("sha256:"))
      .map(({ digest }) => entryOver(digest))
  }

  async function isMine(ledger: string, lines: readonly string[], entry: Logged) {
    const watch = await watchOf([...lines, ...signerLines], { ledger })
    const said = explain({ ...entry, leafHash: leafHashOf(entry.body) }, watch)
    return said.some((line) => line.endsWith("the entry is in its ledger"))
  }

  test.each([
    ["a bare digest", `${imageHex}\n`],
    ["a digest by name", `${IMAGE}\n`],
    ["a digest in JSON", `{"digest":"${IMAGE}"}\n`],
    ["an image", `image ghcr.io/acme/app@${IMAGE}\n`],
  ])("%s of an image is what cosign 3 logs for it, too", async (_, ledger) => {
    for (const entry of overImage([])) expect(await isMine(ledger, [], entry)).toBe(true)
    expect(await isMine(ledger, [], entryOver(digestOf("else")))).toBe(false)
  })

  test("an image of a repository is what cosign 2 logs for it, too", async () => {
    const entries = overImage(["ghcr.io/acme/app"])
    for (const entry of entries) {
      expect(await isMine(`image ghcr.io/acme/app@${IMAGE}\n`, [], entry)).toBe(true)
      const subject = ["subject app", `  image ghcr.io/acme/app@${IMAGE}`]
      expect(await isMine(`${IMAGE}\n`, subject, entry)).toBe(true)
    }
    const isForeign = async (ledger: string) =>
      (await Promise.all(entries.map((entry) => isMine(ledger, [], entry)))).includes(false)
    expect(await isForeign(`image ghcr.io/acme/other@${IMAGE}\n`)).toBe(true)
  })

  test("a statement about it is about it, whatever it calls the hash", async () => {
    const hex = digestOf("app").slice("sha256:".length)
    for (const name of ["sha256", "SHA2_256", "sha-256", "sha512-256"]) {
      const statement = {
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ name: "a", digest: { [name]: hex } }],
      }
      const entry = attestationOf([owner], utf8(JSON.stringify(statement)))
      const { kinds } = await judged(`${hex}\n`, entry, { body: entry.body })
      expect(kinds).toEqual([[], THEFT])
    }
  })

  test("a commit is what gitsign logs for it", async () => {
    const id = "cd".repeat(20)
    const digest = digestOf(id)
    expect(await isMine(`commit ${id}\n`, [], entryOver(digest))).toBe(true)
    expect(await isMine(`commit ${id}\n`, [], entryOver(digestOf("x")))).toBe(false)
  })
})

describe("bad lines", () => {
  test("are named by number, and all others are used", async () => {
    const lines = [
      "{",
      "",
      "nonsense",
      `{"leafHash":"${hexOf(own.body)}"}`,
      '{"leafHash":"12"}',
      "{}",
    ]
    const { watch, kinds } = await judged(`${lines.join("\n")}\n`, own, ...thefts)
    expect(kinds).toEqual([[], THEFT, THEFT])
    expect(watch.badLineCount).toBe(4)
    expect(watch.badLines.map(({ signer, message }) => [signer, message.slice(0, 40)])).toEqual([
      ["ci", "ledger, line 1: document: expected JSON,"],
      ["ci", "ledger, line 3: expected a SHA-2 digest,"],
      ["ci", "ledger, line 5: leafHash: expected a lea"],
      ["ci", "ledger, line 6: expected a Sigstore bund"],
    ])
  })

  test.each([
    ["a bundle that is cut", JSON.stringify(cosign).slice(0, -10)],
    ["a body that is no base64", '{"canonicalizedBody":"*"}'],
    [
      "a receipt of another entry",
      `{"leafHash":"${"00".repeat(32)}","body":"${base64(own.body)}"}`,
    ],
    ["a list", "[1,2]"],
    ["a bundle without a signature", '{"verificationMaterial":{"tlogEntries":[]}}'],
    ["an image with a tag", `image app:1@sha256:${"ab".repeat(32)}`],
    ["attestations that are none", '{"attestations":[null]}'],
    ["an empty document of a whole file", "{\n}"],
    ["a bundle in a bundle without end", `${'{"bundle":'.repeat(50_000)}{}${"}".repeat(50_000)}`],
  ])("%s is one", async (_, line) => {
    const { watch, kinds } = await judged(`${line}\n`, own)
    expect(watch.badLineCount).toBeGreaterThan(0)
    expect(kinds).toEqual([THEFT])
  })

  test("are counted beyond those that are named", async () => {
    const { watch } = await judged("x\n".repeat(1_000))
    expect(watch.badLines).toHaveLength(100)
    expect(watch.badLineCount).toBe(1_000)
  })
})

test("several ledgers of one signer are one", async () => {
  const lines = [...signerLines.slice(0, 2), "  mine one", "  mine two"]
  const watch = await watchOf(lines, { one: `${digestOf("a")}\n`, two: `${digestOf("b")}\n` })
  const { next } = startExamination(watch)
  const kinds = ["a", "b", "c"].map((artifact) => kindsOf(next(hashedrekordOf(owner, artifact))))
  expect(kinds).toEqual([[], [], THEFT])
})
