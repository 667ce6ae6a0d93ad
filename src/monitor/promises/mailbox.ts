// What others have posted to the monitor and no round has looked at yet. The door puts in, the next round
// takes everything out. Bounded for each log: what would convict the log goes before what is merely newer.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { refuse, unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Observation } from "../findings/case.ts"
import type { KnownKeys } from "../heads/statement.ts"
import { collection } from "../state/collection.ts"
import { type Documents, ofLog } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import type { PostedPromise } from "./posted-receipt.ts"
import { keepReceipt, keepTimestamp } from "./promise-record.ts"

export interface PostedHead {
  readonly origin: Origin
  /** With lines of known keys only, and one of the log's that holds. */
  readonly note: string
  readonly size: number
  /** Whether the monitor's own tree has another root at this size. */
  readonly contradicts: boolean
  /** Unix milliseconds. */
  readonly receivedAt: number
}

/** The port of the door. */
export interface Mailbox {
  /** Takes a head, dropping a less important one if there are too many of its log. */
  postHead(head: PostedHead): void
  /** Refuses `try-later` if there are too many promises. */
  postPromise(promise: PostedPromise): void
}

export interface OpenMailbox extends Mailbox {
  /**
   * Puts everything into the documents, heads for the next round, promises as what the logs are held to, as far as
   * there is room; `logs` are those that are followed, `now` is in Unix milliseconds.
   */
  drain(documents: Documents, logs: readonly KnownKeys[], now: number): void
}

/** Heads of one log that are kept, here and in the documents each. */
export const MOST_POSTED_HEADS = 64
const MOST_PROMISES = 1_024
/** UTF-16 units of all promises in the mailbox. */
const MOST_PROMISED = 8_388_608

function idOf(note: string): string {
  return formatHex(digestOf("sha256", utf8(note)))
}

/** The more important one first. */
function byImportance(a: PostedHead, b: PostedHead): number {
  return Number(b.contradicts) - Number(a.contradicts) || b.size - a.size
}

/** By origin and a hash of the note. */
export const inbox = collection("inbox", message({ note: text, receivedAt: integer }))

/** The posted heads of a log; they leave the documents. */
export function takeInbox(documents: Documents, origin: Origin): readonly Observation[] {
  return ofLog(documents, inbox, origin).map(([id, posted]) => {
    documents.remove(inbox, `${origin} ${id}`)
    return { ...posted, vantage: "verifier" }
  })
}

function lengthOf(promise: PostedPromise): number {
  return promise.form === "receipt"
    ? promise.receipt.checkpoint.length
    : promise.timestamp.body.length
}

/** Keeps a promise unless its log has too many already. */
function keepPromise(
  documents: Documents,
  promise: PostedPromise,
  logs: readonly KnownKeys[],
  now: number,
): void {
  const keys = logs.find(({ origin }) => origin === promise.origin)
  if (keys === undefined) return
  unlessRefused(() =>
    promise.form === "receipt"
      ? keepReceipt(documents, keys, promise.receipt, now)
      : keepTimestamp(documents, keys, promise.timestamp, now),
  )
}

export function createMailbox(): OpenMailbox {
  const heads = new Map<Origin, Map<string, PostedHead>>()
  let promises: PostedPromise[] = []
  let promised = 0

  function drainLog(documents: Documents, origin: Origin, posted: Iterable<PostedHead>): void {
    const waiting = documents.keys(inbox, `${origin} `).length
    const room = Math.max(0, MOST_POSTED_HEADS - waiting)
    for (const { note, receivedAt } of [...posted].sort(byImportance).slice(0, room)) {
      documents.put(inbox, `${origin} ${idOf(note)}`, { note, receivedAt })
    }
  }

  return {
    postHead(head) {
      const ofLog = heads.get(head.origin) ?? new Map<string, PostedHead>()
      heads.set(head.origin, ofLog)
      ofLog.set(idOf(head.note), head)
      if (ofLog.size <= MOST_POSTED_HEADS) return
      const [least] = [...ofLog].sort(([, a], [, b]) => byImportance(b, a))
      if (least !== undefined) ofLog.delete(least[0])
    },
    postPromise(promise) {
      const length = lengthOf(promise)
      if (promises.length === MOST_PROMISES || promised + length > MOST_PROMISED) {
        refuse("try-later", "too many receipts wait for the next round")
      }
      promises.push(promise)
      promised += length
    },
    drain(documents, logs, now) {
      for (const [origin, posted] of heads) drainLog(documents, origin, posted.values())
      for (const promise of promises) keepPromise(documents, promise, logs, now)
      heads.clear()
      promises = []
      promised = 0
    },
  }
}
