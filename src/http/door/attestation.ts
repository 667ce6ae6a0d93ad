// Attestations: what of a submission is kept beside the log, and giving it back once its digest is found to
// be the one in the entry's body, so that it is bound to the tree.
import { createHash } from "node:crypto"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { ENVELOPE_MEDIA_TYPE, type KeptPayload, readEnvelope } from "../../entry/dsse.ts"
import type { Proposal } from "../../entry/entry.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import type { ServedLog } from "../../log/ports/log.ts"
import type { Attachment } from "../../log/ports/store.ts"
import type { Answer } from "../serving/answer.ts"

/** What may be kept of a submission; undefined where the body has everything. */
export function attachmentOf({ envelope }: Proposal): Attachment | undefined {
  return envelope && { mediaType: ENVELOPE_MEDIA_TYPE, bytes: envelope() }
}

/**
 * The attestation of an entry with this body; undefined if none is there (any more). Throws Trouble
 * `damaged` if its payload is not the one in the body.
 */
export async function keptAttestation(
  log: ServedLog,
  index: number,
  body: Uint8Array,
): Promise<(Attachment & KeptPayload) | undefined> {
  const kept = await log.attachment(index)
  if (kept === undefined || "redacted" in kept) return undefined
  const opened = readEnvelope(kept.bytes)
  const digest = sha256Text(createHash("sha256").update(opened.payload).digest())
  if (readSummary(body).payload !== digest) {
    throw new Trouble("damaged", `the attestation of entry ${index} is not the one in its body`)
  }
  return { ...kept, ...opened }
}

/** Why there is no attestation of an entry. */
async function refuseMissing(log: ServedLog, index: number): Promise<never> {
  const kept = await log.attachment(index)
  if (kept !== undefined && "redacted" in kept) {
    const when = new Date(kept.redacted).toISOString()
    refuse("not-found", `the attestation of entry ${index} was redacted at ${when}`)
  }
  return refuse("not-found", `no attestation is kept of entry ${index}`)
}

export async function answerAttestation(log: ServedLog, index: number): Promise<Answer> {
  const { body } = await log.entry(index)
  const kept = (await keptAttestation(log, index, body)) ?? (await refuseMissing(log, index))
  const headers = { "content-type": kept.mediaType, "cache-control": "no-store" }
  return { status: 200, headers, body: kept.bytes }
}
