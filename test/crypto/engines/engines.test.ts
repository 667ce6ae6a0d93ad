import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { concat } from "../../../src/core/base/bytes.ts"
import { createNativeVerifier } from "../../../src/crypto/engines/native.ts"
import { createPortableVerifier } from "../../../src/crypto/engines/portable.ts"
import { createSignatureVerifier } from "../../../src/crypto/engines/verification.ts"
import {
  type Algorithm,
  algorithms,
  everyAlgorithm,
  type KeyType,
} from "../../../src/entry/algorithm.ts"
import type { SignatureCheck, SignatureVerifier, Signed } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { hashOf, makeCheck, makeSigner, type Signer } from "../../entry/signers.ts"
import { damages, flipped } from "./damage.ts"

const message = new TextEncoder().encode("the artifact")
const signers = new Map<KeyType, Signer>()

function signerOf(algorithm: Algorithm): Signer {
  const { keyType } = algorithms[algorithm]
  const signer = signers.get(keyType) ?? makeSigner(keyType)
  signers.set(keyType, signer)
  return signer
}

function formsOf(algorithm: Algorithm): readonly Signed["form"][] {
  return algorithm === "PKIX_ED25519" ? ["message"] : ["digest", "message"]
}

const forms = everyAlgorithm.flatMap((algorithm) =>
  formsOf(algorithm).map((form) => ({ algorithm, form })),
)

function goodCheck(algorithm: Algorithm, form: Signed["form"]): SignatureCheck {
  return makeCheck(signerOf(algorithm), algorithm, form, message)
}

function withDigest(check: SignatureCheck, change: (digest: Uint8Array) => Uint8Array) {
  if (check.signed.form !== "digest") throw new Error("expected a check over a digest")
  const digest = change(check.signed.digest)
  return { ...check, signed: { form: "digest", digest } } satisfies SignatureCheck
}

let native: SignatureVerifier
let portable: SignatureVerifier

beforeAll(async () => {
  native = await createNativeVerifier()
  portable = createPortableVerifier()
})

afterAll(async () => {
  await Promise.all([native.close(), portable.close()])
})

/** The native answer, after making sure that the portable one is the same. */
async function agreed(check: SignatureCheck): Promise<boolean> {
  const holds = await native.verify(check)
  expect(verifyPortably(check)).toBe(holds)
  return holds
}

