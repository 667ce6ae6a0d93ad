// What an entry's signed bytes say, where they are at hand: the payload of an envelope, or the message that a
// signature over a digest was made over. They come from the log or from anyone, so they count only if their digest is
// the one in the body. What readers take out of them in one way only is *plain*; of everything else stands here what
// any reader at all may find in it.
import { unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { type KeptPayload, readEnvelope } from "../../entry/dsse.ts"
import { readMessage } from "../../entry/statement/message.ts"
import { readStatement, type StatedSubject } from "../../entry/statement/reading.ts"
import { readSuperset, type Superset } from "../../entry/statement/superset.ts"

/** What signed bytes say to their readers. */
interface Said {
  readonly subjects: readonly StatedSubject[]
  /** What some reader may find in it; undefined if all readers find the subjects and nothing else. */
  readonly odd: Superset | undefined
}

export interface EntryPayload extends KeptPayload, Said {}

/** What nothing says. */
export const unsaid: Said = { subjects: [], odd: undefined }

/** What a payload says, whatever its type is. Never throws. */
function saidIn(payload: Uint8Array): Said {
  const reading = readStatement(payload)
  return reading.form === "plain"
    ? { subjects: reading.subjects, odd: undefined }
    : { subjects: [], odd: readSuperset(payload) }
}

/** What a message says, which is the one of its entry; undefined for an artifact. Never throws. */
export function readSaid(message: Uint8Array): Said | undefined {
  const read = unlessRefused(() => readMessage(message))
  if (read === undefined) return undefined
  const { subjects, isOdd, payload = message } = read
  return { subjects, odd: isOdd ? readSuperset(payload) : undefined }
}

/** The payload, if it is the one with this digest (`sha256:hex`); else undefined. */
function takePayload(
  digest: string,
  kept: KeptPayload | undefined,
  sha256: (bytes: Uint8Array) => Uint8Array,
): EntryPayload | undefined {
  if (kept === undefined || digest !== `sha256:${formatHex(sha256(kept.payload))}`) return undefined
  return { payloadType: kept.payloadType, payload: kept.payload, ...saidIn(kept.payload) }
}

/**
 * The payload in an envelope, if it is the one with this digest (`sha256:hex`); else undefined. Its type is
 * not bound by the entry, so the subjects are read whatever the envelope says. Never throws.
 */
export function openPayload(
  digest: string,
  envelope: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): EntryPayload | undefined {
  return takePayload(
    digest,
    unlessRefused(() => readEnvelope(envelope)),
    sha256,
  )
}

/** As {@link openPayload}, of a message that is an envelope's pre-authentication encoding. */
export function openMessage(
  digest: string,
  message: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): EntryPayload | undefined {
  const { payload, payloadType } = unlessRefused(() => readMessage(message)) ?? {}
  const isWhole = payload !== undefined && payloadType !== undefined
  return takePayload(digest, isWhole ? { payload, payloadType } : undefined, sha256)
}
