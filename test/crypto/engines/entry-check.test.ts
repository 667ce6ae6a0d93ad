import { existsSync, readFileSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { concat } from "../../../src/core/base/bytes.ts"
import { Trouble } from "../../../src/core/base/errors.ts"
import { formatEd25519Spki } from "../../../src/core/base/spki.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { createEntryCheck } from "../../../src/crypto/engines/entry-check.ts"
import { type Algorithm, algorithms, everyAlgorithm } from "../../../src/entry/algorithm.ts"
import type { SignatureCheck, Signed } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { hashOf, makeCheck, makeSigner } from "../../entry/signers.ts"
import { damages, flipped } from "./damage.ts"

const message = new TextEncoder().encode("the artifact")
const check = createEntryCheck({ engine: "native" })

afterAll(() => check.close())

const forms = everyAlgorithm
  .filter((algorithm) => !algorithm.includes("3072") && !algorithm.includes("4096"))
  .flatMap((algorithm) => {
    const all: readonly Signed["form"][] =
      algorithm === "PKIX_ED25519" ? ["message"] : ["digest", "message"]
    return all.map((form) => ({ algorithm, form }))
  })

describe("createEntryCheck()", () => {
  it.each(forms)(
    "says what the portable code says of every damage to $algorithm over a $form",
    ({ algorithm, form }) => {
      const signer = makeSigner(algorithms[algorithm].keyType)
      const good = makeCheck(signer, algorithm, form, message)
      expect(check.verify([good])).toBe(true)
      for (const damage of damages(signer, algorithm, good.signature, hashOf(algorithm, message))) {
        const damaged = { ...good, signature: damage.signature }
        expect([damage.name, check.verify([damaged])]).toEqual([damage.name, damage.holds ?? false])
        expect(verifyPortably(damaged)).toBe(damage.holds ?? false)
      }
      const other = makeCheck(signer, algorithm, form, flipped(message, 3))
      expect(check.verify([{ ...good, signed: other.signed }])).toBe(false)
      expect(check.verify([good, { ...good, signed: other.signed }])).toBe(false)
      expect(check.verify([good, other])).toBe(true)
    },
  )

  it("refuses digests of another length, which OpenSSL would cut", () => {
    const good = makeCheck(makeSigner("ecdsa-p256"), "PKIX_ECDSA_P256_SHA_256", "digest", message)
    const digest = hashOf("PKIX_ECDSA_P256_SHA_256", message)
    for (const wrong of [concat(digest, Uint8Array.of(0)), digest.subarray(1), new Uint8Array(0)]) {
      expect(check.verify([{ ...good, signed: { form: "digest", digest: wrong } }])).toBe(false)
    }
  })

  it("refuses a key of another type or spelling, and pure Ed25519 over a digest", () => {
    const good = makeCheck(makeSigner("ecdsa-p256"), "PKIX_ECDSA_P256_SHA_256", "digest", message)
    const keys = [
      makeSigner("ed25519").spki,
      makeSigner("ecdsa-p384").spki,
      concat(good.spki, Uint8Array.of(0)),
      flipped(good.spki, 8 * (good.spki.length - 1)),
      new Uint8Array(0),
    ]
    for (const spki of keys) expect(check.verify([{ ...good, spki }])).toBe(false)
    const signer = makeSigner("ed25519")
    const pure = makeCheck(signer, "PKIX_ED25519", "message", message)
    const digest = hashOf("PKIX_ED25519", message)
    expect(check.verify([{ ...pure, signed: { form: "digest", digest } }])).toBe(false)
  })

  it("answers for many more keys than it keeps", () => {
    const small = createEntryCheck({ engine: "native", maxKeys: 2 })
    const checks = Array.from({ length: 6 }, () =>
      makeCheck(makeSigner("ecdsa-p256"), "PKIX_ECDSA_P256_SHA_256", "digest", message),
    )
    for (const each of [...checks, ...checks]) expect(small.verify([each])).toBe(true)
    small.close()
  })

  it("holds nothing against an entry without checks", () => {
    expect(check.verify([])).toBe(true)
  })

  it("falls back to the portable code and says why, unless the native one is demanded", () => {
    const library = "/nowhere/libcrypto.so"
    const good = makeCheck(makeSigner("ecdsa-p256"), "PKIX_ECDSA_P256_SHA_256", "digest", message)
    const fallen = createEntryCheck({ library })
    expect(fallen.engine).toMatch(/^portable \(JavaScript\), because /)
    expect(fallen.verify([good])).toBe(true)
    expect(fallen.verify([{ ...good, signature: flipped(good.signature, 300) }])).toBe(false)
    fallen.close()
    expect(createEntryCheck({ engine: "portable" }).engine).toBe("portable (JavaScript)")
    expect(() => createEntryCheck({ engine: "native", library })).toThrow(Trouble)
  })
})

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKeyDer: string
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }[]
}

