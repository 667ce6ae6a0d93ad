// Attestations: what of a submission is kept beside the log, and giving it back once its digest is found to
// be the one in the entry's body, so that it is bound to the tree.
import { createHash } from "node:crypto"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { asList, asObject, asText } from "../../core/base/json-value.ts"
import { parseBase64 } from "../../core/base/text.ts"
import { MOST_SIGNATURES } from "../../entry/dsse.ts"
import type { EntryRequest } from "../../entry/request.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import type { Log } from "../../log/ports/log.ts"
import type { Attachment } from "../../log/ports/store.ts"
import {
  ENVELOPE_MEDIA_TYPE,
  formatEnvelope,
  type KeptPayload,
  readEnvelope,
} from "../../sigstore/kept-envelope.ts"
import { readSummary } from "../../sigstore/recorded-summary.ts"
import type { JsonObject } from "../rekor-v1/request.ts"
import type { Answer } from "../serving/answer.ts"

/** What may be kept of a submission; undefined where the body has everything. */
export function attachmentOf(request: EntryRequest): Attachment | undefined {
  if (request.kind !== "dsse") return undefined
  return { mediaType: ENVELOPE_MEDIA_TYPE, bytes: formatEnvelope(request.envelope) }
}

/** The envelope in base64 twice, as intoto 0.0.2 has it, in its own form. */
function unwrapped(envelope: unknown): Uint8Array {
  const members = asObject(envelope, "envelope", ["payload", "payloadType", "signatures"])
  const inner = (value: unknown) => parseUtf8(parseBase64(asText(value, "text"), "text"), "text")
  const signatures = asList(members.signatures, "signatures", MOST_SIGNATURES).map((item) => {
    return { sig: inner(asObject(item, "signature", ["sig"]).sig) }
  })
  const payloadType = asText(members.payloadType, "payloadType")
  return formatEnvelope({ payload: inner(members.payload), payloadType, signatures })
}

function envelopeInRekorV1({ kind, spec }: JsonObject): Uint8Array | undefined {
  const { proposedContent, content } = asObject(spec, "spec", ["proposedContent", "content"])
  if (kind === "dsse") {
    const { envelope } = asObject(proposedContent, "proposedContent", ["envelope"])
    return utf8(asText(envelope, "envelope"))
  }
  return kind === "intoto"
    ? unwrapped(asObject(content, "content", ["envelope"]).envelope)
    : undefined
}

/**
 * The same for a submission to Rekor v1 that was accepted. An envelope in one of the other spellings
 * that Rekor takes is not kept.
 */
export function attachmentOfRekorV1(entry: JsonObject): Attachment | undefined {
  try {
    const bytes = envelopeInRekorV1(entry)
    if (bytes === undefined) return undefined
    readEnvelope(bytes)
    return { mediaType: ENVELOPE_MEDIA_TYPE, bytes }
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

export interface KeptAttestation extends Attachment, KeptPayload {}

/**
 * The attestation of an entry with this body; undefined if none is there (any more). Throws Trouble
 * `damaged` if its payload is not the one in the body.
 */
export async function keptAttestation(
  log: Log,
  index: number,
  body: Uint8Array,
): Promise<KeptAttestation | undefined> {
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
async function refuseMissing(log: Log, index: number): Promise<never> {
  const kept = await log.attachment(index)
  if (kept !== undefined && "redacted" in kept) {
    const when = new Date(kept.redacted).toISOString()
    refuse("not-found", `the attestation of entry ${index} was redacted at ${when}`)
  }
  return refuse("not-found", `no attestation is kept of entry ${index}`)
}

export async function answerAttestation(log: Log, index: number): Promise<Answer> {
  const { body } = await log.entry(index)
  const kept = (await keptAttestation(log, index, body)) ?? (await refuseMissing(log, index))
  const headers = { "content-type": kept.mediaType, "cache-control": "no-store" }
  return { status: 200, headers, body: kept.bytes }
}
