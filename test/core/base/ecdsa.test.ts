import { generateKeyPairSync, sign } from "node:crypto"
import { p256, p384, p521 } from "@noble/curves/nist.js"
import { describe, expect, test } from "vitest"
import { digestOf, type HashName } from "../../../src/core/base/digest.ts"
import { lowS, verifyEcdsa } from "../../../src/core/base/ecdsa.ts"
import { formatEd25519Spki, parseSpki } from "../../../src/core/base/spki.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { expectRefusal } from "../../refusals.ts"
import { readVectors, type Wycheproof } from "../../vectors.ts"

const hex = (text: string) => parseHex(text, "test vector")

const curves = [
  {
    type: "ecdsa-p256",
    curve: p256,
    name: "prime256v1",
    hash: "sha256",
    size: 65,
    file: "secp256r1_sha256",
  },
  {
    type: "ecdsa-p384",
    curve: p384,
    name: "secp384r1",
    hash: "sha384",
    size: 97,
    file: "secp384r1_sha384",
  },
  {
    type: "ecdsa-p521",
    curve: p521,
    name: "secp521r1",
    hash: "sha512",
    size: 133,
    file: "secp521r1_sha512",
  },
] as const

function keyPair(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: name })
  const der = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
  return { privateKey, der }
}

for (const { type, curve, name, hash, size, file } of curves) {
  describe(type, () => {
    const { privateKey, der } = keyPair(name)
    const message = new TextEncoder().encode("message")
    const spki = parseSpki(der)
    const point = spki?.point ?? new Uint8Array(0)

    test("parseSpki() reads what Node exports", () => {
      expect(spki?.type).toBe(type)
      expect(point).toHaveLength(size)
      expect(point[0]).toBe(4)
    })

    test("parseSpki() knows no other spelling of the key", () => {
      const cut = der.subarray(0, -1)
      const longer = Uint8Array.of(...der, 0)
      const compressed = der.with(der.length - size, 2)
      const otherPrefix = der.with(3, (der[3] as number) + 1)
      for (const other of [cut, longer, compressed, otherPrefix, new Uint8Array(0)]) {
        expect(parseSpki(other)).toBeUndefined()
      }
    })

    test("verifyEcdsa() accepts what Node signs, high S included, over any digest", () => {
      for (const digestName of ["sha256", "sha384", "sha512"] satisfies HashName[]) {
        const digest = digestOf(digestName, message)
        for (let i = 0; i < 8; i++) {
          const signature = new Uint8Array(sign(digestName, message, privateKey))
          expect(verifyEcdsa(type, signature, digest, point)).toBe(true)
        }
      }
    })

    test("lowS() gives the same one for both signatures with an R, and it holds", () => {
      const digest = digestOf(hash, message)
      const signature = new Uint8Array(sign(hash, message, privateKey))
      const low = lowS(type, signature) ?? new Uint8Array(0)
      const { Signature, Point } = curve
      const { r, s } = Signature.fromBytes(low, "der")
      const high = new Signature(r, Point.Fn.ORDER - s).toBytes("der")
      expect(s < Point.Fn.ORDER - s).toBe(true)
      expect([low, high].map((each) => verifyEcdsa(type, each, digest, point))).toEqual([
        true,
        true,
      ])
      expect([low, high].map((each) => lowS(type, each))).toEqual([low, low])
      for (const other of [low.subarray(1), Uint8Array.of(...low, 0), new Uint8Array(0)]) {
        expect(lowS(type, other)).toBeUndefined()
      }
    })

    test("verifyEcdsa() refuses another message, a damaged signature and another key", () => {
      const signature = new Uint8Array(sign(hash, message, privateKey))
      const digest = digestOf(hash, message)
      const last = signature.length - 1
      const flipped = signature.with(last, (signature[last] as number) ^ 1)
      const otherPoint = parseSpki(keyPair(name).der)?.point ?? point
      expect(verifyEcdsa(type, signature, digestOf(hash, digest), point)).toBe(false)
      expect(verifyEcdsa(type, flipped, digest, point)).toBe(false)
      expect(verifyEcdsa(type, Uint8Array.of(...signature, 0), digest, point)).toBe(false)
      expect(verifyEcdsa(type, new Uint8Array(0), digest, point)).toBe(false)
      expect(verifyEcdsa(type, signature, digest, otherPoint)).toBe(false)
      expect(verifyEcdsa(type, signature, digest, point.with(40, 1 ^ (point[40] as number)))).toBe(
        false,
      )
    })

    const vectors = readVectors<Wycheproof>(`wycheproof/ecdsa_${file}_test.json`)
    test.skipIf(vectors === undefined)("every Wycheproof case comes out", () => {
      for (const { publicKeyDer, tests } of vectors?.testGroups ?? []) {
        const key = parseSpki(hex(publicKeyDer))?.point
        for (const { tcId, msg, sig, result } of tests) {
          const digest = digestOf(hash, hex(msg))
          const held = key !== undefined && verifyEcdsa(type, hex(sig), digest, key)
          expect([tcId, held]).toEqual([tcId, result === "valid"])
        }
      }
    })
  })
}

describe("Ed25519 keys", () => {
  const { publicKey } = generateKeyPairSync("ed25519")
  const der = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))

  test("parseSpki() and formatEd25519Spki() agree with Node", () => {
    expect(parseSpki(der)).toEqual({ type: "ed25519", point: der.subarray(12) })
    expect(formatEd25519Spki(der.subarray(12))).toEqual(der)
  })

  test("formatEd25519Spki() refuses any length but 32", () => {
    expectRefusal("malformed", () => formatEd25519Spki(new Uint8Array(31)))
    expectRefusal("malformed", () => formatEd25519Spki(new Uint8Array(33)))
  })

  test("parseSpki() leaves RSA and other curves to others", () => {
    for (const pair of [
      generateKeyPairSync("rsa", { modulusLength: 2048 }),
      generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
      generateKeyPairSync("x25519"),
    ]) {
      const other = pair.publicKey.export({ type: "spki", format: "der" })
      expect(parseSpki(new Uint8Array(other))).toBeUndefined()
    }
  })
})
