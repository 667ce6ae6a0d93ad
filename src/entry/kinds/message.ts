// Whether a message is the one that an entry's signatures were made over. It proves itself: its hash is in the body,
// or, where the body binds only a payload, the entry's own signatures hold over it. Verifies no signature itself.
import { digestOf, type HashName } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { SignatureCheck } from "../entry.ts"
import { termsOfMessage } from "../message-terms.ts"
import { sha256Text } from "../search-terms.ts"
import { parseDigest } from "../signature.ts"
import { digestedChecks } from "../signature-cost.ts"
import { type Message, readMessage, readPayloadMessage } from "../statement/message.ts"
import { IN_TOTO_PAYLOAD_TYPE, isPae } from "../statement/pae.ts"
import type { Term } from "../term.ts"
import type { LoggedKind, RecordedParts } from "./kind.ts"
import { readRecorded } from "./summary.ts"

export interface EntryMessage {
  readonly message: Message
  /** What the entry can be found by, besides what it says itself. */
  readonly terms: readonly Term[]
  /** The digest in the body that it has, as `algorithm:hex`. */
  readonly digest: string
  /** Every one must hold; empty if the body binds the whole message. */
  readonly checks: readonly SignatureCheck[]
}

/** A hash function; noble's is slow for long messages, so a server gives its own. */
type Hash = (name: HashName, bytes: Uint8Array) => Uint8Array

function mismatch(expected: string, found: string): never {
  return refuse(
    "mismatch",
    `message: expected the one of this entry, with the digest ${expected}, found one with ${found}`,
  )
}

/** Of an entry whose body has the digest of what was signed. */
function signedMessage(digest: string, bytes: Uint8Array, hash: Hash): EntryMessage {
  const message = readMessage(bytes)
  const { hash: name } = parseDigest(digest)
  const found = `${name}:${formatHex(hash(name, message.signed ?? bytes))}`
  if (found !== digest) mismatch(digest, found)
  return { message, terms: termsOfMessage(bytes), digest, checks: [] }
}

/** The message of an envelope, whether its type was given or is the body's, or the one that statements have. */
function envelopeMessage(bytes: Uint8Array, { payloadType }: RecordedParts): Message {
  if (isPae(bytes)) return readMessage(bytes)
  return readPayloadMessage(
    bytes,
    typeof payloadType === "string" ? payloadType : IN_TOTO_PAYLOAD_TYPE,
  )
}

/** Of an entry whose body has the digest of a payload: its signatures say whether the type is theirs. */
function payloadMessage(
  { kind, parts }: { readonly kind: LoggedKind | undefined; readonly parts: RecordedParts },
  stated: string,
  bytes: Uint8Array,
  hash: Hash,
): EntryMessage {
  const message = envelopeMessage(bytes, parts)
  const { payload, payloadType } = message
  if (payload === undefined || payloadType === undefined || kind?.envelope === undefined) {
    return refuse("unsupported", "message: expected that of an envelope, found another")
  }
  const found = sha256Text(hash("sha256", payload))
  if (found !== stated) mismatch(stated, found)
  const made = kind.envelope.messageChecks(parts, { payloadType, payload })
  const checks = digestedChecks(made, hash)
  // Without a signature nothing would say whose type it is.
  if (checks.length === 0)
    refuse("malformed", "message: expected an entry with signatures, found none")
  return { message, terms: termsOfMessage(bytes), digest: stated, checks }
}

/**
 * The message of the entry with this body. Refuses `mismatch` for that of another entry, `unsupported` for what is
 * an artifact and for an entry of an unknown kind, `too-large` for more than an entry can be found by, and as
 * `readMessage` and `readRecorded` do. Hashes the whole message, by noble if nothing else is given: some 15 MB a
 * second.
 */
export function messageOf(
  body: Uint8Array,
  bytes: Uint8Array,
  hash: Hash = digestOf,
): EntryMessage {
  const recorded = readRecorded(body)
  const { digest, payload } = recorded.parts
  if (digest !== undefined) return signedMessage(digest, bytes, hash)
  if (payload !== undefined) return payloadMessage(recorded, payload, bytes, hash)
  return refuse("unsupported", `message: expected an entry of a known kind, found ${recorded.name}`)
}
