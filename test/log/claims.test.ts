// What false signatures may cost a log: beyond the check that failed, one submission at a time has its mistakes tried.
import { createHash, sign } from "node:crypto"
import { expect, test } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatHex } from "../../src/core/base/text.ts"
import type { SignatureVerifier } from "../../src/entry/entry.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { MOST_READINGS } from "../../src/entry/signature-diagnosis.ts"
import { verifyClaims } from "../../src/log/claims.ts"
import { base64, makeSigner } from "../entry/signers.ts"

const signer = makeSigner("ecdsa-p256")
const artifact = utf8("an artifact")
const digest = Uint8Array.from(createHash("sha256").update(artifact).digest())

function proposalOf(message: Uint8Array) {
  return proposeEntry({
    kind: "hashedrekord",
    digest: `sha256:${formatHex(digest)}`,
    signature: base64(sign("sha256", message, signer.privateKey)),
    publicKey: base64(signer.spki),
  })
}

/** An engine that counts, and what it has under way at once. */
function counting(): SignatureVerifier & { readonly calls: () => number } {
  let calls = 0
  return {
    engine: "counting",
    calls: () => calls,
    async verify(check) {
      calls += 1
      await new Promise((resolve) => setImmediate(resolve))
      return verifyPortably(check)
    },
    close: async () => {},
  }
}

const hexText = utf8(formatHex(digest))

test("a signature over the hexadecimal text of a digest is refused with that reason", async () => {
  const refused = verifyClaims(counting(), proposalOf(hexText))
  await expect(refused).rejects.toMatchObject({
    code: "bad-signature",
    message: expect.stringMatching(/does not verify .*; it was made over the hexadecimal text/),
  })
})

test("a signature that holds costs one check", async () => {
  const verifier = counting()
  expect(await verifyClaims(verifier, proposalOf(artifact))).toEqual([0])
  expect(verifier.calls()).toBe(1)
})

test("of a hundred false signatures at once one is explained, and the next one afterwards", async () => {
  const verifier = counting()
  const wrong = proposalOf(utf8("another artifact"))
  const refused = await Promise.allSettled(
    Array.from({ length: 100 }, () => verifyClaims(verifier, wrong)),
  )
  expect(refused.every(({ status }) => status === "rejected")).toBe(true)
  expect(verifier.calls()).toBeLessThanOrEqual(100 + MOST_READINGS)
  await expect(verifyClaims(verifier, wrong)).rejects.toThrow(/none of the usual mistakes/)
})
