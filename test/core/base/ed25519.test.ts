import {
  createPublicKey,
  generateKeyPairSync,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto"
import { ed25519 } from "@noble/curves/ed25519.js"
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js"
import { describe, expect, test } from "vitest"
import { digestOf } from "../../../src/core/base/digest.ts"
import {
  isStrictPoint,
  isStrictSignature,
  verifyEd25519,
  verifyEd25519ph,
} from "../../../src/core/base/ed25519.ts"
import { formatEd25519Spki } from "../../../src/core/base/spki.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { readVectors, type Wycheproof } from "../../vectors.ts"

const hex = (text: string) => parseHex(text.replaceAll(/\s/g, ""), "test vector")
const text = (value: string) => new TextEncoder().encode(value)
const BASE = ed25519.Point.BASE
const ORDER = ed25519.Point.Fn.ORDER
const PRIME = ed25519.Point.Fp.ORDER

/** y of every small-order point, with both signs, and the encodings of these with y not reduced. */
const orderEight = [
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].map((y) => bytesToNumberLE(hex(y)))
const smallY = [0n, 1n, PRIME - 1n, ...orderEight, PRIME, PRIME + 1n]
const smallOrder = smallY.flatMap((y) => [y, y + 2n ** 255n]).map((y) => numberToBytesLE(y, 32))

function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return bytesToNumberLE(digestOf("sha512", Uint8Array.of(...r, ...key, ...message))) % ORDER
}

const secret = 987_654_321n
const key = BASE.multiply(secret).toBytes()

/** A signature whose R is BASE * nonce + `torsion`, with the S that fits the cofactored equation. */
function signWith(r: Uint8Array, nonce: bigint, publicKey: Uint8Array, message: Uint8Array) {
  const s = (nonce + challenge(r, publicKey, message) * secret) % ORDER
  return Uint8Array.of(...r, ...numberToBytesLE(s, 32))
}

describe("RFC 8032", () => {
  const vectors = [
    {
      key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      message: "",
      signature: `e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555
        fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b`,
    },
    {
      key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature: `92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`,
    },
  ]

  for (const [i, vector] of vectors.entries()) {
    test(`verifyEd25519() accepts test ${i + 1} of section 7.1`, () => {
      const [signature, message] = [hex(vector.signature), hex(vector.message)]
      expect(verifyEd25519(signature, message, hex(vector.key))).toBe(true)
      expect(verifyEd25519(signature, Uint8Array.of(...message, 0), hex(vector.key))).toBe(false)
    })
  }

  const ph = {
    key: hex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
    signature: hex(`98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41
      31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406`),
  }

  test("verifyEd25519ph() accepts the test of section 7.3 over a ready-made digest", () => {
    expect(verifyEd25519ph(ph.signature, digestOf("sha512", text("abc")), ph.key)).toBe(true)
  })

  test("verifyEd25519ph() refuses the message itself, another digest and another length", () => {
    expect(verifyEd25519ph(ph.signature, text("abc"), ph.key)).toBe(false)
    expect(verifyEd25519ph(ph.signature, digestOf("sha512", text("abd")), ph.key)).toBe(false)
    expect(verifyEd25519ph(ph.signature, digestOf("sha256", text("abc")), ph.key)).toBe(false)
  })

  test("verifyEd25519ph() refuses a digest of another hash that was signed as such", () => {
    const signAs = (digest: Uint8Array) => {
      const domain = Uint8Array.of(...text("SigEd25519 no Ed25519 collisions"), 1, 0)
      const r = BASE.multiply(77n).toBytes()
      const input = Uint8Array.of(...domain, ...r, ...key, ...digest)
      const k = bytesToNumberLE(digestOf("sha512", input)) % ORDER
      return Uint8Array.of(...r, ...numberToBytesLE((77n + k * secret) % ORDER, 32))
    }
    const [long, short] = [digestOf("sha512", text("abc")), digestOf("sha256", text("abc"))]
    expect(verifyEd25519ph(signAs(long), long, key)).toBe(true)
    expect(verifyEd25519ph(signAs(short), short, key)).toBe(false)
  })

  test("a signature over a digest and one over a message never stand in for each other", () => {
    const digest = digestOf("sha512", text("abc"))
    expect(verifyEd25519(ph.signature, digest, ph.key)).toBe(false)
    expect(verifyEd25519(ph.signature, text("abc"), ph.key)).toBe(false)
    const secretKey = new Uint8Array(32).fill(7)
    const pure = ed25519.sign(digest, secretKey)
    const publicKey = ed25519.getPublicKey(secretKey)
    expect(verifyEd25519(pure, digest, publicKey)).toBe(true)
    expect(verifyEd25519ph(pure, digest, publicKey)).toBe(false)
  })
})

