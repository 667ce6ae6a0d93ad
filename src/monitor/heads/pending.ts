// Signed heads that the monitor's tree cannot judge yet, at most 64 of a log. The largest and the oldest stay
// whatever comes, so that flooding hides neither.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { formatHex } from "../../core/base/text.ts"
import { parseNote } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { collection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, text } from "../state/schema.ts"
import { type KnownKeys, keptStatement, mergedNote, type Statement } from "./statement.ts"

export const MOST_PENDING_HEADS = 64

export interface PendingHead {
  readonly key: string
  readonly statement: Statement
  /** When it was first seen, in Unix milliseconds. */
  readonly at: number
}

/** By origin and a hash of the note's text. */
export const pending = collection("pending-head", message({ note: text, at: integer }))

/** The same text is one pending head, whoever signed it. */
function placeOf(origin: Origin, note: string): string {
  const digest = formatHex(digestOf("sha256", utf8(parseNote(note).text)))
  return `${origin} ${digest.slice(0, 32)}`
}

/** The pending heads of a log in the order of their keys; refuses `malformed` for a damaged document. */
export function pendingHeads(documents: DocumentReads, keys: KnownKeys): readonly PendingHead[] {
  return documents
    .list(pending, `${keys.origin} `)
    .map(([key, { note, at }]) => ({ key, statement: keptStatement(note, keys), at }))
}

function isLogSigned({ statement }: PendingHead): boolean {
  return statement.log.length > 0
}

function sizeOf({ statement }: PendingHead): number {
  return statement.head.size
}

/** What has to go: statements of witnesses alone first, of the others the newest. */
function leastUseful(heads: readonly PendingHead[]): PendingHead | undefined {
  const signed = heads.filter(isLogSigned)
  const largest = Math.max(...signed.map(sizeOf))
  const oldest = Math.min(...signed.map(({ at }) => at))
  const kept = [
    signed.find((head) => sizeOf(head) === largest),
    signed.find(({ at }) => at === oldest),
  ]
  const candidates = heads
    .filter((head) => !kept.includes(head))
    .toSorted((a, b) => Number(isLogSigned(a)) - Number(isLogSigned(b)) || b.at - a.at)
  return candidates[0]
}

/** Remembers a head to be judged later; refuses nothing, and may forget another one for it. */
export function keepPending(
  documents: Documents,
  keys: KnownKeys,
  statement: Statement,
  at: number,
): void {
  const key = placeOf(keys.origin, statement.note)
  const before = documents.get(pending, key)
  const note = before === undefined ? statement.note : mergedNote(before.note, statement.note)
  documents.put(pending, key, { note, at: Math.min(at, before?.at ?? at) })
  if (documents.keys(pending, `${keys.origin} `).length <= MOST_PENDING_HEADS) return
  const victim = leastUseful(pendingHeads(documents, keys))
  if (victim !== undefined) forgetPending(documents, victim)
}

export function forgetPending(documents: Documents, { key }: PendingHead): void {
  documents.remove(pending, key)
}
