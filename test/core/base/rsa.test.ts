import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { describe, expect, test } from "vitest"
import { digestLength, digestOf, type HashName } from "../../../src/core/base/digest.ts"
import { verifyRsaPkcs1 } from "../../../src/core/base/rsa.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { readVectors, type Wycheproof } from "../../vectors.ts"

const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"]
const hex = (text: string) => parseHex(text, "test vector")
const unpadded = (bytes: Uint8Array) => bytes.subarray(bytes.findIndex((byte) => byte !== 0))

test("digestOf() computes what Node does, with the lengths of digestLength", () => {
  for (const hash of hashes) {
    const expected = new Uint8Array(createHash(hash).update("abc").digest())
    expect(digestOf(hash, new TextEncoder().encode("abc"))).toEqual(expected)
    expect(digestLength[hash]).toBe(expected.length)
  }
})

describe("verifyRsaPkcs1()", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const { n = "", e = "" } = publicKey.export({ format: "jwk" })
  const modulus = new Uint8Array(Buffer.from(n, "base64url"))
  const exponent = new Uint8Array(Buffer.from(e, "base64url"))
  const message = new TextEncoder().encode("message")
  const signatures = hashes.map((hash) => new Uint8Array(sign(hash, message, privateKey)))

  test("accepts what Node signs, for its own hash only", () => {
    for (const [i, signature] of signatures.entries()) {
      const held = hashes.map((hash) =>
        verifyRsaPkcs1(hash, signature, digestOf(hash, message), modulus, exponent),
      )
      expect(held).toEqual(hashes.map((_, j) => i === j))
    }
  })

  test("refuses another digest, another length and a representative above the modulus", () => {
    const [signature = new Uint8Array(0)] = signatures
    const digest = digestOf("sha256", message)
    const holds = (s: Uint8Array, d = digest) => verifyRsaPkcs1("sha256", s, d, modulus, exponent)
    expect(holds(signature)).toBe(true)
    expect(holds(signature, digestOf("sha256", digest))).toBe(false)
    expect(holds(signature, digest.subarray(1))).toBe(false)
    expect(holds(signature.subarray(1))).toBe(false)
    expect(holds(Uint8Array.of(0, ...signature))).toBe(false)
    expect(holds(new Uint8Array(256).fill(255))).toBe(false)
    expect(holds(modulus)).toBe(false)
  })
})

for (const bits of [2048, 3072, 4096]) {
  const name = `wycheproof/rsa_signature_${bits}_sha256_test.json`
  const vectors = readVectors<Wycheproof>(name)
  test.skipIf(vectors === undefined)(`every Wycheproof case of RSA-${bits} comes out`, () => {
    for (const { publicKey, tests } of vectors?.testGroups ?? []) {
      const modulus = unpadded(hex(publicKey.modulus ?? ""))
      const exponent = unpadded(hex(publicKey.publicExponent ?? ""))
      for (const { tcId, msg, sig, result } of tests) {
        const digest = digestOf("sha256", hex(msg))
        const held = verifyRsaPkcs1("sha256", hex(sig), digest, modulus, exponent)
        if (result !== "acceptable") expect([tcId, held]).toEqual([tcId, result === "valid"])
      }
    }
  })
}
