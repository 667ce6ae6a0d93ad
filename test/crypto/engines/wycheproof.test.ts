// Vectors of Wycheproof and ed25519-speccheck. They are not part of the checkout: the tests run where a
// folder `shared/vectors` stands beside it, and say so where not.
import { existsSync, readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { concat } from "../../../src/core/base/bytes.ts"
import { formatEd25519Spki } from "../../../src/core/base/spki.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { createNativeVerifier } from "../../../src/crypto/engines/native.ts"
import type { Algorithm } from "../../../src/entry/algorithm.ts"
import type { SignatureCheck, SignatureVerifier, Signed } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { hashOf } from "../../entry/signers.ts"

interface Vectors {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly publicKeyDer: string
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: "valid" | "invalid" | "acceptable"
    }[]
  }[]
}

interface SpecCase {
  readonly message: string
  readonly pub_key: string
  readonly signature: string
}

const folder = new URL("../../../../shared/vectors/", import.meta.url)
const isHere = existsSync(folder)
if (!isHere) console.warn("SKIPPED: Wycheproof, because no folder shared/vectors stands beside")

function read<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, folder), "utf8")) as T
}

function bytes(hex: string): Uint8Array {
  return parseHex(hex, "vector")
}

/** RSA keys with the exponent 3 are not supported, so that nothing holds under them. */
function hasExponent3(spki: Uint8Array): boolean {
  return spki.at(-3) === 2 && spki.at(-2) === 1 && spki.at(-1) === 3
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

let native: SignatureVerifier

beforeAll(async () => {
  native = await createNativeVerifier()
})

afterAll(() => native.close())

function formsOf(algorithm: Algorithm, message: Uint8Array): readonly Signed[] {
  const form: Signed = { form: "message", message }
  if (algorithm === "PKIX_ED25519") return [form]
  return [form, { form: "digest", digest: hashOf(algorithm, message) }]
}

/** What each engine says to one vector; the portable one once, because its forms share all code. */
async function answers(
  algorithm: Algorithm,
  spki: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<readonly boolean[]> {
  const checks: readonly SignatureCheck[] = formsOf(algorithm, message).map((signed) => {
    return { algorithm, spki, signature, signed }
  })
  const byNative = await Promise.all(checks.map((check) => native.verify(check)))
  return [...byNative, ...checks.slice(-1).map(verifyPortably)]
}

describe.skipIf(!isHere)("Wycheproof", () => {
  it.each(files)("has no mismatch in %s", async (file, algorithm) => {
    const { numberOfTests, testGroups } = read<Vectors>(`wycheproof/${file}`)
    const mismatches: unknown[] = []
    let count = 0
    for (const { publicKeyDer, tests } of testGroups) {
      const spki = bytes(publicKeyDer)
      for (const { tcId, msg, sig, result } of tests) {
        const found = await answers(algorithm, spki, bytes(sig), bytes(msg))
        // "acceptable" is a DigestInfo without NULL, which the strict rule refuses.
        const expected = result === "valid" && !hasExponent3(spki)
        if (found.some((holds) => holds !== expected)) mismatches.push({ tcId, result, found })
        count += 1
      }
    }
    expect(mismatches).toEqual([])
    expect(count).toBe(numberOfTests)
  })
})

describe.skipIf(!isHere)("ed25519-speccheck", () => {
  it("accepts case 3 alone, in both engines", async () => {
    const found: (readonly boolean[])[] = []
    for (const specCase of read<SpecCase[]>("ed25519-speccheck-cases.json")) {
      const spki = formatEd25519Spki(bytes(specCase.pub_key))
      const signature = concat(bytes(specCase.signature))
      found.push(await answers("PKIX_ED25519", spki, signature, bytes(specCase.message)))
    }
    const holds = Array.from({ length: 12 }, (_, i) => i === 3)
    expect(found).toEqual(holds.map((one) => [one, one]))
  })
})
