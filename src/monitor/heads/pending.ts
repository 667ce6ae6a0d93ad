// Signed heads that the monitor's tree cannot judge yet, at most 64 of a log. The largest and the oldest stay
// whatever comes, so that flooding hides neither. And cosigned heads as time went by, one a size, so that it can be told
// when an entry was logged: after the last head without it, before the first head with it, by the clocks of witnesses.
import { parseNote } from "../../core/note/note.ts"
import { originWord } from "../../core/note/origin.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, type Documents, hashName, ofLog } from "../state/documents.ts"
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

/** The pending heads of a log in the order of their keys; refuses `malformed` for a damaged document. */
export function pendingHeads(documents: DocumentReads, keys: KnownKeys): readonly PendingHead[] {
  return documents
    .list(pending, `${originWord(keys.origin)} `)
    .map(([key, { note, at }]) => ({ key, statement: keptStatement(note, keys), at }))
}

/** What has to go: statements of witnesses alone first, of the others the newest. */
function leastUseful(heads: readonly PendingHead[]): PendingHead | undefined {
  const isSigned = ({ statement }: PendingHead): boolean => statement.log.length > 0
  const signed = heads.filter(isSigned)
  const [largest] = signed.toSorted((a, b) => b.statement.head.size - a.statement.head.size)
  const [oldest] = signed.toSorted((a, b) => a.at - b.at)
  const [least] = heads
    .filter((head) => head !== largest && head !== oldest)
    .toSorted((a, b) => Number(isSigned(a)) - Number(isSigned(b)) || b.at - a.at)
  return least
}

/** Remembers a head to be judged later; refuses nothing, and may forget another one for it. */
export function keepPending(
  documents: Documents,
  keys: KnownKeys,
  statement: Statement,
  at: number,
): void {
  // The same text is one pending head, whoever signed it.
  const key = `${originWord(keys.origin)} ${hashName(parseNote(statement.note).text).slice(0, 32)}`
  const before = documents.get(pending, key)
  const note = before === undefined ? statement.note : mergedNote(before.note, statement.note)
  documents.put(pending, key, { note, at: Math.min(at, before?.at ?? at) })
  if (documents.keys(pending, `${originWord(keys.origin)} `).length <= MOST_PENDING_HEADS) return
  const victim = leastUseful(pendingHeads(documents, keys))
  if (victim !== undefined) forgetPending(documents, victim)
}

export function forgetPending(documents: Documents, { key }: PendingHead): void {
  documents.remove(pending, key)
}

/** What witnesses said of one size: the statement with the earliest time and that with the latest. */
interface CosignedHead {
  readonly size: number
  readonly first: Statement
  readonly last: Statement
}

/** Heads of one log that are remembered. */
export const MOST_COSIGNED = 64
/** The newest of them that always stay. */
const RECENT = 16
const SIZE_DIGITS = 16

function earliest({ witnesses }: Statement): number {
  return Math.min(...witnesses.map(({ time }) => time))
}

function latest({ witnesses }: Statement): number {
  return Math.max(...witnesses.map(({ time }) => time))
}

/** The notes of one size, by origin and size. */
export const cosigned = collection("cosigned", message({ first: text, last: text }))

function headOf({ first, last }: ValueOf<typeof cosigned>, keys: KnownKeys): CosignedHead {
  const statement = keptStatement(last, keys)
  return { size: statement.head.size, first: keptStatement(first, keys), last: statement }
}

/** The cosigned heads that are remembered, by size; refuses `malformed` for a damaged document. */
export function cosignedHeads(documents: DocumentReads, keys: KnownKeys): readonly CosignedHead[] {
  return (
    ofLog(documents, cosigned, keys.origin)
      .map(([, stored]) => headOf(stored, keys))
      // A witness that the policy no longer has may leave none.
      .filter(({ first, last }) => first.witnesses.length > 0 && last.witnesses.length > 0)
  )
}

/** Forgets, of the older heads, the one between the two that are closest in time. */
function thinOut(documents: Documents, keys: KnownKeys): void {
  const entries = documents.list(cosigned, `${originWord(keys.origin)} `)
  if (entries.length <= MOST_COSIGNED) return
  const times = entries.map(([, { last }]) => latest(keptStatement(last, keys)))
  const gapAround = (i: number): number => (times[i + 1] ?? 0) - (times[i - 1] ?? 0)
  const candidates = entries.map((_, i) => i).slice(1, -RECENT)
  const victim = candidates.reduce((a, b) => (gapAround(b) < gapAround(a) ? b : a))
  documents.remove(cosigned, entries[victim]?.[0] ?? "")
}

/** Remembers a statement of the log that agrees with the tree and that witnesses stand for. */
export function keepCosigned(documents: Documents, keys: KnownKeys, statement: Statement): void {
  const { log, witnesses, head, note } = statement
  if (log.length === 0 || witnesses.length === 0) return
  const place = `${originWord(keys.origin)} ${String(head.size).padStart(SIZE_DIGITS, "0")}`
  const stored = documents.get(cosigned, place)
  const known = stored && headOf(stored, keys)
  const isFirst = known === undefined || earliest(statement) < earliest(known.first)
  const isLast = known === undefined || latest(statement) > latest(known.last)
  if (!isFirst && !isLast) return
  const first = isFirst ? note : known.first.note
  const last = isLast ? note : known.last.note
  documents.put(cosigned, place, { first, last })
  if (known === undefined) thinOut(documents, keys)
}
