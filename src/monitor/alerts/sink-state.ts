// How the sinks are doing: one document each, from which the status page and the finding `sink-failing` are
// made.
import { shown } from "../../core/base/errors.ts"
import { asInteger, asText, optional } from "../../core/base/json-value.ts"
import { raise, resolve } from "../findings/life.ts"
import type { Alert } from "../findings/outbox.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"

export interface SinkState {
  readonly name: string
  /** Failures since the last delivery. */
  readonly failures: number
  /** Unix milliseconds. */
  readonly failingSince?: number
  readonly lastDeliveredAt?: number
  readonly lastFailure?: string
}

/** What came of one pass over the alerts of a sink. */
export interface SinkPass {
  readonly delivered: number
  /** Why the pass ended early. */
  readonly failure?: string
  /** Whether alerts are left that this sink has failed on before. */
  readonly isBehind: boolean
}

const SINK = "sink "
/** How long a sink may fail before the others are told. */
const FAILING_DEADLINE = 3_600_000
const LONGEST_FAILURE = 300

function readState(name: string, text: string): SinkState {
  const what = `state of the sink ${shown(name)}`
  const names = ["failures", "failingSince", "lastDeliveredAt", "lastFailure"] as const
  const members = parseDocument(text, what, names)
  const failingSince = optional(members.failingSince, (it) => asInteger(it, what))
  const lastDeliveredAt = optional(members.lastDeliveredAt, (it) => asInteger(it, what))
  const lastFailure = optional(members.lastFailure, (it) => asText(it, what))
  return {
    name,
    failures: asInteger(members.failures, what),
    ...(failingSince !== undefined && { failingSince }),
    ...(lastDeliveredAt !== undefined && { lastDeliveredAt }),
    ...(lastFailure !== undefined && { lastFailure }),
  }
}

/** Every sink that was ever used and is still configured, by name. */
export function sinkStates(reads: DocumentReads): readonly SinkState[] {
  return reads
    .list("alert")
    .filter(([place]) => place.startsWith(SINK))
    .map(([place, text]) => readState(place.slice(SINK.length), text))
}

function findingKey(name: string): string {
  return `sink-failing monitor ${name}`
}

/** A failing sink is not told that it fails; all others are. */
export function isMeantFor(alert: Pick<Alert, "key">, name: string): boolean {
  return alert.key !== findingKey(name)
}

function keepState(documents: Documents, { name, ...state }: SinkState): void {
  documents.put("alert", SINK + name, formatDocument(state))
}

/** Remembers how a pass went, and raises or closes `sink-failing`. */
export function noteSinkPass(
  documents: Documents,
  name: string,
  pass: SinkPass,
  now: number,
): void {
  const text = documents.get("alert", SINK + name)
  const before = text === undefined ? { name, failures: 0 } : readState(name, text)
  const { failingSince: since = now, lastFailure, lastDeliveredAt } = before
  const isWell = pass.failure === undefined && !pass.isBehind && pass.delivered > 0
  const wasFailing = before.failingSince !== undefined
  const isFailing = !isWell && (wasFailing || pass.failure !== undefined)
  const failure = pass.failure?.slice(0, LONGEST_FAILURE).toWellFormed() ?? lastFailure
  const lastAt = pass.delivered > 0 ? now : lastDeliveredAt
  keepState(documents, {
    name,
    failures: isWell ? 0 : before.failures + (pass.failure === undefined ? 0 : 1),
    ...(isFailing && { failingSince: since }),
    ...(lastAt !== undefined && { lastDeliveredAt: lastAt }),
    ...(isFailing && failure !== undefined && { lastFailure: failure }),
  })
  if (!isFailing) {
    resolve(documents, findingKey(name), now)
  } else if (now - since >= FAILING_DEADLINE) {
    raise(
      documents,
      {
        key: findingKey(name),
        kind: "sink-failing",
        grade: "ATTESTED",
        origin: "monitor",
        summary: `the sink ${name} has taken no alert since ${new Date(since).toISOString()}`,
      },
      now,
    )
  }
}

/** Forgets sinks that are no longer configured. */
export function forgetSinksBut(
  documents: Documents,
  names: ReadonlySet<string>,
  now: number,
): void {
  for (const { name } of sinkStates(documents)) {
    if (names.has(name)) continue
    documents.remove("alert", SINK + name)
    resolve(documents, findingKey(name), now)
  }
}