describe("the strict rule", () => {
  const message = text("message")

  test("isStrictPoint() refuses small order, unreduced y and other lengths", () => {
    for (const point of smallOrder) expect(isStrictPoint(point)).toBe(false)
    for (let above = 0n; above < 19n; above++) {
      expect(isStrictPoint(numberToBytesLE(PRIME + above, 32))).toBe(false)
    }
    expect(isStrictPoint(key)).toBe(true)
    expect(isStrictPoint(key.subarray(1))).toBe(false)
    expect(isStrictPoint(Uint8Array.of(...key, 0))).toBe(false)
  })

  test("isStrictSignature() takes every S below the order and none from there on", () => {
    const r = BASE.multiply(77n).toBytes()
    const signatureOf = (s: bigint) => Uint8Array.of(...r, ...numberToBytesLE(s, 32))
    for (const s of [0n, 2n ** 252n - 1n, 2n ** 252n, ORDER - 1n]) {
      expect(isStrictSignature(signatureOf(s), key)).toBe(true)
    }
    for (const s of [ORDER, ORDER + 1n, 2n ** 253n, 2n ** 256n - 1n]) {
      expect(isStrictSignature(signatureOf(s), key)).toBe(false)
    }
    expect(isStrictSignature(signatureOf(1n).subarray(1), key)).toBe(false)
    for (const point of smallOrder) {
      expect(isStrictSignature(signatureOf(1n), point)).toBe(false)
      expect(isStrictSignature(Uint8Array.of(...point, ...numberToBytesLE(1n, 32)), key)).toBe(
        false,
      )
    }
  })

  test("under a small-order key no signature holds, though other verifiers accept one", () => {
    const identity = numberToBytesLE(1n, 32)
    const r = BASE.multiply(5n).toBytes()
    const signature = Uint8Array.of(...r, ...numberToBytesLE(5n, 32))
    expect(ed25519.verify(signature, message, identity, { zip215: true })).toBe(true)
    expect(verifyEd25519(signature, message, identity)).toBe(false)
    for (const point of smallOrder) expect(verifyEd25519(signature, message, point)).toBe(false)
  })

  test("a small-order R does not hold, though other verifiers accept it, and Node before 24", () => {
    const r = numberToBytesLE(1n, 32)
    const signature = signWith(r, 0n, key, message)
    const spki = { key: Buffer.from(formatEd25519Spki(key)), format: "der", type: "spki" } as const
    const isLax = Number.parseInt(process.versions.node, 10) < 24
    expect(ed25519.verify(signature, message, key, { zip215: true })).toBe(true)
    expect(nodeVerify(null, message, createPublicKey(spki), signature)).toBe(isLax)
    expect(verifyEd25519(signature, message, key)).toBe(false)
  })

  test("an S that is not reduced does not hold", () => {
    const r = BASE.multiply(77n).toBytes()
    const signature = signWith(r, 77n, key, message)
    expect(verifyEd25519(signature, message, key)).toBe(true)
    const s = bytesToNumberLE(signature.subarray(32)) + ORDER
    const malleable = Uint8Array.of(...r, ...numberToBytesLE(s, 32))
    expect(verifyEd25519(malleable, message, key)).toBe(false)
  })

  test("a signature that only fits the equation with cofactor does not hold", () => {
    const torsion = ed25519.Point.fromBytes(numberToBytesLE(orderEight[0] as bigint, 32))
    const r = BASE.multiply(77n).add(torsion).toBytes()
    const signature = signWith(r, 77n, key, message)
    expect(ed25519.verify(signature, message, key, { zip215: false })).toBe(true)
    expect(verifyEd25519(signature, message, key)).toBe(false)
  })

  test("a key off the curve and signatures of other lengths do not hold", () => {
    const signature = signWith(BASE.multiply(77n).toBytes(), 77n, key, message)
    const offCurve = numberToBytesLE(2n, 32)
    expect(isStrictPoint(offCurve)).toBe(true)
    expect(verifyEd25519(signature, message, offCurve)).toBe(false)
    expect(verifyEd25519(signature.subarray(1), message, key)).toBe(false)
    expect(verifyEd25519(Uint8Array.of(...signature, 0), message, key)).toBe(false)
    expect(verifyEd25519(new Uint8Array(0), message, key)).toBe(false)
  })
})

test("verifyEd25519() accepts what Node signs, and nothing with a bit flipped", () => {
  const pair = generateKeyPairSync("ed25519")
  const publicKey = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" })).slice(12)
  const message = text("any message")
  const signature = new Uint8Array(nodeSign(null, message, pair.privateKey))
  expect(verifyEd25519(signature, message, publicKey)).toBe(true)
  for (let bit = 0; bit < 512; bit += 3) {
    const flipped = signature.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(verifyEd25519(flipped, message, publicKey)).toBe(false)
  }
})

interface SpeccheckCase {
  readonly message: string
  readonly pub_key: string
  readonly signature: string
}

const speccheck = readVectors<SpeccheckCase[]>("ed25519-speccheck-cases.json")
test.skipIf(speccheck === undefined)("of the twelve speccheck cases only number 3 holds", () => {
  const verdicts = speccheck?.map(({ signature, message, pub_key }) =>
    verifyEd25519(hex(signature), hex(message), hex(pub_key)) ? "V" : "X",
  )
  expect(verdicts?.join(" ")).toBe("X X X V X X X X X X X X")
})

const wycheproof = readVectors<Wycheproof>("wycheproof/ed25519_test.json")
test.skipIf(wycheproof === undefined)("every Wycheproof case of Ed25519 comes out", () => {
  for (const group of wycheproof?.testGroups ?? []) {
    for (const { tcId, msg, sig, result } of group.tests) {
      const held = verifyEd25519(hex(sig), hex(msg), hex(group.publicKey.pk ?? ""))
      expect([tcId, held]).toEqual([tcId, result === "valid"])
    }
  }
})