const folder = new URL("../../../../shared/vectors/", import.meta.url)
const isHere = existsSync(folder)
if (!isHere) console.warn("SKIPPED: Wycheproof, because no folder shared/vectors stands beside")

function bytes(hex: string): Uint8Array {
  return parseHex(hex, "vector")
}

const files = [
  ["ecdsa_secp256r1_sha256_test.json", "PKIX_ECDSA_P256_SHA_256"],
  ["ecdsa_secp384r1_sha384_test.json", "PKIX_ECDSA_P384_SHA_384"],
  ["ecdsa_secp521r1_sha512_test.json", "PKIX_ECDSA_P521_SHA_512"],
  ["rsa_signature_2048_sha256_test.json", "PKIX_RSA_PKCS1V15_2048_SHA256"],
  ["rsa_signature_3072_sha256_test.json", "PKIX_RSA_PKCS1V15_3072_SHA256"],
  ["rsa_signature_4096_sha256_test.json", "PKIX_RSA_PKCS1V15_4096_SHA256"],
  ["ed25519_test.json", "PKIX_ED25519"],
] as const

function checksOf(
  algorithm: Algorithm,
  check: Omit<SignatureCheck, "signed" | "algorithm">,
  msg: Uint8Array,
) {
  const signed: Signed[] = [{ form: "message", message: msg }]
  if (algorithm !== "PKIX_ED25519") signed.push({ form: "digest", digest: hashOf(algorithm, msg) })
  return signed.map((each): SignatureCheck => ({ ...check, algorithm, signed: each }))
}

describe.skipIf(!isHere)("Wycheproof", () => {
  it.each(files)("has no mismatch in %s", (file, algorithm) => {
    const text = readFileSync(new URL(`wycheproof/${file}`, folder), "utf8")
    const { testGroups } = JSON.parse(text) as Vectors
    const mismatches: unknown[] = []
    for (const { publicKeyDer, tests } of testGroups) {
      const spki = bytes(publicKeyDer)
      // Keys with the exponent 3 are not supported.
      const isSupported = !(spki.at(-3) === 2 && spki.at(-2) === 1 && spki.at(-1) === 3)
      for (const { tcId, msg, sig, result } of tests) {
        const expected = result === "valid" && isSupported
        const all = checksOf(algorithm, { spki, signature: bytes(sig) }, bytes(msg))
        const found = all.map((each) => check.verify([each]))
        if (found.some((holds) => holds !== expected)) mismatches.push({ tcId, result, found })
      }
    }
    expect(mismatches).toEqual([])
  })

  it("has company in ed25519-speccheck: case 3 alone holds", () => {
    const text = readFileSync(new URL("ed25519-speccheck-cases.json", folder), "utf8")
    const cases = JSON.parse(text) as { message: string; pub_key: string; signature: string }[]
    const found = cases.map(({ message: msg, pub_key, signature }) => {
      const spki = formatEd25519Spki(bytes(pub_key))
      const signed = { form: "message", message: bytes(msg) } as const
      return check.verify([
        { algorithm: "PKIX_ED25519", spki, signature: bytes(signature), signed },
      ])
    })
    expect(found).toEqual(Array.from({ length: 12 }, (_, i) => i === 3))
  })
})
