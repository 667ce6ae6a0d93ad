import { generateKeyPairSync, X509Certificate } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Refusal } from "../../src/core/base/errors.ts"
import { parseBase64 } from "../../src/core/base/text.ts"
import type { KeyType } from "../../src/entry/algorithm.ts"
import {
  createVerifierKeyCache,
  readVerifierKey,
  readVerifierKeyText,
} from "../../src/entry/verifier-key.ts"
import {
  compressedP256,
  ecdsaCertificate,
  ed25519Certificate,
  rsaCertificate,
  unsupportedKeys,
} from "./certificates.ts"
import { COSIGN_KEY, SIGSTORE_JS_KEY } from "./recorded.ts"
import { codeOf, refusalOf } from "./refusals.ts"
import { base64, makeSigner } from "./signers.ts"

function bytes(text: string): Uint8Array {
  return parseBase64(text, "test data")
}

function readPublic(publicKey: Uint8Array) {
  return readVerifierKey({ publicKey })
}

function readCertificate(certificate: Uint8Array) {
  return readVerifierKey({ certificate })
}

function rsaKey(modulusLength: number, publicExponent = 65_537): Uint8Array {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent })
  return Uint8Array.from(publicKey.export({ format: "der", type: "spki" }))
}

const rsa2048 = rsaKey(2048)

/** `bytes` with those from `at` on replaced. */
function patched(original: Uint8Array, at: number, ...replacement: number[]): Uint8Array {
  const copy = Uint8Array.from(original)
  copy.set(replacement, at)
  return copy
}

function appended(original: Uint8Array, ...more: number[]): Uint8Array {
  return Uint8Array.from([...original, ...more])
}

const certificates = [
  ["ecdsa-p256", ecdsaCertificate],
  ["rsa-2048", rsaCertificate],
  ["ed25519", ed25519Certificate],
] as const

