// What each vantage point showed of a log, one document of kind `head` each: the largest head, the latest
// one, and as much of the past as it takes to tell a cache's short delay from a head that is taken back.

import { asInteger, asList, asText } from "../../core/base/json-value.ts"
import { type CheckpointText, parseCheckpointText } from "../../core/note/checkpoint.ts"
import { parseNote } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Vantage } from "../findings/observation.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"

/** A size with the time at which it was received, in Unix milliseconds. */
export interface SizeAt {
  readonly size: number
  readonly at: number
}

export interface VantageRecord {
  readonly vantage: Vantage
  /** The largest head, with the log's verified lines. */
  readonly note: string
  /** Its size and when it was first received. */
  readonly largest: SizeAt
  /** The latest head by the time of receipt. */
  readonly latest: SizeAt
  /** How large the largest head was a while ago, for each delay that caches may have. */
  readonly pasts: readonly Past[]
}

/** Two samples that move on once the newer one is as old as the delay. */
export interface Past {
  readonly newer: SizeAt
  readonly older: SizeAt
}

const names = ["largest", "latest", "note", "pasts"] as const
const MOST_PASTS = 4

function formatSizeAt({ size, at }: SizeAt): string {
  return `${size} ${at}`
}

function readSizeAt(value: unknown, what: string): SizeAt {
  const [size, at] = asText(value, what).split(" ")
  return { size: asInteger(size, what), at: asInteger(at, what) }
}

function readPast(value: unknown): Past {
  const [older, newer] = asList(value, "head.pasts", 2)
  return { older: readSizeAt(older, "head.pasts"), newer: readSizeAt(newer, "head.pasts") }
}

function readRecord(vantage: Vantage, text: string): VantageRecord {
  const record = parseDocument(text, "head", names)
  const pasts = asList(record.pasts, "head.pasts", MOST_PASTS)
  return {
    vantage,
    note: asText(record.note, "head.note"),
    largest: readSizeAt(record.largest, "head.largest"),
    latest: readSizeAt(record.latest, "head.latest"),
    pasts: pasts.map(readPast),
  }
}

/** What every vantage point of a log has shown; refuses `malformed` for a damaged document. */
export function vantageRecords(documents: DocumentReads, origin: Origin): readonly VantageRecord[] {
  const prefix = `${origin} `
  return documents
    .list("head")
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => readRecord(key.slice(prefix.length) as Vantage, text))
}

export interface Seen extends SizeAt {
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

export function keepRecord(documents: Documents, origin: Origin, record: VantageRecord): void {
  const { vantage, note, largest, latest, pasts } = record
  const document = {
    note,
    largest: formatSizeAt(largest),
    latest: formatSizeAt(latest),
    pasts: pasts.map(({ older, newer }) => [formatSizeAt(older), formatSizeAt(newer)]),
  }
  documents.put("head", `${origin} ${vantage}`, formatDocument(document))
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
