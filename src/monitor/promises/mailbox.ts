// What others post to the monitor: heads, and receipts, which are verified before anything is kept: a signed entry
// timestamp of Rekor v1, or a receipt of the native API, whose proof leads to a signed head. The door puts in, the
// next round takes everything out. Bounded for each log: what would convict the log goes before what is merely newer.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal, refuse, unlessRefused } from "../../core/base/errors.ts"
import {
  asBytes,
  asInteger,
  asList,
  asObject,
  asText,
  isAbsent,
  parseJson,
} from "../../core/base/json-value.ts"
import { MOST_PROOF_HASHES } from "../../core/base/limits.ts"
import { formatBase64, formatHex, parseHex } from "../../core/base/text.ts"
import { type ListedHead, parseHeadList } from "../../core/note/head-list.ts"
import type { Vkey } from "../../core/note/note.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import { asHash, portableHasher } from "../../core/tree/hash.ts"
import { verifyInclusion } from "../../core/tree/proof.ts"
import { canonicalJson } from "../../entry/canonical-json.ts"
import type { Observation } from "../findings/case.ts"
import type { KnownKeys } from "../heads/statement.ts"
import { collection } from "../state/collection.ts"
import { type Documents, hashName, ofLog } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import {
  keepReceipt,
  keepTimestamp,
  type PromisedEntry,
  type PromisedTimestamp,
} from "./promise-record.ts"

