// Judges a bundle that is where one is to be written: it is kept if it is what this command would write, for the same
// thing, by the same key, out of the same log. Everything about it is verified anew.
import { type Receipt, verifyReceiptUnder } from "../../client/receipt.ts"
import type { OpenedHead } from "../../client/trust.ts"
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import { verifyPortably } from "../../entry/portable-verification.ts"
import {
  formatSigstoreBundle,
  parseSigstoreBundle,
  type SigstoreBundle,
} from "../../sigstore/bundle.ts"
import { Falsehood } from "../command/exit-code.ts"
import { readText } from "../command/file.ts"
import type { Checkpoints } from "./checkpoints.ts"
import { bundleOfSigned, type Signed } from "./signed.ts"

/** A bundle that holds, read as the receipt that it was made of. */
export interface KeptBundle {
  readonly receipt: Receipt
  readonly head: OpenedHead
}

/** The submission with the signature of the bundle: another signature by the same key is as good. */
function withSignature(request: EntryRequest, { content }: SigstoreBundle): EntryRequest {
  const signature = formatBase64(content.signature)
  if (request.kind === "hashedrekord") return { ...request, signature }
  const [first] = request.envelope.signatures
  const signatures = [{ ...first, sig: signature }]
  return { ...request, envelope: { ...request.envelope, signatures } }
}

/** Refuses `bad-signature` unless every signature holds; a receipt alone leaves that to the log. */
export function assertSigned(request: EntryRequest): void {
  const { claims } = proposeEntry(request)
  const isHeld = claims.every((checks) => checks.some((check) => verifyPortably(check)))
  if (!isHeld) refuse("bad-signature", "its signature does not hold for this artifact and key")
}

/** The receipt that a bundle of one entry was made of; refuses `unsupported` for any other. */
export function receiptOf({ entries }: SigstoreBundle): Receipt {
  const [entry, more] = entries
  if (entry?.proof === undefined || more !== undefined) {
    return refuse("unsupported", "it has not exactly one entry with an inclusion proof")
  }
  const { index, body, proof } = entry
  const { checkpoint, ...path } = proof
  return { index, body, leafHash: portableHasher.leaf(body), proof: path, checkpoint }
}

async function judge(text: string, asked: Signed, checkpoints: Checkpoints): Promise<KeptBundle> {
  const bundle = parseSigstoreBundle(text)
  const request = withSignature(asked.request, bundle)
  const shown = withSignature(asked.shown, bundle)
  const receipt = receiptOf(bundle)
  const { head, logId } = await checkpoints.open(receipt.checkpoint)
  if (!equalBytes(logId, await checkpoints.ownLogId())) refuse("mismatch", "it is of another log")
  const own = bundleOfSigned({ request, shown }, receipt, logId)
  if (formatSigstoreBundle(bundle) !== formatSigstoreBundle(own)) {
    refuse("mismatch", "it is about something else, or by another key")
  }
  assertSigned(shown)
  verifyReceiptUnder(head, request, receipt)
  return { receipt, head }
}

/** The bundle in a file if it holds for this submission, or why it does not. Throws trouble. */
export async function keptBundle(
  path: string,
  signed: Signed,
  checkpoints: Checkpoints,
): Promise<KeptBundle | string> {
  try {
    return await judge(await readText(path, "bundle", LONGEST_BUNDLE), signed, checkpoints)
  } catch (error) {
    if (error instanceof Falsehood) return error.cause.message
    if (error instanceof Refusal) return error.message
    throw error
  }
}
