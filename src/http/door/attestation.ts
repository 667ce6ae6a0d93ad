// Attestations: what of a submission is kept beside the log, and giving it back once its digest is found to
// be the one in the entry's body, so that it is bound to the tree.
import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { ENVELOPE_MEDIA_TYPE, readEnvelope } from "../../entry/dsse.ts"
import type { Proposal } from "../../entry/entry.ts"
import { readSummary } from "../../entry/kinds/summary.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import { glanceAt } from "../../entry/statement/reading.ts"
import type { ServedLog } from "../../log/ports/log.ts"
import type { Attachment } from "../../log/ports/store.ts"
import type { Answer } from "../serving/answer.ts"
import type { Surroundings } from "./handler.ts"
import type { OpenedAttestation } from "./large.ts"

/** What may be kept of a submission; undefined where the body has everything. `made` is what another thread made. */
export function attachmentOf({ envelope }: Proposal, made?: Uint8Array): Attachment | undefined {
  const bytes = made ?? envelope?.()
  return bytes && { mediaType: ENVELOPE_MEDIA_TYPE, bytes }
}

/** What an envelope that was kept says; with a glance at its statement if that is asked. */
export function openAttestation(envelope: Uint8Array, withGlance: boolean): OpenedAttestation {
  const { payload, payloadType } = readEnvelope(envelope)
  const digest = sha256Text(createHash("sha256").update(payload).digest())
  return { digest, payloadType, ...(withGlance && { glance: glanceAt(payload) }) }
}

interface Asked {
  readonly index: number
  /** Of the entry. */
  readonly body: Uint8Array
  /** Who asks, by which large ones take turns. */
  readonly request: IncomingMessage
  readonly withGlance?: true
}

/** Throws Trouble `damaged` unless it is the digest of the payload in the body. */
function assertOwn({ index, body }: Pick<Asked, "index" | "body">, digest: string): void {
  if (readSummary(body).payload === digest) return
  throw new Trouble("damaged", `the attestation of entry ${index} is not the one in its body`)
}

/**
 * The attestation of an entry with this body; undefined if none is there (any more). Throws Trouble
 * `damaged` if its payload is not the one in the body.
 */
export async function keptAttestation(
  { log, large, addressOf }: Pick<Surroundings, "log" | "large" | "addressOf">,
  asked: Asked,
): Promise<(Attachment & Pick<OpenedAttestation, "payloadType" | "glance">) | undefined> {
  const { index, request, withGlance = false } = asked
  const kept = await log.attachment(index)
  if (kept === undefined || "redacted" in kept) return undefined
  const { bytes } = kept
  const opened =
    large === undefined || bytes.length < large.from
      ? openAttestation(bytes, withGlance)
      : await large.openAttestation(bytes, withGlance, addressOf(request))
  assertOwn(asked, opened.digest)
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

export async function answerAttestation(
  surroundings: Pick<Surroundings, "log" | "large" | "addressOf">,
  index: number,
  request: IncomingMessage,
): Promise<Answer> {
  const { log } = surroundings
  const { body } = await log.entry(index)
  const asked = { index, body, request }
  const kept = (await keptAttestation(surroundings, asked)) ?? (await refuseMissing(log, index))
  const headers = { "content-type": kept.mediaType, "cache-control": "no-store" }
  return { status: 200, headers, body: kept.bytes }
}