export interface PostedHead {
  readonly origin: Origin
  /** With lines of known keys only, which hold, and one of the log's. */
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

/** Name, size and root, without extension lines, which need not be signed; and how many signatures there are. */
function partsOf({ note }: PostedHead) {
  const end = note.lastIndexOf("\n\n")
  const named = note.split("\n", 3).join("\n")
  return { named, lines: note.slice(end).split("\n— ").length - 1 }
}

/**
 * The most important ones first: of each head the note with most signatures comes before any other note of a head, so
 * that nobody can fill the mailbox with one head in many notes.
 */
function byImportance(posted: Iterable<PostedHead>): readonly PostedHead[] {
  const byLines = [...posted]
    .map((head) => ({ head, ...partsOf(head) }))
    .sort((a, b) => b.lines - a.lines)
  const seen = new Map<string, number>()
  const ranked = byLines.map(({ head, named }) => {
    const rank = seen.get(named) ?? 0
    seen.set(named, rank + 1)
    return { head, rank }
  })
  ranked.sort(
    (a, b) =>
      a.rank - b.rank ||
      Number(b.head.contradicts) - Number(a.head.contradicts) ||
      b.head.size - a.head.size,
  )
  return ranked.map(({ head }) => head)
}

/** By origin and a hash of the note. */
export const inbox = collection("inbox", message({ note: text, receivedAt: integer }))

/** The posted heads of a log; they leave the documents. */
export function takeInbox(documents: Documents, origin: Origin): readonly Observation[] {
  return ofLog(documents, inbox, origin).map(([id, posted]) => {
    documents.remove(inbox, `${originWord(origin)} ${id}`)
    return { ...posted, vantage: "verifier" }
  })
}

export function createMailbox(): OpenMailbox {
  const heads = new Map<Origin, Map<string, PostedHead>>()
  let promises: PostedPromise[] = []
  let promised = 0

  function drainLog(documents: Documents, origin: Origin, posted: Iterable<PostedHead>): void {
    const waiting = documents.keys(inbox, `${originWord(origin)} `).length
    const room = Math.max(0, MOST_POSTED_HEADS - waiting)
    for (const { note, receivedAt } of byImportance(posted).slice(0, room)) {
      documents.put(inbox, `${originWord(origin)} ${hashName(note)}`, { note, receivedAt })
    }
  }

  return {
    postHead(head) {
      const ofLog = heads.get(head.origin) ?? new Map<string, PostedHead>()
      heads.set(head.origin, ofLog)
      ofLog.set(hashName(head.note), head)
      if (ofLog.size <= MOST_POSTED_HEADS) return
      const least = byImportance(ofLog.values()).at(-1)
      if (least !== undefined) ofLog.delete(hashName(least.note))
    },
    postPromise(promise) {
      const { length } =
        promise.form === "receipt" ? promise.receipt.checkpoint : promise.timestamp.body
      if (promises.length === MOST_PROMISES || promised + length > MOST_PROMISED) {
        refuse("try-later", "too many receipts wait for the next round")
      }
      promises.push(promise)
      promised += length
    },
    drain(documents, logs, now) {
      for (const [origin, posted] of heads) drainLog(documents, origin, posted.values())
      for (const promise of promises) {
        const keys = logs.find(({ origin }) => origin === promise.origin)
        if (keys === undefined) continue
        // A log that has too many promises already is not held to more.
        unlessRefused(() =>
          promise.form === "receipt"
            ? keepReceipt(documents, keys, promise.receipt, now)
            : keepTimestamp(documents, keys, promise.timestamp, now),
        )
      }
      heads.clear()
      promises = []
      promised = 0
    },
  }
}

/** The log's word on an entry, as it is kept (promise-record.ts). */
type PostedPromise = { readonly origin: Origin } & (
  | { readonly form: "timestamp"; readonly timestamp: PromisedTimestamp }
  | { readonly form: "receipt"; readonly receipt: PromisedEntry }
)

/** A log whose word counts. */
export interface PinnedKeys {
  readonly origin: Origin
  readonly vkeys: readonly Vkey[]
}

/** A native receipt. Its proof leads to its head, of which no signature is verified yet. */
export interface PostedReceipt {
  readonly head: ListedHead
  readonly receipt: PromisedEntry
}

const LONGEST_RECEIPTS = 1_048_576
const MOST_TIMESTAMPS = 16
const LOG_ID = /^[0-9a-f]{64}$/

function keyWithId(logs: readonly PinnedKeys[], logId: string): readonly [Origin, Vkey] {
  for (const { origin, vkeys } of logs) {
    const vkey = vkeys.find(
      ({ type, publicKey }) => type === 2 && formatHex(digestOf("sha256", publicKey)) === logId,
    )
    if (vkey !== undefined) return [origin, vkey]
  }
  return refuse("untrusted", "logID: expected that of a log which is followed here")
}

/** The head in an inclusion proof of Rekor v1, if there is one that can be read. */
function headBeside(inclusionProof: unknown): readonly ListedHead[] {
  if (isAbsent(inclusionProof)) return []
  const { checkpoint } = asObject(inclusionProof, "inclusionProof", ["checkpoint"])
  if (isAbsent(checkpoint)) return []
  return parseHeadList(asText(checkpoint, "checkpoint"), 1)
}

/** A timestamp of which the signature is not verified yet. */
export interface ReadTimestamp {
  readonly promise: PostedPromise
  readonly vkey: Vkey
  /** What is signed. */
  readonly text: string
  readonly signature: Uint8Array
  readonly heads: readonly ListedHead[]
}

function readTimestamp(value: unknown, logs: readonly PinnedKeys[]): ReadTimestamp {
  const names = ["body", "integratedTime", "logID", "logIndex", "verification"] as const
  const entry = asObject(value, "entry", names)
  const { signedEntryTimestamp, inclusionProof } = asObject(entry.verification, "verification", [
    "signedEntryTimestamp",
    "inclusionProof",
  ])
  const signature = asBytes(signedEntryTimestamp, "signedEntryTimestamp")
  const promise = {
    body: formatBase64(asBytes(entry.body, "body")),
    integratedTime: asInteger(entry.integratedTime, "integratedTime"),
    logID: asText(entry.logID, "logID"),
    logIndex: asInteger(entry.logIndex, "logIndex"),
  }
  if (!LOG_ID.test(promise.logID)) refuse("malformed", "logID: expected 64 digits of hex")
  const [origin, vkey] = keyWithId(logs, promise.logID)
  const text = parseUtf8(canonicalJson(promise), "promise")
  const timestamp = { ...promise, signedEntryTimestamp: formatBase64(signature) }
  return {
    ...{ promise: { form: "timestamp", origin, timestamp }, vkey, text, signature },
    heads: headBeside(inclusionProof),
  }
}

function readNativeReceipt(value: unknown): PostedReceipt {
  const members = asObject(value, "receipt", ["index", "body", "inclusionProof", "checkpoint"])
  const checkpoint = asText(members.checkpoint, "checkpoint")
  const [head] = parseHeadList(checkpoint, 1)
  if (head === undefined) return refuse("malformed", "checkpoint: expected a note")
  const { hashes } = asObject(members.inclusionProof, "inclusionProof", ["hashes"])
  const path = asList(hashes, "hashes", MOST_PROOF_HASHES).map((hash) =>
    asHash(parseHex(asText(hash, "hash"), "hash"), "hash"),
  )
  const index = asInteger(members.index, "index")
  const leafHash = portableHasher.leaf(asBytes(members.body, "body"))
  verifyInclusion(leafHash, index, head.head, path)
  return { head, receipt: { index, leafHash, checkpoint, path } }
}

/**
 * Reads JSON of up to 1 MiB: an entry as the Rekor v1 API shows it, an object with up to 16 of them by entry
 * ID, or a native receipt. Gives timestamps with the heads beside them, and native receipts; no signature is verified
 * yet. Refuses `malformed`, `too-large`, `bad-proof`; `untrusted` for another log's timestamp.
 */
export function readPostedReceipts(text: string, logs: readonly PinnedKeys[]) {
  const value = parseJson(text, "receipt", LONGEST_RECEIPTS)
  const { inclusionProof } = asObject(value, "receipt", ["inclusionProof"])
  if (!isAbsent(inclusionProof)) {
    return { timestamps: [], receipts: [readNativeReceipt(value)], heads: [] }
  }
  const isOne = Object.hasOwn(value as object, "verification")
  const entries = isOne
    ? [value]
    : asList(Object.values(value as object), "entries", MOST_TIMESTAMPS)
  const read = entries.map((entry) => readTimestamp(entry, logs))
  if (read.length === 0) throw new Refusal("malformed", "receipt: expected an entry")
  return { timestamps: read, receipts: [], heads: read.flatMap(({ heads }) => heads) }
}
