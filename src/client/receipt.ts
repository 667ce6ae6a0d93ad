// The answer of a log to a submission, held against what was submitted, and the bundle made of both.
// Without trust in the log's key a receipt is only consistent with itself; the caller must say so.

import { equalBytes } from "../core/bytes.ts"
import { digestOf } from "../core/digest.ts"
import { refuse } from "../core/errors.ts"
import type { Hash } from "../core/hash.ts"
import { formatBase64, parseBase64 } from "../core/text.ts"
import type { EntryKind } from "../entry/entry.ts"
import { verifyPortably } from "../entry/portable-verification.ts"
import { type EntryRequest, proposeEntry } from "../entry/request.ts"
import { parseDigest } from "../entry/signature.ts"
import { readVerifierKeyText, type VerifierKeyText } from "../entry/verifier-key.ts"
import { type InclusionProof, verifyInclusion } from "./inclusion.ts"
import type { BundleVerifier, SigstoreBundle } from "./sigstore-bundle.ts"
import { type OpenedHead, openHead, type Trust } from "./trust.ts"

/** A receipt as the log sent it; {@link verifyReceipt} says whether it is true. */
export interface Receipt {
  readonly index: number
  readonly leafHash: Hash
  readonly body: Uint8Array
  /** False if the same body was in the log before; absent if the log did not say. */
  readonly isNew?: boolean
  readonly proof: InclusionProof
  readonly checkpoint: string
}

/** A receipt that holds; unless `isPinned`, it does so only by the log's own word. */
export interface VerifiedReceipt extends OpenedHead {
  readonly index: number
  readonly leafHash: Hash
}

function proposedBody(request: EntryRequest): Uint8Array {
  const { claims, body } = proposeEntry(request)
  const held = claims.map((checks) =>
    checks.length === 1 ? 0 : checks.findIndex((check) => verifyPortably(check)),
  )
  if (held.includes(-1)) refuse("bad-signature", "a signature of the envelope holds under no key")
  return body(held)
}

/**
 * As {@link verifyReceipt} with the receipt's checkpoint opened already: the receipts of a batch share
 * one, whose signature then need be verified only once.
 */
export function verifyReceiptUnder(
  head: OpenedHead,
  request: EntryRequest,
  receipt: Receipt,
): VerifiedReceipt {
  if (!equalBytes(proposedBody(request), receipt.body)) {
    refuse("mismatch", "the receipt's body is not that of the submission")
  }
  if (receipt.proof.index !== receipt.index) {
    refuse("bad-proof", `the receipt says ${receipt.index}, its proof ${receipt.proof.index}`)
  }
  const leafHash = verifyInclusion(receipt.body, receipt.proof, head)
  if (!equalBytes(leafHash, receipt.leafHash)) {
    refuse("bad-proof", "the receipt's leaf hash is not that of its body")
  }
  return { ...head, index: receipt.index, leafHash }
}

/**
 * Verifies that a receipt is about this request and that its checkpoint covers the entry. Refuses
 * `mismatch` or `bad-proof`, and with `trust` as {@link openHead} does.
 */
export function verifyReceipt(
  request: EntryRequest,
  receipt: Receipt,
  trust?: Trust,
): VerifiedReceipt {
  return verifyReceiptUnder(openHead(receipt.checkpoint, trust), request, receipt)
}

function bundleVerifier(text: VerifierKeyText): BundleVerifier {
  const key = readVerifierKeyText(text)
  return key.form === "certificate"
    ? { form: "certificate", der: key.der }
    : { form: "hint", hint: formatBase64(digestOf("sha256", key.spki)) }
}

function contentOf(request: EntryRequest): Pick<SigstoreBundle, "verifier" | "content"> {
  if (request.kind === "hashedrekord") {
    const { hash, bytes } = parseDigest(request.digest)
    const content = {
      form: "message-signature",
      messageDigest: { hash, digest: bytes },
      signature: parseBase64(request.signature, "signature"),
    } as const
    return { verifier: bundleVerifier(request), content }
  }
  const { payload, payloadType, signatures } = request.envelope
  const [verifier, otherVerifier] = request.verifiers
  const [only, other] = signatures
  if ((verifier === undefined || only === undefined || other) ?? otherVerifier) {
    return refuse("unsupported", "a bundle holds an envelope with one signature and one key")
  }
  const content = {
    form: "dsse",
    payload: parseBase64(payload, "payload"),
    payloadType,
    signature: parseBase64(only.sig, "signature"),
    ...(only.keyid !== undefined && { keyid: only.keyid }),
  } as const
  return { verifier: bundleVerifier(verifier), content }
}

/** The bundle of a submission and its verified receipt; refuses `unsupported` for several signatures. */
export function bundleOfReceipt(
  request: EntryRequest,
  receipt: Receipt,
  logId: Hash,
): SigstoreBundle {
  const { index, body, proof, checkpoint } = receipt
  const entry = {
    index,
    logId,
    kind: request.kind satisfies EntryKind,
    version: "0.0.2",
    proof: { ...proof, checkpoint },
    body,
  }
  return { ...contentOf(request), entries: [entry] }
}
