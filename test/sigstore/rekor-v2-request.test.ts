import { sign } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatHex } from "../../src/core/base/text.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import {
  type Algorithm,
  digestAlgorithm,
  everyAlgorithm,
  type KeyType,
} from "../../src/entry/algorithm.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { loadContract } from "../../src/http/door/contract.ts"
import { requestReader } from "../../src/http/rekor-v2/request.ts"
import { ecdsaCertificate, rsaCertificate } from "../entry/certificates.ts"
import { COSIGN_KEY, recorded, SIGSTORE_JS_KEY } from "../entry/recorded.ts"
import { codeOf, refusalOf } from "../entry/refusals.ts"
import { base64, hashOf, makeSigner, signMessage } from "../entry/signers.ts"
import { valueOrRefusal } from "../refusals.ts"

const P256 = "PKIX_ECDSA_P256_SHA_256"
const hashedrekord = {
  digest: "McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w=",
  signature: {
    content:
      "MEQCIGzWaIwTMfdrIr6BgIv/i/Xh2/esDmaAaVkxhY4ajeL2AiAObXb+pxjZeIaHibxFUACiRwzA40FUnjLPxoqEMqN1IA==",
    verifier: { publicKey: { rawBytes: COSIGN_KEY }, keyDetails: P256 },
  },
}
const cosignBlob = { hashedRekordRequestV002: hashedrekord }
const sigstoreJsBlob = {
  hashedRekordRequestV002: {
    digest: "gqmF540lCbGmVivbjE+PgPepcbmh4UV7UsbAEi+PO4A=",
    signature: {
      content:
        "MEUCIQC7uIN90H4OYTvBQ7bndwyc91+Qr1Ys7aSBv4UQ1AESTQIgKOElW9Xg7xiVuqRvIacIlefgdLPUWxTZCjf2Ywr7X7Q=",
      verifier: { x509Certificate: { rawBytes: SIGSTORE_JS_KEY }, keyDetails: P256 },
    },
  },
}
const dsse = {
  envelope: {
    payload: "eyJ4IjowLjQ5MDIwMzY3OTEzOTcyMDR9",
    payloadType: "application/vnd.in-toto+json",
    signatures: [
      {
        sig: "MEUCIQCyiisP47UXwjBVOoTJ7KCSYC5vGl9Sf5FqS5TXuJDeAwIgNZg58UMp4PZ8uDt1DQF+4QjYMQvBKaaXbMnzV7aXXGI=",
        keyid: "my-key",
      },
    ],
  },
  verifiers: [{ x509Certificate: { rawBytes: SIGSTORE_JS_KEY }, keyDetails: P256 }],
}
const sigstoreJsDsse = { dsseRequestV002: dsse }
const wire = [cosignBlob, sigstoreJsBlob, sigstoreJsDsse].map((request, i) => ({
  name: recorded[i]?.name ?? "",
  request,
  leafHash: recorded[i]?.leafHash ?? "",
}))

const readBody = requestReader(loadContract())

/** Reads JSON as the door does: it is held against the contract first. */
function readAsSent(value: unknown) {
  return readBody(Buffer.from(JSON.stringify(value)))
}

function leafHashOf(request: unknown): string {
  const { claims, body } = proposeEntry(readAsSent(request))
  return formatHex(portableHasher.leaf(body(claims.map(() => 0))))
}

/** Every string and every member name in the value, changed. */
function spelled(
  value: unknown,
  text: (text: string) => string,
  name: (name: string) => string = (same) => same,
): unknown {
  if (typeof value === "string") return text(value)
  if (Array.isArray(value)) return value.map((item) => spelled(item, text, name))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [name(member), spelled(inner, text, name)]),
  )
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const unpadded = (text: string) => text.replace(/=+$/, "")
const urlSafe = (text: string) =>
  /^[A-Za-z0-9+/]+=*$/.test(text) ? text.replaceAll("+", "-").replaceAll("/", "_") : text

function withVerifier(verifier: unknown, change: object = {}) {
  const { content } = hashedrekord.signature
  const signature = { content, verifier }
  return { hashedRekordRequestV002: { ...hashedrekord, signature, ...change } }
}

