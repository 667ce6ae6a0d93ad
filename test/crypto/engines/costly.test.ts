// What is costly to verify waits in a lane of its own: nobody's ECDSA P-256 waits for somebody's P-521, and large messages
// do not take all of libuv's threads.
import { createHash } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createNativeVerifier } from "../../../src/crypto/engines/native.ts"
import type { Algorithm } from "../../../src/entry/algorithm.ts"
import type { SignatureCheck, SignatureVerifier } from "../../../src/entry/entry.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { digestedChecks, mayHold, weightOf } from "../../../src/entry/signature-cost.ts"
import { makeCheck, makeSigner, type Signer } from "../../entry/signers.ts"

const bytes = new Uint8Array(Buffer.from("a message"))
const signers = {
  p256: makeSigner("ecdsa-p256"),
  p384: makeSigner("ecdsa-p384"),
  p521: makeSigner("ecdsa-p521"),
  ed25519: makeSigner("ed25519"),
  rsa: makeSigner("rsa-2048"),
}
const p256 = makeCheck(signers.p256, "PKIX_ECDSA_P256_SHA_256", "digest", bytes)
const p521 = makeCheck(signers.p521, "PKIX_ECDSA_P521_SHA_512", "digest", bytes)
const ed25519ph = makeCheck(signers.ed25519, "PKIX_ED25519_PH", "digest", bytes)

let verifier: SignatureVerifier
beforeAll(async () => {
  verifier = await createNativeVerifier()
})
afterAll(() => verifier.close())

test.each([
  ["P-521", p521],
  ["Ed25519ph", ed25519ph],
])("a P-256 is answered before sixty of %s that came first", async (_, check) => {
  const order: string[] = []
  const costly = Array.from({ length: 60 }, async () => {
    expect(await verifier.verify(check, "a")).toBe(true)
    order.push("costly")
  })
  expect(await verifier.verify(p256, "b")).toBe(true)
  order.push("cheap")
  await Promise.all(costly)
  expect(order.indexOf("cheap")).toBeLessThan(60)
})

test("what one sender has waiting does not hold up another one's", async () => {
  const order: string[] = []
  const all = Array.from({ length: 40 }, async () => {
    await verifier.verify(p521, "a")
    order.push("a")
  })
  await verifier.verify(p521, "b")
  order.push("b")
  await Promise.all(all)
  expect(order.indexOf("b")).toBeLessThan(20)
})

const algorithms: readonly (readonly [Algorithm, Signer])[] = [
  ["PKIX_ECDSA_P256_SHA_256", signers.p256],
  ["PKIX_ECDSA_P384_SHA_384", signers.p384],
  ["PKIX_ECDSA_P521_SHA_512", signers.p521],
  ["PKIX_RSA_PKCS1V15_2048_SHA256", signers.rsa],
]

const hash = (name: string, message: Uint8Array): Uint8Array =>
  createHash(name).update(message).digest()

test.each(algorithms)(
  "%s holds over a digest as over its message, by either hash",
  async (algorithm, signer) => {
    const own = makeCheck(signer, algorithm, "message", bytes)
    const other = { ...own, signed: { form: "message", message: bytes, hash: "sha256" } } as const
    for (const check of [own, other] satisfies SignatureCheck[]) {
      const [digested] = digestedChecks([check], hash)
      if (digested === undefined) throw new Error("a check has become none")
      expect(digested.signed.form).toBe("digest")
      const expected = verifyPortably(check)
      expect(verifyPortably(digested)).toBe(expected)
      expect(await verifier.verify(check)).toBe(expected)
      expect(await verifier.verify(digested)).toBe(expected)
    }
  },
)

test("a digest of another length than its hash has holds nowhere", async () => {
  const signed = { form: "digest", digest: hash("sha512", bytes), hash: "sha256" } as const
  for (const check of [
    { ...p521, signed },
    { ...p256, signed },
  ]) {
    expect(await verifier.verify(check)).toBe(false)
    expect(verifyPortably(check)).toBe(false)
  }
})

test("every signature that holds has a form that is tried", () => {
  for (let round = 0; round < 50; round++) {
    const message = new Uint8Array([round])
    for (const [algorithm, signer] of algorithms) {
      expect(mayHold(makeCheck(signer, algorithm, "message", message))).toBe(true)
    }
  }
  expect(mayHold(ed25519ph)).toBe(true)
})

test("large curves, Ed25519ph and long messages weigh more than P-256", () => {
  const long = new Uint8Array(3_000_000)
  const longMessage = makeCheck(signers.ed25519, "PKIX_ED25519", "message", long)
  expect(weightOf(p256)).toBe(1)
  for (const check of [p521, ed25519ph, longMessage]) expect(weightOf(check)).toBeGreaterThan(10)
})
