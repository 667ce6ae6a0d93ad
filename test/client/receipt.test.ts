import { describe, expect, it } from "vitest"
import { verifyReceipt } from "../../src/client/receipt.ts"
import { utf8 } from "../../src/core/base/bytes.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import { bundleOfSubmission } from "../../src/sigstore/submission-bundle.ts"
import { makeSigner } from "../entry/signers.ts"
import { sha256 } from "../reference.ts"
import { expectRefusal } from "../refusals.ts"
import { blobRequest, envelopeRequest, logIdOfLog } from "./made-bundles.ts"
import { makeLog } from "./made-log.ts"

const log = makeLog()
const trust = { trustedRoot: log.trustedRoot }
const signer = makeSigner("ecdsa-p256")
const request = blobRequest(signer, utf8("artifact"))
await log.addBody(utf8("before"))
const receipt = await log.add(request)

describe("verifyReceipt()", () => {
  it("accepts a true receipt and says whether the log's key was pinned", () => {
    expect(verifyReceipt(request, receipt, trust)).toMatchObject({ index: 1, isPinned: true })
    expect(verifyReceipt(request, receipt)).toMatchObject({ index: 1, isPinned: false })
  })

  it("refuses a receipt about another submission", () => {
    const other = blobRequest(signer, utf8("other"))
    expectRefusal("mismatch", () => verifyReceipt(other, receipt, trust))
  })

  it("refuses every part that is not true", async () => {
    const later = await log.addBody(utf8("after"))
    const { proof } = receipt
    const untrue = [
      { ...receipt, index: 0 },
      { ...receipt, leafHash: sha256(utf8("x")) },
      { ...receipt, checkpoint: later.checkpoint },
      { ...receipt, proof: { ...proof, index: 0 } },
      { ...receipt, proof: { ...proof, size: 3 } },
      { ...receipt, proof: { ...proof, root: sha256(utf8("x")) } },
      { ...receipt, proof: { ...proof, hashes: [] } },
      { ...receipt, proof: { ...proof, hashes: [sha256(utf8("x"))] } },
      { ...receipt, index: 0, proof: { ...proof, index: 0 } },
    ]
    for (const it of untrue) {
      expectRefusal("bad-proof", () => verifyReceipt(request, it, trust))
      expectRefusal("bad-proof", () => verifyReceipt(request, it))
    }
  })

  it("refuses the checkpoint of a log that is not pinned", () => {
    const stranger = { trustedRoot: makeLog().trustedRoot }
    expectRefusal("untrusted", () => verifyReceipt(request, receipt, stranger))
  })

  it("finds out which of several keys each signature of an envelope holds under", async () => {
    const envelope = envelopeRequest(signer, "text/plain", utf8("payload"))
    const other = envelopeRequest(makeSigner("ecdsa-p256"), "text/plain", utf8("payload"))
    const signatures = [...envelope.envelope.signatures, ...other.envelope.signatures]
    const both = {
      ...envelope,
      envelope: { ...envelope.envelope, signatures },
      verifiers: [...other.verifiers, ...envelope.verifiers],
    }
    const answer = await log.add(both)
    expect(verifyReceipt(both, answer, trust).index).toBe(answer.index)
    const idle = { ...envelope, verifiers: both.verifiers }
    expectRefusal("bad-signature", () => verifyReceipt(idle, answer, trust))
    const neither = { ...both, verifiers: [...other.verifiers, ...otherKeys()] }
    expectRefusal("bad-signature", () => verifyReceipt(neither, answer, trust))
  })
})

function otherKeys() {
  return envelopeRequest(makeSigner("ecdsa-p256"), "text/plain", utf8("x")).verifiers
}

describe("bundleOfSubmission()", () => {
  it("names the key by the digest of its SPKI", () => {
    const { verifier } = bundleOfSubmission(request, receipt, logIdOfLog(log))
    const hint = Buffer.from(sha256(signer.spki)).toString("base64")
    expect(verifier).toEqual({ form: "hint", hint })
  })

  it("refuses an envelope with several signatures or keys", () => {
    const envelope = envelopeRequest(signer, "text/plain", utf8("payload"))
    const { signatures } = envelope.envelope
    const twice = { ...envelope.envelope, signatures: [...signatures, ...signatures] }
    const logId = asHash(sha256())
    for (const it of [
      { ...envelope, envelope: twice },
      { ...envelope, verifiers: [...envelope.verifiers, ...otherKeys()] },
    ]) {
      expectRefusal("unsupported", () => bundleOfSubmission(it, receipt, logId))
    }
  })
})
