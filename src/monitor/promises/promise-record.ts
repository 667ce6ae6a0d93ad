// The promises that a log is held to, one document of kind `promise` each: receipts of the native API, and
// signed entry timestamps of Rekor v1. Only what the log's key signed is kept, and up to 4 MiB of a log.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { asBytes, asInteger, asText } from "../../core/base/json-value.ts"
import { formatBase64, formatHex, parseBase64, parseHex } from "../../core/base/text.ts"
import type { Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { asHash, type Hash } from "../../core/tree/hash.ts"
import { verifyInclusion } from "../../core/tree/proof.ts"
import { openPromise, promiseLines, type SignedPromise } from "../../evidence/promise.ts"
import { type JudgeScope, limitsOf } from "../heads/scope.ts"
import { type KnownKeys, openStatement, readNote } from "../heads/statement.ts"
import { asWord, formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"

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

interface Kept {
  readonly key: string
  readonly index: number
  /** When it was received, in Unix milliseconds. */
  readonly at: number
}

export type KeptPromise =
  | (Kept & { readonly kind: "receipt"; readonly leafHash: Hash; readonly checkpoint: string })
  | (Kept & { readonly kind: "timestamp"; readonly promise: SignedPromise })

const receiptNames = ["at", "checkpoint", "index", "kind", "leafHash"] as const
const promiseNames = ["body", "integratedTime", "logID", "logIndex", "signature"] as const
const names = [...receiptNames, ...promiseNames] as const

function readPromise(key: string, text: string): KeptPromise {
  const members = parseDocument(text, "promise", names)
  const kind = asWord(members.kind, "promise.kind", ["receipt", "timestamp"])
  const at = asInteger(members.at, "promise.at")
  const index = asInteger(members.index ?? members.logIndex, "promise.index")
  if (kind === "receipt") {
    const leafHash = asText(members.leafHash, "promise.leafHash")
    return {
      kind,
      key,
      index,
      at,
      leafHash: asHash(parseHex(leafHash, "promise.leafHash"), "promise.leafHash"),
      checkpoint: asText(members.checkpoint, "promise.checkpoint"),
    }
  }
  return { kind, key, index, at, promise: readSignedPromise(members) }
}

function readSignedPromise(
  members: Readonly<Partial<Record<(typeof promiseNames)[number], unknown>>>,
): SignedPromise {
  return {
    body: asText(members.body, "promise.body"),
    integratedTime: asInteger(members.integratedTime, "promise.integratedTime"),
    logID: asText(members.logID, "promise.logID"),
    logIndex: asInteger(members.logIndex, "promise.logIndex"),
    signature: asBytes(members.signature, "promise.signature"),
  }
}

function entriesOf(documents: DocumentReads, origin: Origin) {
  const prefix = `${origin} `
  return documents.list("promise").filter(([key]) => key.startsWith(prefix))
}

/** The promises that are still to be kept, in the order of their keys. */
export function keptPromises(documents: DocumentReads, origin: Origin): readonly KeptPromise[] {
  return entriesOf(documents, origin).map(([key, text]) => readPromise(key, text))
}

/** `identity` is what makes a promise the same one when it comes again. */
function keep(documents: Documents, origin: Origin, identity: string, text: string): void {
  const key = `${origin} ${formatHex(digestOf("sha256", utf8(identity))).slice(0, 32)}`
  if (documents.get("promise", key) !== undefined) return
  if (text.length > LONGEST_PROMISE) {
    refuse("too-large", `promise: expected up to ${LONGEST_PROMISE} characters`)
  }
  const others = entriesOf(documents, origin)
  const total = others.reduce((sum, [, other]) => sum + other.length, text.length)
  if (others.length >= MOST_PROMISES || total > MOST_PROMISED) {
    refuse("try-later", "too many promises of this log are still to be kept")
  }
  documents.put("promise", key, text)
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
  if (read.head.origin !== origin) refuse("mismatch", `receipt: expected one of ${origin}`)
  const { note, head, log } = openStatement(read, keys)
  if (log.length === 0) refuse("untrusted", "receipt: expected a checkpoint that the log signed")
  if (index >= head.size) refuse("bad-proof", `receipt: index ${index} is not below its head`)
  if (path !== undefined) verifyInclusion(leafHash, index, head, path)
  const receipt = { kind: "receipt", index, leafHash: formatHex(leafHash) }
  const document = formatDocument({ ...receipt, checkpoint: note, at: now })
  keep(documents, origin, formatDocument({ ...receipt, checkpoint: read.note.text }), document)
}

/** A signed entry timestamp in the names and forms of Rekor v1. */
export type PromisedTimestamp = Omit<SignedPromise, "signature"> & {
  /** Base64. */
  readonly signedEntryTimestamp: string
}

/** The log's key that signed a promise, if one did. */
export function promiserOf(keys: KnownKeys, promise: SignedPromise): Vkey | undefined {
  return keys.logKeys.find((vkey) => isPromisedBy(vkey, promise))
}

function isPromisedBy(vkey: Vkey, promise: SignedPromise): boolean {
  if (vkey.type !== 2) return false
  try {
    openPromise(vkey, promiseLines(promise))
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** Holds the log to a timestamp. Refuses `untrusted` for one it did not sign, `malformed`, `try-later`. */
export function keepTimestamp(
  documents: Documents,
  keys: KnownKeys,
  { body, integratedTime, logID, logIndex, signedEntryTimestamp }: PromisedTimestamp,
  now: number,
): void {
  const signature = parseBase64(signedEntryTimestamp, "signed entry timestamp")
  const timestamp = { body, integratedTime, logID, logIndex }
  if (promiserOf(keys, { ...timestamp, signature }) === undefined) {
    refuse("untrusted", `signed entry timestamp: expected one of ${keys.origin}`)
  }
  const document = { ...timestamp, kind: "timestamp", signature: formatBase64(signature), at: now }
  keep(documents, keys.origin, formatDocument(timestamp), formatDocument(document))
}

/** Whether an entry should be in the tree by now that the tree does not reach. */
export function hasOverduePromise(scope: JudgeScope): boolean {
  return keptPromises(scope.documents, scope.origin).some((promise) => isOverdue(scope, promise))
}

export function isOverdue(scope: JudgeScope, { index, at }: KeptPromise): boolean {
  return index >= scope.tree.head.size && scope.now - at > limitsOf(scope).mergeWithin
}