describe("readRekorV2Request()", () => {
  it.each(wire)("makes the body that Rekor makes of $name", ({ request, leafHash }) => {
    expect(leafHashOf(request)).toBe(leafHash)
    const { claims } = proposeEntry(readAsSent(request))
    expect(claims.map((checks) => checks.map(verifyPortably))).toEqual([[true]])
  })

  it.each(wire)("gives the log's own request for $name", ({ name, request }) => {
    expect(readAsSent(request)).toEqual(recorded.find((known) => known.name === name)?.request)
  })

  it.each(wire)("reads other spellings of $name", ({ request, leafHash }) => {
    const same = (text: string) => text
    expect(leafHashOf(spelled(request, unpadded))).toBe(leafHash)
    expect(leafHashOf(spelled(request, urlSafe))).toBe(leafHash)
    expect(leafHashOf(spelled(request, (text) => unpadded(urlSafe(text))))).toBe(leafHash)
    expect(leafHashOf(spelled(request, same, snakeCase))).toBe(leafHash)
    expect(snakeCase("hashedRekordRequestV002")).toBe("hashed_rekord_request_v002")
    const byNumber = JSON.parse(JSON.stringify(request).replaceAll(`"${P256}"`, "5")) as unknown
    expect(leafHashOf(byNumber)).toBe(leafHash)
  })

  it("counts null as unset", () => {
    const verifier = { ...hashedrekord.signature.verifier, x509Certificate: null }
    const request = { ...withVerifier(verifier), dsseRequestV002: null }
    expect(leafHashOf(request)).toBe(wire[0]?.leafHash)
    const [signature] = dsse.envelope.signatures
    const envelope = { ...dsse.envelope, signatures: [{ ...signature, keyid: null }] }
    expect(leafHashOf({ dsseRequestV002: { ...dsse, envelope } })).toBe(wire[2]?.leafHash)
  })

  it("knows a public key that comes as a certificate, and a certificate", () => {
    const rsa = base64(makeSigner("rsa-2048").spki)
    const keyOf = (rawBytes: string) =>
      readAsSent(withVerifier({ x509Certificate: { rawBytes }, keyDetails: P256 }))
    expect(keyOf(rsa)).toMatchObject({ publicKey: rsa })
    expect(keyOf(base64(makeSigner("ed25519").spki))).not.toHaveProperty("certificate")
    for (const certificate of [ecdsaCertificate, rsaCertificate]) {
      expect(keyOf(certificate)).toMatchObject({ certificate })
      expect(keyOf(certificate)).not.toHaveProperty("publicKey")
    }
  })

  it("takes the algorithm from the key and only the hash from keyDetails", () => {
    const digest = base64(new Uint8Array(32))
    const key = { publicKey: { rawBytes: base64(makeSigner("rsa-2048").spki) } }
    const request = withVerifier({ ...key, keyDetails: P256 }, { digest })
    expect(proposeEntry(readAsSent(request)).claims[0]?.[0]?.algorithm).toBe(
      "PKIX_RSA_PKCS1V15_2048_SHA256",
    )
    const p384 = { publicKey: { rawBytes: base64(makeSigner("ecdsa-p384").spki) } }
    const other = withVerifier({ ...p384, keyDetails: P256 }, { digest })
    expect(codeOf(() => proposeEntry(readAsSent(other)))).toBe("unsupported")
  })

  const ofNumber: readonly [number, KeyType][] = [
    [5, "ecdsa-p256"],
    [12, "ecdsa-p384"],
    [13, "ecdsa-p521"],
    [9, "rsa-2048"],
    [10, "rsa-3072"],
    [8, "ed25519"],
  ]
  it.each(ofNumber)("takes keyDetails %d for a key of type %s", (number, keyType) => {
    const signer = makeSigner(keyType)
    const algorithm = digestAlgorithm[keyType]
    const message = new TextEncoder().encode("an artifact")
    for (const keyDetails of [number, algorithm]) {
      const request = {
        hashedRekordRequestV002: {
          digest: base64(hashOf(algorithm, message)),
          signature: {
            content: base64(signMessage(signer, algorithm, message)),
            verifier: { publicKey: { rawBytes: base64(signer.spki) }, keyDetails },
          },
        },
      }
      const checks = proposeEntry(readAsSent(request)).claims.flat()
      expect(checks.map((check) => [check.algorithm, verifyPortably(check)])).toEqual([
        [algorithm, true],
      ])
    }
  })

  it.each([
    [5, 32],
    [8, 64],
    [9, 32],
    [10, 32],
    [11, 32],
    [12, 48],
    [13, 64],
  ])("wants for keyDetails %d a digest of %d bytes", (keyDetails, length) => {
    const { publicKey } = hashedrekord.signature.verifier
    const read = (bytes: number) =>
      readAsSent(withVerifier({ publicKey, keyDetails }, { digest: base64(new Uint8Array(bytes)) }))
    expect(read(length)).toMatchObject({ digest: `sha${8 * length}:${"00".repeat(length)}` })
    for (const other of [32, 48, 64].filter((bytes) => bytes !== length)) {
      expect(codeOf(() => read(other))).toBe("malformed")
    }
  })

  it("takes pure Ed25519 for an envelope and not for a digest", () => {
    const signer = makeSigner("ed25519")
    const publicKey = { rawBytes: base64(signer.spki) }
    const pae = new TextEncoder().encode("DSSEv1 1 t 1 p")
    const envelope = {
      payload: base64(new TextEncoder().encode("p")),
      payloadType: "t",
      signatures: [{ sig: base64(sign(null, pae, signer.privateKey)) }],
    }
    const verifiers = [{ publicKey, keyDetails: 7 }]
    const { claims } = proposeEntry(readAsSent({ dsseRequestV002: { envelope, verifiers } }))
    expect(claims.flat().map(verifyPortably)).toEqual([true])
    const digest = { digest: base64(new Uint8Array(64)) }
    const { message } = refusalOf(() =>
      readAsSent(withVerifier({ publicKey, keyDetails: "PKIX_ED25519" }, digest)),
    )
    expect(message).toContain("expected PKIX_ED25519_PH for a digest")
  })

  const publicKey = { rawBytes: COSIGN_KEY }
  const verifier = { publicKey, keyDetails: P256 }
  const both = { ...verifier, x509Certificate: { rawBytes: ecdsaCertificate } }
  it.each([
    ["found neither", {}],
    ["found neither", { hashedRekordRequestV002: null }],
    ["found both", { ...cosignBlob, ...sigstoreJsDsse }],
    ['unknown field "foo"', { ...cosignBlob, foo: 1 }],
    ['unknown field "HashedRekordRequestV002"', { HashedRekordRequestV002: hashedrekord }],
    ['unknown field "constructor"', { constructor: hashedrekord }],
    ['unknown field "kind"', withVerifier({ ...verifier, kind: "x" })],
    [
      'unknown field "foo"',
      withVerifier({ publicKey: { ...publicKey, foo: null }, keyDetails: P256 }),
    ],
    ['duplicate field "key_details"', withVerifier({ ...verifier, key_details: P256 })],
    ["missing signature", withVerifier(verifier, { signature: null })],
    ["missing signature", withVerifier(verifier, { signature: { content: "", verifier } })],
    ["missing verifier", withVerifier(null)],
    ["missing digest", withVerifier(verifier, { digest: null })],
    ["missing digest", withVerifier(verifier, { digest: "" })],
    ["digest: expected 32 bytes", withVerifier(verifier, { digest: base64(new Uint8Array(31)) })],
    ["digest: expected 32 bytes", withVerifier(verifier, { digest: base64(new Uint8Array(64)) })],
    ["digest: expected base64, found", withVerifier(verifier, { digest: "+/_-" })],
    ["digest: expected base64, found", withVerifier(verifier, { digest: "QQ=" })],
    ["digest: expected base64, found", withVerifier(verifier, { digest: "A" })],
    ["digest: expected base64, found", withVerifier(verifier, { digest: "QR" })],
    ["digest: expected a string", withVerifier(verifier, { digest: 5 })],
    ["missing keyDetails", withVerifier({ publicKey })],
    ["keyDetails: expected one of", withVerifier({ publicKey, keyDetails: 0 })],
    ["keyDetails: expected one of", withVerifier({ publicKey, keyDetails: "5" })],
    ["keyDetails: expected one of", withVerifier({ publicKey, keyDetails: "PKIX_RSA_PSS" })],
    ["keyDetails: expected one of", withVerifier({ publicKey, keyDetails: 19 })],
    ["found neither", withVerifier({ keyDetails: P256 })],
    ["found both", withVerifier(both)],
    ["publicKey: expected rawBytes", withVerifier({ publicKey: {}, keyDetails: P256 })],
    ["request: expected an object", null],
    ["request: expected an object", [cosignBlob]],
    ["request: expected an object", "x"],
    ["verifiers: expected a list", { dsseRequestV002: { ...dsse, verifiers: verifier } }],
    [
      "verifiers: expected up to 10",
      { dsseRequestV002: { ...dsse, verifiers: Array(11).fill(verifier) } },
    ],
    ["missing verifier", { dsseRequestV002: { ...dsse, verifiers: [null] } }],
    ['unknown field "verifier"', { dsseRequestV002: { envelope: dsse.envelope, verifier } }],
  ])("says why it refuses: %s", (reason, request) => {
    expect(refusalOf(() => readAsSent(request)).message).toContain(reason)
  })

  it.each([
    ["no envelope", { dsseRequestV002: { verifiers: dsse.verifiers } }],
    ["no verifiers", { dsseRequestV002: { envelope: dsse.envelope } }],
    [
      "no signatures",
      { dsseRequestV002: { ...dsse, envelope: { ...dsse.envelope, signatures: null } } },
    ],
  ])("leaves it to proposeEntry() to refuse an attestation with %s", (_name, request) => {
    expect(codeOf(() => proposeEntry(readAsSent(request)))).toBe("malformed")
  })

  it("is total: any JSON value is read or refused", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void valueOrRefusal(() => readAsSent(value))))
    const field = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom<Algorithm>(...everyAlgorithm),
    )
    const request = fc.record({
      digest: field,
      signature: fc.oneof(
        field,
        fc.record({
          content: field,
          verifier: fc.record({ publicKey: field, keyDetails: field }, { requiredKeys: [] }),
        }),
      ),
    })
    fc.assert(
      fc.property(request, (value) => {
        valueOrRefusal(() => proposeEntry(readAsSent({ hashedRekordRequestV002: value })))
      }),
    )
  })
})
