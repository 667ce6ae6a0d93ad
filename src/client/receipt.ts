// The answer of a log to a submission, held against what was submitted.
// Without trust in the log's key a receipt is only consistent with itself; the caller must say so.
import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import type { Hash } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import { proposeEntry } from "../entry/kinds/request.ts"
import { verifyPortably } from "../entry/portable-verification.ts"
import { verifyInclusion } from "./inclusion.ts"
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
  /** Whether the log says that witnesses cosigned the checkpoint; absent if it was not asked to wait. */
  readonly witnessed?: boolean
}

/** A receipt that holds; unless `isPinned`, it does so only by the log's own word. */
export interface VerifiedReceipt extends OpenedHead {
  readonly index: number
  readonly leafHash: Hash
}

/** The canonical body that follows from a submission. Refuses as `proposeEntry` does, and `bad-signature`. */
export function proposedBody(request: EntryRequest): Uint8Array {
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
 * Verifies that a receipt is about this request and that its checkpoint covers the entry. Refuses `mismatch` or
 * `bad-proof`, and with `trust` also `untrusted` and `bad-signature`. Without it the checkpoint's signature is
 * not looked at, and `isPinned` is false.
 *
 * @example
 * ```ts
 * import { createHash, createPublicKey, sign } from "node:crypto"
 * import { readFileSync } from "node:fs"
 * import { createLogClient, parseTrustedRoot, verifyReceipt } from "countersign/client"
 * import type { EntryRequest } from "countersign/client"
 *
 * const artifact = readFileSync("artifact.txt")
 * const key = readFileSync("signer.pem", "utf8")
 * const request: EntryRequest = {
 *   kind: "hashedrekord",
 *   digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
 *   signature: sign("sha256", artifact, key).toString("base64"),
 *   publicKey: createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64"),
 * }
 * const receipt = await createLogClient({ url: "http://localhost:3000" }).submit(request)
 * const trustedRoot = parseTrustedRoot(readFileSync("trusted_root.json", "utf8"))
 * console.log(verifyReceipt(request, receipt, { trustedRoot }).isPinned) // true
 * ```
 */
export function verifyReceipt(
  request: EntryRequest,
  receipt: Receipt,
  trust?: Trust,
): VerifiedReceipt {
  return verifyReceiptUnder(openHead(receipt.checkpoint, trust), request, receipt)
}
