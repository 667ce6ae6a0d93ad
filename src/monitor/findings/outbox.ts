// The outbox: alerts that are still to be delivered, one document each with the sinks that have it already
// and those that are waited for. An alert leaves it in the commit after its last delivery, never before.
import { present } from "../../core/base/present.ts"
import type { EvidenceEffect } from "../../evidence/evidence.ts"
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
      watched: optional(text),
      summary: text,
      evidenceId: optional(text),
      effect: optional(word("convicts", "presents")),
      isUnkept: optional(flag),
      /** Unix milliseconds. */
      time: integer,
      /** A test by the monitor itself. */
      isCanary: flag,
    }),
    /** The names of the sinks that have it. */
    delivered: list(text, MOST_SINKS),
    /** When a sink that failed is asked again, by name. */
    waits: record(message({ failures: integer, until: integer })),
    /** Evidence that convicts and that there was no room to keep. */
    unkept: optional(text),
  }),
  { under: "event " },
)

type StoredItem = ValueOf<typeof outbox>
export type AlertEvent = StoredItem["alert"]["event"]

/** Evidence as a sink is told of it. */
interface AlertEvidence {
  readonly id: string
  /** Whether it convicts or presents; absent in an alert that an earlier version made. */
  readonly effect?: EvidenceEffect
  /** Whether the monitor has the file; if not, this alert is the only one that carries it. */
  readonly isKept: boolean
  /** Absent if there was no room to keep it, unless it convicts. */
  readonly text?: string
}

/** What a sink is told. A sink may be told the same alert more than once: the ID tells. */
export interface Alert extends Omit<StoredItem["alert"], "evidenceId" | "effect" | "isUnkept"> {
  readonly evidence?: AlertEvidence
}

export interface OutboxItem extends Omit<StoredItem, "alert"> {
  /** Its key; items in the order of places are in the order of their times. */
  readonly place: string
  readonly alert: Alert
}

/** UTF-16 units of evidence in the outbox that nothing else keeps. */
const MOST_UNKEPT = 8_388_608

/** The text if there is room for it in the outbox. */
function carried(reads: DocumentReads, unkept: string | undefined): string | undefined {
  if (unkept === undefined) return undefined
  const lengths = reads.list(outbox).map(([, item]) => item.unkept?.length ?? 0)
  const total = lengths.reduce((sum, length) => sum + length, unkept.length)
  return total > MOST_UNKEPT ? undefined : unkept
}

/**
 * Puts an alert about a finding into the outbox and gives the finding as it then is to be kept. `unkept` is evidence
 * that goes with the alert because it is kept nowhere else.
 */
export function enqueue(
  { documents, now }: Moment,
  finding: StoredFinding,
  event: AlertEvent,
  unkept?: string,
) {
  const { key, kind, grade, origin, index, watched, summary, isCanary = false } = finding
  const { openedAt, alerts, pending, evidenceId, effect, isUnkept } = finding
  const id = hashName(`countersign-alert/v1\n${event}\n${openedAt}\n${alerts}\n${key}\n`)
  const about = { key, kind, grade, origin, index, watched, summary }
  const proof = { evidenceId, effect, isUnkept }
  const alert = { id, event, ...present({ ...about, ...proof }), time: now, isCanary }
  const place = `${String(now).padStart(TIME_DIGITS, "0")} ${id}`
  const item = { alert, delivered: [], waits: {} }
  documents.put(outbox, place, { ...item, ...present({ unkept: carried(documents, unkept) }) })
  return { ...finding, alertedAt: now, isTold: true, alerts: alerts + 1, pending: pending + 1 }
}

export function keepItem(documents: Documents, item: OutboxItem): void {
  const { evidence, ...alert } = item.alert
  const { place, delivered, waits, unkept } = item
  const isUnkept = evidence?.isKept === false ? true : undefined
  const proof = { evidenceId: evidence?.id, effect: evidence?.effect, isUnkept }
  const stored = { ...alert, ...present(proof) }
  documents.put(outbox, place, { alert: stored, delivered, waits, ...present({ unkept }) })
}

function itemOf(reads: DocumentReads, place: string, stored: StoredItem): OutboxItem {
  const { evidenceId: id, effect, isUnkept, ...alert } = stored.alert
  if (id === undefined) return { ...stored, place, alert }
  const text = evidenceText(reads, id) ?? stored.unkept
  const evidence = { id, isKept: isUnkept !== true, ...present({ effect, text }) }
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