describe("readVerifierKey()", () => {
  const keyTypes: readonly KeyType[] = [
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "rsa-2048",
    "rsa-3072",
    "ed25519",
  ]
  it.each(keyTypes)("reads a public key of type %s", (keyType) => {
    const { spki } = makeSigner(keyType)
    expect(readPublic(spki)).toEqual({ form: "publicKey", der: spki, spki, keyType })
  })

  it.each(certificates)("reads a certificate of a key of type %s", (keyType, text) => {
    const der = bytes(text)
    const { publicKey } = new X509Certificate(der)
    const spki = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }))
    expect(readCertificate(der)).toMatchObject({ form: "certificate", der, spki, keyType })
  })

  it.each(Object.entries(unsupportedKeys))("refuses %s and lists what it takes", (_name, text) => {
    const refusal = refusalOf(() => readPublic(bytes(text)))
    expect(refusal.code).toBe("unsupported")
    expect(refusal.message).toContain("ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048")
  })

  it.each([
    ["2040 bits", rsaKey(2040)],
    ["1024 bits", rsaKey(1024)],
    ["2046 bits", rsaKey(2046)],
    ["2056 bits", rsaKey(2056)],
    ["2560 bits", rsaKey(2560)],
    ["the exponent 3", rsaKey(2048, 3)],
    ["the exponent 65535", patched(rsa2048, rsa2048.length - 3, 0, 0xff, 0xff)],
    ["an even exponent", patched(rsa2048, rsa2048.length - 1, 2)],
  ])("refuses RSA with %s", (name, spki) => {
    // Patching 01 00 01 to 00 ff ff keeps it shortest DER, because the top bit needs the zero.
    expect(`${name} ${codeOf(() => readPublic(spki))}`).toBe(`${name} unsupported`)
  })

  it("takes the largest RSA exponent that it promises, 2^32 - 1 being odd", () => {
    const long = Uint8Array.from([
      ...patched(rsa2048, 3, (rsa2048[3] as number) + 2).subarray(0, -5),
      ...[2, 5, 0, 255, 255, 255, 255],
    ])
    const nested = patched(patched(long, 21, 1, 17), 26, 1, 12)
    expect(readPublic(nested).keyType).toBe("rsa-2048")
    const longer = patched(nested, nested.length - 5, 1)
    expect(codeOf(() => readPublic(longer))).toBe("unsupported")
  })

  const p256 = bytes(COSIGN_KEY)
  it.each([
    ["no bytes", new Uint8Array(0)],
    ["a byte behind the key", appended(p256, 0)],
    ["a byte behind an RSA key", appended(rsa2048, 0)],
    ["a key that is cut off", p256.subarray(0, -1)],
    ["an RSA key that is cut off", rsa2048.subarray(0, -1)],
    ["a compressed point", bytes(compressedP256)],
    ["a point of a hybrid form", patched(p256, 26, 6)],
    ["a length in more bytes than needed", Uint8Array.from([0x30, 0x81, ...p256.subarray(1)])],
    ["an indefinite length", Uint8Array.from([0x30, 0x80, ...p256.subarray(2), 0, 0])],
    ["text", new TextEncoder().encode("-----BEGIN PUBLIC KEY-----")],
    ["a certificate", bytes(ecdsaCertificate)],
    ["an RSA key whose NULL is another type", patched(rsa2048, 17, 4)],
    ["an RSA modulus that is negative", patched(rsa2048, 32, 0xff)],
    ["an RSA modulus in more bytes than needed", patched(rsa2048, 33, 0)],
    ["unused bits in the bit string of an RSA key", patched(rsa2048, 23, 1)],
  ])("refuses as a public key %s", (name, der) => {
    expect(`${name}: ${codeOf(() => readPublic(der))}`).toBe(`${name}: malformed`)
  })

  it.each([
    ["no bytes", new Uint8Array(0)],
    ["a byte behind it", appended(bytes(ecdsaCertificate), 0)],
    ["one that is cut off", bytes(ecdsaCertificate).subarray(0, -1)],
    ["a bare public key", p256],
    ["nesting without end", new Uint8Array(16_384).fill(0x30)],
    ["indefinite nesting", new Uint8Array(16_384).map((_, i) => (i % 2 ? 0x80 : 0x30))],
  ])("refuses as a certificate %s", (name, der) => {
    expect(`${name}: ${codeOf(() => readCertificate(der))}`).toBe(`${name}: malformed`)
  })

  it("refuses what is too long before it looks at it", () => {
    expect(codeOf(() => readPublic(new Uint8Array(2049)))).toBe("too-large")
    expect(codeOf(() => readCertificate(new Uint8Array(16_385)))).toBe("too-large")
    const text = base64(new Uint8Array(20_000))
    expect(codeOf(() => readVerifierKeyText({ publicKey: text }))).toBe("too-large")
    expect(codeOf(() => readVerifierKeyText({ certificate: text }))).toBe("too-large")
  })

  it("never fails but with a refusal, and gives a key in its one encoding", () => {
    const samples = [p256, rsa2048, ...certificates.map(([, text]) => bytes(text))]
    const damage = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat(1000),
      value: fc.nat(255),
      cut: fc.nat(20),
    })
    fc.assert(
      fc.property(damage, fc.boolean(), ({ sample, at, value, cut }, isCertificate) => {
        const damaged = patched(sample, at % sample.length, value).slice(
          0,
          cut === 0 ? -1 : undefined,
        )
        try {
          const key = isCertificate ? readCertificate(damaged) : readPublic(damaged)
          expect(readPublic(key.spki).keyType).toBe(key.keyType)
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe("createVerifierKeyCache()", () => {
  it("gives the same key object for the same text until the text falls out", () => {
    const readKey = createVerifierKeyCache(2)
    const cosign = readKey({ publicKey: COSIGN_KEY })
    const other = readKey({ publicKey: SIGSTORE_JS_KEY })
    expect(readKey({ publicKey: COSIGN_KEY })).toBe(cosign)
    readKey({ publicKey: base64(makeSigner("ed25519").spki) })
    expect(readKey({ publicKey: COSIGN_KEY })).toBe(cosign)
    expect(readKey({ publicKey: SIGSTORE_JS_KEY })).not.toBe(other)
    expect(readKey({ publicKey: SIGSTORE_JS_KEY })).toEqual(other)
  })

  it("does not take a key for a certificate or the reverse", () => {
    const readKey = createVerifierKeyCache(10)
    readKey({ publicKey: COSIGN_KEY })
    readKey({ certificate: ecdsaCertificate })
    expect(codeOf(() => readKey({ certificate: COSIGN_KEY }))).toBe("malformed")
    expect(codeOf(() => readKey({ publicKey: ecdsaCertificate }))).toBe("malformed")
    expect(codeOf(() => readKey({}))).toBe("malformed")
  })
})
