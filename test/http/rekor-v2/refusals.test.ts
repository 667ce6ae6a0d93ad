import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { compressedP256, unsupportedKeys } from "../../entry/certificates.ts"
import { ask } from "../client.ts"
import { unchangedLog } from "../log/unchanged-log.ts"
import { post, V2 } from "../rekor-client.ts"
import {
  base64,
  certificateWith,
  changed,
  dsseV2,
  envelopeWith,
  hashedrekordV2,
  publicKeyPem,
} from "../rekor-v1/submissions.ts"

/** The status is 400 where none is given. */
type Refused = readonly [
  name: string,
  body: string | Uint8Array | object,
  message: RegExp,
  status?: number,
]

const TEN_MB = 10 * 1024 * 1024
const secp256k1 = unsupportedKeys.secp256k1
const hugeCertificate = certificateWith(100_000)

const good2 = hashedrekordV2("artifact")
const envelope2 = dsseV2("{}")
const HR2 = "hashedRekordRequestV002"
const DSSE2 = "dsseRequestV002"
const with2 = (path: string, value: unknown): object => changed(good2, `${HR2}.${path}`, value)
const dsse2 = (path: string, value: unknown): object =>
  changed(envelope2, `${DSSE2}.${path}`, value)

const bad2: readonly Refused[] = [
  ["nothing", "", /JSON/],
  ["half of it", JSON.stringify(good2).slice(0, 50), /JSON/],
  ["a byte behind it", `${JSON.stringify(good2)}\0`, /JSON/],
  ["gzip", gzipSync(JSON.stringify(good2)), /UTF-8/],
  ["a list", [good2], /object/],
  ["null", "null", /object/],
  ["an empty object", {}, /found neither/],
  ["a request that is null", { [HR2]: null }, /found neither/],
  ["two requests", { ...good2, ...envelope2 }, /found both/],
  ["an unknown field", { ...good2, foo: 1 }, /unknown field "foo"/],
  ["an unknown inner field", with2("signature.foo", 1), /unknown field "foo"/],
  ["a field under both names", with2("signature.verifier.key_details", 5), /duplicate/],
  ["a member twice", JSON.stringify(good2).replace('{"digest"', '{"digest":"","digest"'), /once/],
  ["no signature", with2("signature", undefined), /missing signature/],
  ["a signature that is null", with2("signature", null), /missing signature/],
  ["no bytes of a signature", with2("signature.content", ""), /missing signature/],
  ["a signature that is a list", with2("signature.content", []), /string/],
  ["a signature of two alphabets", with2("signature.content", "ab+_"), /base64/],
  ["a signature that is no base64", with2("signature.content", "%%%%"), /base64/],
  ["a signature that is no DER", with2("signature.content", "AAAA"), /does not verify/],
  ["no verifier", with2("signature.verifier", undefined), /missing verifier/],
  ["a verifier that is null", with2("signature.verifier", null), /missing verifier/],
  ["no key", with2("signature.verifier.publicKey", null), /neither/],
  ["a key without bytes", with2("signature.verifier.publicKey", {}), /rawBytes/],
  [
    "a key and a certificate",
    with2("signature.verifier.x509Certificate", { rawBytes: "MAA=" }),
    /both/,
  ],
  ["no keyDetails", with2("signature.verifier.keyDetails", undefined), /keyDetails/],
  ["unspecified keyDetails", with2("signature.verifier.keyDetails", 0), /keyDetails/],
  ["unknown keyDetails", with2("signature.verifier.keyDetails", "PKIX_RSA_PSS"), /keyDetails/],
  ["pure Ed25519", with2("signature.verifier.keyDetails", "PKIX_ED25519"), /PKIX_ED25519_PH/],
  [
    "another hash than the key's",
    with2("signature.verifier.keyDetails", "PKIX_ECDSA_P384_SHA_384"),
    /48 bytes/,
  ],
  ["no digest", with2("digest", undefined), /missing digest/],
  ["a digest that is null", with2("digest", null), /missing digest/],
  ["a digest of 31 bytes", with2("digest", base64(Buffer.alloc(31))), /found 31/],
  ["a digest of 64 bytes", with2("digest", base64(Buffer.alloc(64))), /found 64/],
  ["another digest", with2("digest", base64(Buffer.alloc(32))), /does not verify/],
  ["an unsupported curve", with2("signature.verifier.publicKey.rawBytes", secp256k1), /P-256/],
  [
    "a compressed point",
    with2("signature.verifier.publicKey.rawBytes", compressedP256),
    /uncompressed/,
  ],
  [
    "a PEM instead of a key",
    with2("signature.verifier.publicKey.rawBytes", base64(publicKeyPem)),
    /publicKey: expected base64 of DER, found base64 of PEM/,
  ],
  [
    "a certificate with huge extensions",
    with2("signature.verifier", {
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      x509Certificate: { rawBytes: base64(hugeCertificate) },
    }),
    /certificate/,
    413,
  ],
  ["an envelope that is null", dsse2("envelope", null), /expected/],
  ["an envelope without signatures", dsse2("envelope.signatures", []), /signatures/],
  [
    "an envelope with 11 signatures",
    dsse2("envelope", envelopeWith(11)),
    /signatures: expected up to 10/,
    413,
  ],
  ["an envelope with 10,000 signatures", dsse2("envelope", envelopeWith(10_000)), /JSON/],
  ["an envelope without verifiers", dsse2("verifiers", []), /verifiers/],
  ["an envelope with no payload type", dsse2("envelope.payloadType", null), /payloadType/],
  ["another payload", dsse2("envelope.payload", "AAAA"), /does not verify/],
  ["10 MB", " ".repeat(TEN_MB), /4194304 bytes/, 413],
  [
    "an attestation of 10 MB",
    { [DSSE2]: { envelope: { payload: "A".repeat(TEN_MB) } } },
    /4194304 bytes/,
    413,
  ],
]

const nowhere2: readonly [method: string, path: string][] = [
  ["GET", V2],
  ["HEAD", V2],
  ["PUT", V2],
  ["POST", "/api/v2/log"],
  ["GET", "/api/v2/"],
  ["GET", "/api/v2/log/entries/0"],
  ["GET", "/api/v2/tile"],
  ["GET", "/api/v2/checkpoints"],
]

describe("refusals of the Rekor v2 API", () => {
  const served = unchangedLog(3)

  const rows = bad2.map(
    ([name, body, message, status = 400]) => [name, body, message, status] as const,
  )
  test.each(rows)("POST refuses %s", async (_, body, message, status) => {
    const reply = await post(served.port, V2, body)
    expect(reply.json()).toEqual({ code: 3, message: expect.stringMatching(message), details: [] })
    expect(reply.status).toBe(status)
    expect(reply.headers["content-type"]).toBe("application/json")
    expect(reply.text().length).toBeLessThan(500)
  })

  test.each(nowhere2)("%s %s is not there", async (method, path) => {
    const reply = await ask(served.port, path, { method })
    expect(reply.status).toBe(404)
    if (method !== "HEAD") {
      expect(reply.json()).toEqual({ code: 5, message: "Not Found", details: [] })
    }
  })

  test("POST to v2 refuses a compressed body with a status that is not tried again", async () => {
    const headers = { "content-encoding": "gzip", "content-type": "application/json" }
    const reply = await post(served.port, V2, gzipSync(JSON.stringify(good2)), headers)
    expect(reply.status).toBe(415)
    expect(reply.json()).toMatchObject({ code: 3, details: [] })
  })
})
