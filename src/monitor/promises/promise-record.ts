// The promises that a log is held to: receipts of the native API, and signed entry timestamps of Rekor v1. Only
// what the log's key signed is kept, and up to 4 MiB of a log.
import { refuse, unlessRefused } from "../../core/base/errors.ts"
import { asObject } from "../../core/base/json-value.ts"
import { formatHex, parseBase64 } from "../../core/base/text.ts"
import type { Vkey } from "../../core/note/note.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { verifyInclusion } from "../../core/tree/proof.ts"
import { canonicalText, type JsonValue } from "../../entry/canonical-json.ts"
import { openPromise, promiseLines, type SignedPromise } from "../../evidence/promise.ts"
import { isAlias, openAlias } from "../heads/alias.ts"
import { type JudgeScope, limitsOf } from "../heads/scope.ts"
import { type KnownKeys, openStatement, readNote } from "../heads/statement.ts"
import { collection } from "../state/collection.ts"
import { type DocumentReads, type Documents, hashName, ofLog } from "../state/documents.ts"
import { bytes, hash, integer, message, type Schema, text, word } from "../state/schema.ts"

/** UTF-16 units of all promises of one log. */
const MOST_PROMISED = 4_194_304
const MOST_PROMISES = 1_024
/** Room for the longest body in base64 and for a long checkpoint. */
const LONGEST_PROMISE = 262_144

/** What a log answered to a submission: the entry is at `index` below the head of `checkpoint`. */
export interface PromisedEntry {
  readonly index: number
  readonly leafHash: Hash
  readonly checkpoint: string
  /** The inclusion proof; absent if the monitor itself has verified it, as it does for its canaries. */
  readonly path?: readonly Hash[]
}

/** What is still to be kept. */
export type KeptPromise = (Receipt | (Timestamp & { readonly index: number })) & {
  /** The end of its key. */
  readonly id: string
}

const receipt = message({
  kind: word("receipt"),
  index: integer,
  leafHash: hash,
  /** Only the lines of the log's keys that hold. */
  checkpoint: text,
  /** When it was received, in Unix milliseconds. */
  at: integer,
})

const timestamp = message({
  kind: word("timestamp"),
  body: text,
  integratedTime: integer,
  logID: text,
  logIndex: integer,
  signature: bytes,
  at: integer,
})

type Receipt = ReturnType<typeof receipt.read>
type Timestamp = ReturnType<typeof timestamp.read>

const promise: Schema<Receipt | Timestamp> = {
  read(value, what) {
    const { kind } = asObject(value, what, ["kind"])
    return kind === "timestamp" ? timestamp.read(value, what) : receipt.read(value, what)
  },
  write: (value) => (value.kind === "timestamp" ? timestamp.write(value) : receipt.write(value)),
}

/** By origin and a hash of what makes a promise the same one when it comes again. */
export const promises = collection("promise", promise)

/** The promises that are still to be kept, in the order of their keys. */
export function keptPromises(documents: DocumentReads, origin: Origin): readonly KeptPromise[] {
  return ofLog(documents, promises, origin).map(([id, kept]) =>
    kept.kind === "timestamp" ? { ...kept, id, index: kept.logIndex } : { ...kept, id },
  )
}

export function forgetPromise(documents: Documents, origin: Origin, { id }: KeptPromise): void {
  documents.remove(promises, `${originWord(origin)} ${id}`)
}

/** UTF-16 units of what a promise holds of any length. */
function lengthOf(kept: Receipt | Timestamp): number {
  return kept.kind === "receipt" ? kept.checkpoint.length : kept.body.length
}

/** `stated` is what makes a promise the same one when it comes again. */
function keep(documents: Documents, origin: Origin, stated: JsonValue, kept: Receipt | Timestamp) {
  const key = `${originWord(origin)} ${hashName(canonicalText(stated)).slice(0, 32)}`
  if (documents.get(promises, key) !== undefined) return
  if (promises.format(kept).length > LONGEST_PROMISE) {
    refuse("too-large", `promise: expected up to ${LONGEST_PROMISE} characters`)
  }
  const isFull = documents.keys(promises, `${originWord(origin)} `).length >= MOST_PROMISES
  const lengths = isFull ? [] : keptPromises(documents, origin).map(lengthOf)
  const total = lengths.reduce((sum, length) => sum + length, lengthOf(kept))
  if (isFull || total > MOST_PROMISED) {
    refuse("try-later", "too many promises of this log are still to be kept")
  }
  documents.put(promises, key, kept)
}

/**
 * Holds the log to a receipt. Refuses `malformed`, `mismatch` for another log, `untrusted` without a
 * signature of the log that holds, `bad-proof` if the proof does not lead to the head, `try-later`.
 */
export function keepReceipt(
  documents: Documents,
  keys: KnownKeys,
  { index, leafHash, checkpoint, path }: PromisedEntry,
  now: number,
): void {
  const { origin } = keys
  const read = readNote(checkpoint) ?? refuse("malformed", "receipt: expected a checkpoint")
  const isOwn = read.head.origin === origin
  if (!isOwn && !isAlias(keys, read.head.origin)) {
    refuse("mismatch", `receipt: expected one of ${origin}`)
  }
  const { note, head, log } = isOwn ? openStatement(read, keys) : openAlias(read, keys)
  if (log.length === 0) refuse("untrusted", "receipt: expected a checkpoint that the log signed")
  if (index >= head.size) refuse("bad-proof", `receipt: index ${index} is not below its head`)
  if (path !== undefined) verifyInclusion(leafHash, index, head, path)
  const kind = "receipt"
  const stated = { kind, index, leafHash: formatHex(leafHash), checkpoint: read.note.text }
  keep(documents, origin, stated, { kind, index, leafHash, checkpoint: note, at: now })
}

/** A signed entry timestamp in the names and forms of Rekor v1. */
export type PromisedTimestamp = Omit<SignedPromise, "signature"> & {
  /** Base64. */
  readonly signedEntryTimestamp: string
}

/** The log's key that signed a promise, if one did. */
export function promiserOf({ logKeys }: KnownKeys, promise: SignedPromise): Vkey | undefined {
  return logKeys.find(
    (vkey) =>
      vkey.type === 2 &&
      unlessRefused(() => openPromise(vkey, promiseLines(promise))) !== undefined,
  )
}

/** Holds the log to a timestamp. Refuses `untrusted` for one it did not sign, `malformed`, `try-later`. */
export function keepTimestamp(
  documents: Documents,
  keys: KnownKeys,
  { body, integratedTime, logID, logIndex, signedEntryTimestamp }: PromisedTimestamp,
  now: number,
): void {
  const signature = parseBase64(signedEntryTimestamp, "signed entry timestamp")
  const stated = { body, integratedTime, logID, logIndex }
  if (promiserOf(keys, { ...stated, signature }) === undefined) {
    refuse("untrusted", `signed entry timestamp: expected one of ${keys.origin}`)
  }
  keep(documents, keys.origin, stated, { ...stated, kind: "timestamp", signature, at: now })
}

/** Whether an entry should be in the tree by now that the tree does not reach. */
export function hasOverduePromise(scope: JudgeScope): boolean {
  return keptPromises(scope.documents, scope.origin).some((promise) => isOverdue(scope, promise))
}

export function isOverdue(scope: JudgeScope, { index, at }: KeptPromise): boolean {
  return index >= scope.tree.head.size && scope.now - at > limitsOf(scope).mergeWithin
}
