import { describe, expect, test } from "vitest"
import { unsupportedKeys } from "../../entry/certificates.ts"
import { unchangedLog } from "../log/unchanged-log.ts"
import { post, V1 } from "../rekor-client.ts"
import {
  base64,
  certificateWith,
  changed,
  dsseV1,
  envelopeOf,
  envelopeWith,
  hashedrekordV1,
  intotoV1,
  newKey,
  pemOf,
  publicKeyPem,
} from "./submissions.ts"

const secp256k1 = unsupportedKeys.secp256k1
const hugeCertificate = certificateWith(100_000)

const good1 = hashedrekordV1("artifact")
const with1 = (path: string, value: unknown): object => changed(good1, path, value)
const dsse1 = (envelope: object): object => dsseV1("{}", envelope)
const intoto1 = (path: string, value: unknown): object =>
  changed(intotoV1("{}"), `spec.content.${path}`, value)
const keyOf = (pem: string): object => with1("spec.signature.publicKey.content", base64(pem))

/** What is wrong with each entry, and what of the reason is told. */
const badEntries: readonly (readonly [name: string, entry: object, reason: string])[] = [
  ["an unknown kind", with1("kind", "rpm"), "rpm"],
  ["the kind of an object's nature", with1("kind", "__proto__"), "kind"],
  ["an unknown version", with1("apiVersion", "0.0.9"), "0.0.9"],
  ["a version of Rekor v2", with1("apiVersion", "0.0.2"), "0.0.2"],
  ["no signature", with1("spec.signature", undefined), "missing signature"],
  ["a signature that is null", with1("spec.signature", null), "missing sig"],
  ["no content", with1("spec.signature.content", ""), "missing signature"],
  [
    "a signature in two alphabets",
    with1("spec.signature.content", "-_+/"),
    "failed parsing base64 data for signature content",
  ],
  ["a signature with half a padding", with1("spec.signature.content", "AA="), "base64"],
  ["another signature", with1("spec.signature.content", "AAAA"), "verify"],
  ["no key", with1("spec.signature.publicKey", null), "missing public key"],
  ["no data", with1("spec.data", null), "missing data"],
  ["no hash", with1("spec.data.hash", null), "missing hash"],
  ["no value", with1("spec.data.hash.value", ""), "missing hash value"],
  ["a short value", with1("spec.data.hash.value", "00"), "invalid value"],
  ["a value by another hash", with1("spec.data.hash.algorithm", "sha512"), ""],
  ["SHA-1", with1("spec.data.hash.algorithm", "sha1"), "sha1"],
  ["another digest", with1("spec.data.hash.value", "0".repeat(64)), "does not verify"],
  ["a key that is no PEM", keyOf("key"), "PEM"],
  [
    "a key in two alphabets",
    with1("spec.signature.publicKey.content", "-_+/"),
    "failed parsing base64 data for public key content",
  ],
  ["a PEM behind a text on its line", keyOf(`my key ${publicKeyPem}`), "PEM"],
  ["a PEM with a cut line", keyOf(publicKeyPem.replace(/.\n-----END/, "\n-----END")), ""],
  ["a private label", keyOf(publicKeyPem.replaceAll("PUBLIC", "PRIVATE")), ""],
  ["an unsupported curve", keyOf(pemOf("PUBLIC KEY", Buffer.from(secp256k1, "base64"))), "P-256"],
  [
    "a hash that is not the curve's",
    keyOf(newKey("P-384").pem),
    "entry algorithms are not allowed",
  ],
  [
    "a certificate with huge extensions",
    keyOf(pemOf("CERTIFICATE", hugeCertificate)),
    "expected up to",
  ],
  [
    "an envelope that is no JSON",
    changed(dsseV1("{}"), "spec.proposedContent.envelope", "{"),
    "envelope: expected JSON",
  ],
  [
    "no envelope",
    changed(dsseV1("{}"), "spec.proposedContent.envelope", null),
    "missing proposed DSSE envelope",
  ],
  ["no proposed content", changed(dsseV1("{}"), "spec", {}), "missing proposed content"],
  [
    "computed hashes",
    changed(dsseV1("{}"), "spec.payloadHash", { algorithm: "sha256" }),
    "not both",
  ],
  ["no verifiers", changed(dsseV1("{}"), "spec.proposedContent.verifiers", null), "verifiers"],
  [
    "an envelope without signatures",
    dsse1({ ...envelopeOf("{}"), signatures: null }),
    "1 or more signatures",
  ],
  ["an envelope with 11 signatures", dsse1(envelopeWith(11)), "up to 10"],
  ["an envelope with 10,000 signatures", dsse1(envelopeWith(10_000)), "up to 10"],
  ["another payload", dsse1({ ...envelopeOf("{}"), payload: "AAAA" }), "verify"],
  [
    "a verifier of no signature",
    changed(dsseV1("{}"), "spec.proposedContent.verifiers", [
      base64(publicKeyPem),
      base64(newKey().pem),
    ]),
    "could not verify envelope",
  ],
  ["an intoto envelope without a digest", intoto1("hash", null), "missing envelope digest"],
  [
    "an intoto envelope without signatures",
    intoto1("envelope.signatures", []),
    "missing signatures",
  ],
  [
    "an intoto signature in base64 once",
    intoto1("envelope.signatures.0.sig", base64("\xff")),
    "signature",
  ],
]

describe("entries that Rekor v1 refuses", () => {
  const served = unchangedLog(3)

  test.each(badEntries)("POST refuses %s", async (_, entry, reason) => {
    const reply = await post(served.port, V1, entry)
    const { code, message, ...others } = reply.json() as { code: number; message: string }
    expect(message).toMatch(/^error processing entry: ./)
    expect(message).toContain(reason)
    expect([reply.status, code, others]).toEqual([400, 400, {}])
    expect(reply.headers["content-type"]).toBe("application/json")
    expect(reply.headers.location).toBeUndefined()
    expect(reply.text().length).toBeLessThan(500)
  })
})
