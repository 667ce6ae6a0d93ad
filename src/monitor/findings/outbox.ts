// The outbox: alerts that are still to be delivered, one document each with the sinks that have it already
// and those that are waited for. An alert leaves it in the commit after its last delivery, never before.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { asInteger, asList, asMessage, asText, optional } from "../../core/base/json-value.ts"
import { formatHex } from "../../core/base/text.ts"
import { asWord, formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import type { FindingKind, Grade } from "./finding.ts"
import { findingKinds, grades, type StoredFinding } from "./stored.ts"

export type AlertEvent = "opened" | "upgraded" | "reminder" | "resolved"

const alertEvents: readonly AlertEvent[] = ["opened", "upgraded", "reminder", "resolved"]

/** What a sink is told. A sink may be told the same alert more than once: the ID tells. */
export interface Alert {
  /** 64 digits of lower-case hex, the same at every attempt. */
  readonly id: string
  readonly event: AlertEvent
  /** The key of the finding. */
  readonly key: string
  readonly kind: FindingKind
  readonly grade: Grade
  readonly origin: string
  readonly index?: number
  readonly summary: string
  /** `text` is absent if the origin had too much evidence to keep all of it. */
  readonly evidence?: { readonly id: string; readonly text?: string }
  /** Unix milliseconds. */
  readonly time: number
  /** A test by the monitor itself. */
  readonly isCanary: boolean
}

/** When a sink that failed is asked again. */
export interface Wait {
  readonly failures: number
  /** Unix milliseconds. */
  readonly until: number
}

export interface OutboxItem {
  /** The key of its document; items in the order of places are in the order of their times. */
  readonly place: string
  readonly alert: Alert
  /** The names of the sinks that have it. */
  readonly delivered: readonly string[]
  readonly waits: Readonly<Record<string, Wait>>
}

const ITEM = "event "
const TIME_DIGITS = 16
const MOST_SINKS = 256

function alertId({ key, openedAt, alerts }: StoredFinding, event: AlertEvent): string {
  const text = `countersign-alert/v1\n${event}\n${openedAt}\n${alerts}\n${key}\n`
  return formatHex(digestOf("sha256", utf8(text)))
}

function formatItem({ alert, delivered, waits }: OutboxItem): string {
  const { evidence, ...rest } = alert
  return formatDocument({
    alert: { ...rest, ...(evidence && { evidenceId: evidence.id }) },
    delivered,
    waits: Object.fromEntries(Object.entries(waits).map(([name, wait]) => [name, { ...wait }])),
  })
}

/** Puts an alert about a finding into the outbox and gives the finding as it then is to be kept. */
export function enqueue(
  documents: Documents,
  finding: StoredFinding,
  event: AlertEvent,
  now: number,
): StoredFinding {
  const { key, kind, grade, origin, index, summary, evidenceId, isCanary = false } = finding
  const id = alertId(finding, event)
  const alert: Alert = {
    id,
    event,
    key,
    kind,
    grade,
    origin,
    ...(index !== undefined && { index }),
    summary,
    ...(evidenceId !== undefined && { evidence: { id: evidenceId } }),
    time: now,
    isCanary,
  }
  const place = `${ITEM}${String(now).padStart(TIME_DIGITS, "0")} ${id}`
  keepItem(documents, { place, alert, delivered: [], waits: {} })
  const { alerts, pending } = finding
  return { ...finding, alertedAt: now, isTold: true, alerts: alerts + 1, pending: pending + 1 }
}

export function keepItem(documents: Documents, item: OutboxItem): void {
  documents.put("alert", item.place, formatItem(item))
}

function readAlert(value: unknown, what: string, reads: DocumentReads): Alert {
  const members = asMessage(value, what, [
    "id",
    "event",
    "key",
    "kind",
    "grade",
    "origin",
    "index",
    "summary",
    "evidenceId",
    "time",
    "isCanary",
  ])
  const index = optional(members.index, (it) => asInteger(it, `${what}.index`))
  const id = optional(members.evidenceId, (it) => asText(it, `${what}.evidenceId`))
  const text = id === undefined ? undefined : reads.get("evidence", id)
  return {
    id: asText(members.id, `${what}.id`),
    event: asWord(members.event, `${what}.event`, alertEvents),
    key: asText(members.key, `${what}.key`),
    kind: asWord(members.kind, `${what}.kind`, findingKinds),
    grade: asWord(members.grade, `${what}.grade`, grades),
    origin: asText(members.origin, `${what}.origin`),
    ...(index !== undefined && { index }),
    summary: asText(members.summary, `${what}.summary`),
    ...(id !== undefined && { evidence: { id, ...(text !== undefined && { text }) } }),
    time: asInteger(members.time, `${what}.time`),
    isCanary: members.isCanary === true,
  }
}

function readWaits(value: unknown, what: string): OutboxItem["waits"] {
  const names = Object.keys((value ?? {}) as object)
  const waits = asMessage(value, what, names)
  return Object.fromEntries(
    names.map((name) => {
      const wait = asMessage(waits[name], what, ["failures", "until"])
      const failures = asInteger(wait.failures, `${what}.failures`)
      return [name, { failures, until: asInteger(wait.until, `${what}.until`) }]
    }),
  )
}

function readItem(place: string, text: string, reads: DocumentReads): OutboxItem {
  const what = `alert ${place}`
  const members = parseDocument(text, what, ["alert", "delivered", "waits"])
  const delivered = asList(members.delivered, `${what}.delivered`, MOST_SINKS)
  return {
    place,
    alert: readAlert(members.alert, what, reads),
    delivered: delivered.map((name) => asText(name, `${what}.delivered`)),
    waits: readWaits(members.waits, `${what}.waits`),
  }
}

/** One item with its evidence; undefined once it has left the outbox. */
export function outboxItem(reads: DocumentReads, place: string): OutboxItem | undefined {
  const text = reads.get("alert", place)
  return text === undefined ? undefined : readItem(place, text, reads)
}

/** Everything in the outbox, oldest first. */
export function outboxItems(reads: DocumentReads): readonly OutboxItem[] {
  return reads
    .list("alert")
    .filter(([place]) => place.startsWith(ITEM))
    .map(([place, text]) => readItem(place, text, reads))
}
