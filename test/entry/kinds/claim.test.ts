import { describe, expect, test } from "vitest"
import { digestAlgorithm, type KeyType } from "../../../src/entry/algorithm.ts"
import { createClaimReader, readClaim } from "../../../src/entry/kinds/claim.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { readSummary } from "../../../src/entry/kinds/summary.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import {
  alice,
  bob,
  hashedrekordOf,
  intotoOf,
  keyOf,
  rekordOf,
  replaced,
  statementOf,
} from "../../evidence/made-cases.ts"
import { expectRefusal } from "../../refusals.ts"
import { ecdsaCertificate, unsupportedKeys } from "../certificates.ts"
import { base64, hashOf, makeSigner, signMessage } from "../signers.ts"

const keyTypes: readonly KeyType[] = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ecdsa-p521",
  "rsa-2048",
  "ed25519",
]

/** A hashedrekord as a client of Rekor v1 has it logged. */
function hashedrekordV1(keyType: KeyType): Uint8Array {
  const signer = makeSigner(keyType)
  const message = Buffer.from("artifact")
  const algorithm = digestAlgorithm[keyType]
  const digest = hashOf(algorithm, message)
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64(signer.spki)}\n-----END PUBLIC KEY-----\n`
  const proposal = proposeRekorV1({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: {
        hash: {
          algorithm: `sha${digest.length * 8}`,
          value: Buffer.from(digest).toString("hex").toUpperCase(),
        },
      },
      signature: {
        content: base64(signMessage(signer, algorithm, message)),
        publicKey: { content: base64(Buffer.from(pem)) },
      },
    },
  })
  return proposal.body([])
}

describe("readClaim()", () => {
  test.each(keyTypes)("gives the check of a hashedrekord under a key of type %s", (keyType) => {
    for (const body of [hashedrekordOf(makeSigner(keyType), "x"), hashedrekordV1(keyType)]) {
      const { checks, summary } = readClaim(body)
      expect(checks.map(verifyPortably)).toEqual([true])
      expect(summary).toEqual(readSummary(body))
    }
  })

  test("gives the check of a rekord, unless only its artifact shows what was signed", () => {
    expect(readClaim(rekordOf(alice, "x")).checks.map(verifyPortably)).toEqual([true])
    const rsa = makeSigner("rsa-2048")
    expect(readClaim(rekordOf(rsa, "x")).checks.map(verifyPortably)).toEqual([true])
    for (const signer of [bob, makeSigner("ecdsa-p384")]) {
      const { checks, summary } = readClaim(rekordOf(signer, "x"))
      expect(checks).toEqual([])
      expect(summary.signers.map(({ key }) => key)).toEqual([keyOf(signer)])
    }
  })

  test("gives the check of an in-toto entry once it has the payload", () => {
    const payload = statementOf("app@1", "x")
    for (const signer of [alice, bob]) {
      const body = intotoOf(signer, payload)
      expect(readClaim(body).checks).toEqual([])
      expect(readClaim(body, payload).checks.map(verifyPortably)).toEqual([true])
    }
    expectRefusal("mismatch", () => readClaim(intotoOf(alice, payload), statementOf("app@1", "y")))
  })

  test("gives the dates of a certificate, and none of a bare key", () => {
    const body = hashedrekordBody({
      algorithm: "PKIX_ECDSA_P256_SHA_256",
      digest: new Uint8Array(32),
      signature: Uint8Array.of(1),
      key: { form: "certificate", der: Uint8Array.from(Buffer.from(ecdsaCertificate, "base64")) },
    })
    const { notBefore, notAfter, summary } = readClaim(body)
    expect([notBefore, notAfter]).toEqual([
      Date.parse("2026-11-20T10:26:34Z") / 1000,
      Date.parse("2126-10-27T10:26:34Z") / 1000,
    ])
    expect(summary.signers[0]?.identities).toEqual(["signer@example.org"])
    expect(Object.keys(readClaim(hashedrekordOf(alice, "x")))).not.toContain("notBefore")
  })

  test("tells a kind that it does not know by the lack of signers", () => {
    const body = new TextEncoder().encode('{"apiVersion":"0.0.1","kind":"helm","spec":{}}')
    expect(readClaim(body)).toEqual({
      summary: { kind: "helm:0.0.1", signers: [] },
      keys: [],
      signatures: [],
      checks: [],
      isPlain: true,
    })
  })

  const good = hashedrekordOf(alice, "x")
  test.each([
    ["bytes that are no text", Uint8Array.of(0xff)],
    ["text that is no JSON", new TextEncoder().encode("hello")],
    ["a list", new TextEncoder().encode("[]")],
    ["JSON without a kind", new TextEncoder().encode('{"spec":{}}')],
    ["no digest", replaced(good, '"digest":', '"digested":')],
    ["no signature", replaced(good, '"content":', '"contents":')],
    ["no key", replaced(good, '"rawBytes":', '"rawbytes":')],
    ["a key that is none", replaced(good, '"rawBytes":"', '"rawBytes":"AAAA')],
    ["an algorithm of another type of key", replaced(good, "P256_SHA_256", "P384_SHA_384")],
  ])("refuses %s as malformed", (_name, body) => {
    expectRefusal("malformed", () => readClaim(body))
  })

  test("refuses DSSE without any signature as malformed", () => {
    const body = {
      apiVersion: "0.0.2",
      kind: "dsse",
      spec: {
        dsseV002: {
          payloadHash: { algorithm: "SHA2_256", digest: base64(new Uint8Array(32)) },
          signatures: [],
        },
      },
    }
    expectRefusal("malformed", () => readClaim(new TextEncoder().encode(JSON.stringify(body))))
  })

  test("refuses keys, hashes and formats of other logs as unsupported, never as malformed", () => {
    const key = base64(alice.spki)
    const bodies = [
      replaced(good, key, unsupportedKeys.secp256k1),
      replaced(good, "SHA2_256", "SHA3_256"),
      replaced(rekordOf(alice, "x"), '"x509"', '"pgp"'),
      replaced(rekordOf(alice, "x"), '"sha256"', '"sha1"'),
    ]
    for (const body of bodies) expectRefusal("unsupported", () => readClaim(body))
  })

  test("refuses an algorithm that is not taken here as unsupported, so that its key counts as nobody's", () => {
    for (const name of ["PKIX_RSA_PSS_2048_SHA256", "PKIX_ML_DSA_65", "none"]) {
      const body = replaced(good, "PKIX_ECDSA_P256_SHA_256", name)
      expectRefusal("unsupported", () => readClaim(body))
    }
    const pure = replaced(hashedrekordOf(bob, "x"), "PKIX_ED25519_PH", "PKIX_ED25519")
    expectRefusal("unsupported", () => readClaim(pure))
  })
})

test("createClaimReader() reads alike whether it knows the key or not", () => {
  const reader = createClaimReader(2)
  const signers = [alice, bob, makeSigner("ecdsa-p384")]
  const all = signers.flatMap((signer) => [
    hashedrekordOf(signer, "x"),
    rekordOf(signer, "x"),
    intotoOf(signer, statementOf("a@1", "x")),
  ])
  for (const body of [...all, ...all, ...all.toReversed()]) {
    expect(reader(body)).toEqual(readClaim(body))
  }
})
