// What each vantage point showed of a log: the largest head, the latest one, and as much of the past as it takes
// to tell a cache's short delay from a head that is taken back.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { type CheckpointText, parseCheckpointText } from "../../core/note/checkpoint.ts"
import { parseNote } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Vantage } from "../findings/case.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, type Documents, ofLog } from "../state/documents.ts"
import { list, mapped, message, text } from "../state/schema.ts"

/** A size with the time at which it was received, in Unix milliseconds. */
interface SizeAt {
  readonly size: number
  readonly at: number
}

/** Two samples that move on once the newer one is as old as the delay. */
interface Past {
  readonly newer: SizeAt
  readonly older: SizeAt
}

const MOST_PASTS = 4

const sizeAt = mapped<SizeAt, string>(
  text,
  (written, what) => {
    const [size = "", at = ""] = written.split(" ")
    return { size: parseDecimal(size, what), at: parseDecimal(at, what) }
  },
  ({ size, at }) => `${size} ${at}`,
)

const past = mapped<Past, readonly SizeAt[]>(
  list(sizeAt, 2),
  ([older, newer], what) =>
    older !== undefined && newer !== undefined
      ? { older, newer }
      : refuse("malformed", `${shown(what)}: expected two samples, found fewer`),
  ({ older, newer }) => [older, newer],
)

/** By origin and vantage point. */
export const vantages = collection(
  "head",
  message({
    /** The largest head, with the log's verified lines. */
    note: text,
    /** Its size and when it was first received. */
    largest: sizeAt,
    /** The latest head by the time of receipt. */
    latest: sizeAt,
    /** How large the largest head was a while ago, for each delay that caches may have. */
    pasts: list(past, MOST_PASTS),
  }),
)

export type VantageRecord = ValueOf<typeof vantages> & { readonly vantage: Vantage }

/** What every vantage point of a log has shown; refuses `malformed` for a damaged document. */
export function vantageRecords(documents: DocumentReads, origin: Origin): readonly VantageRecord[] {
  return ofLog(documents, vantages, origin).map(([vantage, record]) => ({
    ...record,
    vantage: vantage as Vantage,
  }))
}

interface Seen extends SizeAt {
  readonly note: string
}

/** The record after one more head. `delays`, in milliseconds, are the same in every call. */
export function nextRecord(
  before: VantageRecord | undefined,
  vantage: Vantage,
  seen: Seen,
  delays: readonly number[],
): VantageRecord {
  const now: SizeAt = { size: seen.size, at: seen.at }
  if (before === undefined) {
    const pasts = delays.map(() => ({ newer: now, older: now }))
    return { vantage, note: seen.note, largest: now, latest: now, pasts }
  }
  const largest = seen.size > before.largest.size ? now : before.largest
  return {
    vantage,
    // At the same size the later note may have newer cosignatures.
    note: seen.size >= largest.size ? seen.note : before.note,
    largest,
    latest: seen.at >= before.latest.at ? now : before.latest,
    pasts: before.pasts.map((past, i) => {
      const isOld = past.newer.at + (delays[i] ?? 0) <= seen.at
      return isOld ? { older: past.newer, newer: largest } : past
    }),
  }
}

export function keepRecord(
  documents: Documents,
  origin: Origin,
  { vantage, ...record }: VantageRecord,
): void {
  documents.put(vantages, `${origin} ${vantage}`, record)
}

/** The size that this vantage point must show at `at` if caches hold nothing longer than `delay`. */
export function dueSize({ pasts, largest }: VantageRecord, at: number, delay: number): number {
  const due = [largest, ...pasts.map(({ older }) => older)].filter((seen) => seen.at + delay <= at)
  return Math.max(0, ...due.map(({ size }) => size))
}

/** The head in the note of a record, for those who show it. */
export function headOf({ note }: Pick<VantageRecord, "note">): CheckpointText {
  return parseCheckpointText(parseNote(note).text)
}