describe("the engines", () => {
  it.each(forms)("accept $algorithm over a $form", async ({ algorithm, form }) => {
    const check = goodCheck(algorithm, form)
    expect(await agreed(check)).toBe(true)
    expect(await portable.verify(check)).toBe(true)
  })

  it.each(forms)(
    "agree on every damage to $algorithm over a $form",
    async ({ algorithm, form }) => {
      const check = goodCheck(algorithm, form)
      const digest = hashOf(algorithm, message)
      const found: Record<string, boolean> = {}
      const expected: Record<string, boolean> = {}
      for (const damage of damages(signerOf(algorithm), algorithm, check.signature, digest)) {
        found[damage.name] = await agreed({ ...check, signature: damage.signature })
        expected[damage.name] = damage.holds ?? false
      }
      expect(found).toEqual(expected)
    },
  )

  it.each(forms)("refuse another text for $algorithm over a $form", async ({ algorithm, form }) => {
    const check = goodCheck(algorithm, form)
    const { signed } = makeCheck(signerOf(algorithm), algorithm, form, flipped(message, 3))
    expect(await agreed({ ...check, signed })).toBe(false)
  })

  it.each(forms)("refuse another key for $algorithm over a $form", async ({ algorithm, form }) => {
    const check = goodCheck(algorithm, form)
    const { keyType } = algorithms[algorithm]
    const isSlow = keyType === "rsa-4096" || keyType === "rsa-3072"
    const others = [...signers.values()].filter((signer) => signer.keyType !== keyType)
    const keys = isSlow ? others : [...others, makeSigner(keyType)]
    for (const { spki } of keys) expect(await agreed({ ...check, spki })).toBe(false)
  })

  const digestForms = forms.filter(({ form }) => form === "digest")
  it.each(digestForms)(
    "refuse a digest of another length for $algorithm",
    async ({ algorithm }) => {
      const check = goodCheck(algorithm, "digest")
      // OpenSSL on its own accepts the first of these for ECDSA on P-256.
      const changes: ((digest: Uint8Array) => Uint8Array)[] = [
        (digest) => concat(digest, new Uint8Array(32).fill(7)),
        (digest) => concat(digest, Uint8Array.of(0)),
        (digest) => concat(Uint8Array.of(0), digest),
        (digest) => digest.subarray(0, -1),
        () => new Uint8Array(0),
      ]
      for (const change of changes) expect(await agreed(withDigest(check, change))).toBe(false)
    },
  )

  it("do not take a pure Ed25519 signature for a prehashed one or the reverse", async () => {
    const pure = goodCheck("PKIX_ED25519", "message")
    const prehashed = goodCheck("PKIX_ED25519_PH", "message")
    expect(await agreed({ ...pure, algorithm: "PKIX_ED25519_PH" })).toBe(false)
    expect(await agreed({ ...prehashed, algorithm: "PKIX_ED25519" })).toBe(false)
    const digest = hashOf("PKIX_ED25519", message)
    expect(await agreed({ ...pure, signed: { form: "digest", digest } })).toBe(false)
    expect(await agreed({ ...pure, signed: { form: "message", message: digest } })).toBe(false)
  })

  it("refuse a key in any other spelling", async () => {
    const check = goodCheck("PKIX_ECDSA_P256_SHA_256", "digest")
    const spki = check.spki
    const offCurve = flipped(spki, 8 * (spki.length - 1))
    const spellings = [
      concat(spki, Uint8Array.of(0)),
      concat(Uint8Array.of(0x30, 0x81), spki.subarray(1)),
      spki.subarray(0, -1),
      offCurve,
      new Uint8Array(0),
    ]
    for (const other of spellings) expect(await agreed({ ...check, spki: other })).toBe(false)
  })

  it("refuse Ed25519 keys under which one signature holds for every message", async () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31))
    const prefix = signerOf("PKIX_ED25519").spki.subarray(0, 12)
    const signature = concat(identity, new Uint8Array(32))
    for (const text of ["one", "another"]) {
      const signed: Signed = { form: "message", message: new TextEncoder().encode(text) }
      const spki = concat(prefix, identity)
      expect(await agreed({ algorithm: "PKIX_ED25519", spki, signature, signed })).toBe(false)
    }
  })

  it("answer every input, agree on it, and never fail", async () => {
    const bytes = fc.uint8Array({ maxLength: 80 })
    const cheap: readonly Algorithm[] = [
      "PKIX_ECDSA_P256_SHA_256",
      "PKIX_ED25519",
      "PKIX_ED25519_PH",
    ]
    const rsa: Algorithm = "PKIX_RSA_PKCS1V15_2048_SHA256"
    const signed = fc.oneof(
      bytes.map((digest): Signed => ({ form: "digest", digest })),
      fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((digest): Signed => ({ form: "digest", digest })),
      bytes.map((text): Signed => ({ form: "message", message: text })),
    )
    const keys = [...cheap, rsa].map((algorithm) => signerOf(algorithm).spki)
    const check: fc.Arbitrary<SignatureCheck> = fc.record({
      algorithm: fc.constantFrom(...cheap, rsa),
      spki: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, bytes),
      signature: fc.oneof(
        bytes,
        fc.uint8Array({ minLength: 256, maxLength: 256 }),
        fc.nat(2047).map((bit) => flipped(goodCheck(rsa, "digest").signature, bit)),
      ),
      signed,
    })
    await fc.assert(
      fc.asyncProperty(check, async (arbitrary) => {
        expect(await agreed(arbitrary)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

describe("createNativeVerifier()", () => {
  it("verifies many more checks at once than it has in flight and keys than it keeps", async () => {
    const small = await createNativeVerifier({ maxInFlight: 3, maxKeys: 2 })
    const algorithm = "PKIX_ECDSA_P256_SHA_256"
    const checks = Array.from({ length: 8 }, () => makeSigner("ecdsa-p256")).flatMap((signer) => {
      const good = makeCheck(signer, algorithm, "digest", message)
      const bad = withDigest(good, (digest) => flipped(digest, 5))
      return [good, bad, good, { ...good, signature: flipped(good.signature, 300) }]
    })
    const many = [...checks, ...checks.toReversed(), ...checks]
    const answers = await Promise.all(many.map((check) => small.verify(check)))
    expect(answers).toEqual(many.map((check) => verifyPortably(check)))
    await small.close()
  })

  it("finishes what is under way when it is closed and takes nothing more", async () => {
    const verifier = await createNativeVerifier({ maxInFlight: 2 })
    const check = goodCheck("PKIX_ECDSA_P256_SHA_256", "digest")
    const answers = Array.from({ length: 20 }, () => verifier.verify(check))
    await verifier.close()
    expect(await Promise.all(answers)).toEqual(Array(20).fill(true))
    await expect(verifier.verify(check)).rejects.toThrow("closed")
  })
})

describe("createPortableVerifier()", () => {
  it("takes nothing more when it is closed", async () => {
    const verifier = createPortableVerifier()
    await verifier.close()
    const check = goodCheck("PKIX_ECDSA_P256_SHA_256", "digest")
    await expect(verifier.verify(check)).rejects.toThrow("closed")
  })
})

describe("createSignatureVerifier()", () => {
  it.each([
    ["auto", "native (OpenSSL"],
    ["native", "native (OpenSSL"],
    ["portable", "portable (JavaScript)"],
  ] as const)("makes the engine %s and says which", async (engine, text) => {
    const verifier = await createSignatureVerifier({ engine })
    expect(verifier.engine).toContain(text)
    await verifier.close()
  })
})
