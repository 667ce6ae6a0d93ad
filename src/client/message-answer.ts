// What a log's native API answers about messages: the bytes that were signed, attached to entries that have only a hash
// of them. Members that this version does not know are passed over.
import { refuse } from "../core/base/errors.ts"
import { asInteger, asList, asObject, asText, optional } from "../core/base/json-value.ts"
import { present } from "../core/base/present.ts"

/** What became of a message that was attached. */
export interface AttachedMessage {
  /** The digest in the entry's body that the message has, or its payload. */
  readonly digest: string
  readonly form: string
  /** Its number in the log, counted from 1. */
  readonly sequence: number
  /** False if somebody had attached it before. */
  readonly isNew: boolean
  /** Searches know what the messages up to this number say, by now. */
  readonly attachedUpTo: number
}

/** A message by the log's word; {@link LogClient.message} gives it. */
export interface ListedMessage {
  readonly sequence: number
  readonly digest: string
  readonly form: string
  /** The entry that it was attached to. */
  readonly index: number
  /** Bytes; 0 for one that the log's operator has taken away. */
  readonly size: number
}

/** A page of the messages of a log. */
export interface Messages {
  readonly messages: readonly ListedMessage[]
  /** `after` of the next page; undefined if there is none by now. */
  readonly next?: number
  /** Searches know what the messages up to this number say. */
  readonly attachedUpTo: number
}

/** Which messages are asked for: up to `limit` of them beyond number `after`. */
export interface MessagePage {
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

const MOST_MESSAGES = 1_000

export function readAttached(value: unknown): AttachedMessage {
  const { digest, form, sequence, isNew, attachedUpTo } = asObject(value, "message")
  return {
    digest: asText(digest, "message.digest"),
    form: asText(form, "message.form"),
    sequence: asInteger(sequence, "message.sequence"),
    isNew: isNew === true,
    attachedUpTo: asInteger(attachedUpTo, "message.attachedUpTo"),
  }
}

function readListed(value: unknown): ListedMessage {
  const { sequence, digest, form, index, size } = asObject(value, "message")
  return {
    sequence: asInteger(sequence, "message.sequence"),
    digest: asText(digest, "message.digest"),
    form: asText(form, "message.form"),
    index: asInteger(index, "message.index"),
    size: asInteger(size, "message.size"),
  }
}

/** Refuses `malformed` also for numbers that do not rise from `after` on. */
export function readMessages(value: unknown, { after = 0 }: MessagePage): Messages {
  const answer = asObject(value, "messages", ["messages", "next", "attachedUpTo"])
  const messages = asList(answer.messages, "messages", MOST_MESSAGES).map(readListed)
  const next = optional(answer.next, (number) => asInteger(number, "next"))
  let last = after
  for (const { sequence } of messages) {
    if (sequence <= last) {
      refuse("malformed", `messages: expected a number above ${last}, found ${sequence}`)
    }
    last = sequence
  }
  if (next !== undefined && (next <= after || next < last)) {
    refuse("malformed", `next: expected a number from ${last} on, found ${next}`)
  }
  const attachedUpTo = asInteger(answer.attachedUpTo, "attachedUpTo")
  return { messages, ...present({ next }), attachedUpTo }
}
