// The outbox: alerts that are still to be delivered, one document each with the sinks that have it already
// and those that are waited for. An alert leaves it in the commit after its last delivery, never before.
import { present } from "../../core/base/present.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, type Documents, hashName, type Moment } from "../state/documents.ts"
import { flag, integer, list, message, optional, record, text, word } from "../state/schema.ts"
import { evidenceText } from "./evidence.ts"
import { findingKinds, grades } from "./finding.ts"
import type { StoredFinding } from "./stored.ts"

const TIME_DIGITS = 16
const MOST_SINKS = 256

/** By time and ID; evidence is kept apart. */
export const outbox = collection(
  "alert",
  message({
    alert: message({
      /** 64 digits of lower-case hex, the same at every attempt. */
      id: text,
      event: word("opened", "upgraded", "reminder", "resolved"),
      /** That of the finding. */
      key: text,
      kind: word(...findingKinds),
      grade: word(...grades),
      origin: text,
      index: optional(integer),
      summary: text,
      evidenceId: optional(text),
      /** Unix milliseconds. */
      time: integer,
      /** A test by the monitor itself. */
      isCanary: flag,
    }),
    /** The names of the sinks that have it. */
    delivered: list(text, MOST_SINKS),
    /** When a sink that failed is asked again, by name. */
    waits: record(message({ failures: integer, until: integer })),
  }),
  { under: "event " },
)

type StoredItem = ValueOf<typeof outbox>
export type AlertEvent = StoredItem["alert"]["event"]

/** What a sink is told. A sink may be told the same alert more than once: the ID tells. */
export interface Alert extends Omit<StoredItem["alert"], "evidenceId"> {
  /** `text` is absent if the origin had too much evidence to keep all of it. */
  readonly evidence?: { readonly id: string; readonly text?: string }
}

export interface OutboxItem extends Omit<StoredItem, "alert"> {
  /** Its key; items in the order of places are in the order of their times. */
  readonly place: string
  readonly alert: Alert
}

/** Puts an alert about a finding into the outbox and gives the finding as it then is to be kept. */
export function enqueue({ documents, now }: Moment, finding: StoredFinding, event: AlertEvent) {
  const { key, kind, grade, origin, index, summary, evidenceId, isCanary = false } = finding
  const { openedAt, alerts, pending } = finding
  const id = hashName(`countersign-alert/v1\n${event}\n${openedAt}\n${alerts}\n${key}\n`)
  const about = { key, kind, grade, origin, index, summary, evidenceId }
  const alert = { id, event, ...present(about), time: now, isCanary }
  const place = `${String(now).padStart(TIME_DIGITS, "0")} ${id}`
  documents.put(outbox, place, { alert, delivered: [], waits: {} })
  return { ...finding, alertedAt: now, isTold: true, alerts: alerts + 1, pending: pending + 1 }
}

export function keepItem(documents: Documents, item: OutboxItem): void {
  const { evidence, ...alert } = item.alert
  const { place, delivered, waits } = item
  const stored = { ...alert, ...present({ evidenceId: evidence?.id }) }
  documents.put(outbox, place, { alert: stored, delivered, waits })
}

function itemOf(reads: DocumentReads, place: string, stored: StoredItem): OutboxItem {
  const { evidenceId: id, ...alert } = stored.alert
  if (id === undefined) return { ...stored, place, alert }
  const evidence = { id, ...present({ text: evidenceText(reads, id) }) }
  return { ...stored, place, alert: { ...alert, evidence } }
}

/** One item with its evidence; undefined once it has left the outbox. */
export function outboxItem(reads: DocumentReads, place: string): OutboxItem | undefined {
  const stored = reads.get(outbox, place)
  return stored && itemOf(reads, place, stored)
}

/** Everything in the outbox, oldest first. */
export function outboxItems(reads: DocumentReads): readonly OutboxItem[] {
  return reads.list(outbox).map(([place, stored]) => itemOf(reads, place, stored))
}
