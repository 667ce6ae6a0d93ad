// How the sinks are doing, from which the status page and the finding `sink-failing` are made.
import { present } from "../../core/base/present.ts"
import { absent, type Case } from "../findings/case.ts"
import { attested, keyOf } from "../findings/finding.ts"
import type { Alert } from "../findings/outbox.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"

/** What came of one pass over the alerts of a sink. */
interface SinkPass {
  readonly delivered: number
  /** Why the pass ended early. */
  readonly failure?: string
  /** Whether alerts are left that this sink has failed on before. */
  readonly isBehind: boolean
}

/** How long a sink may fail before the others are told. */
const FAILING_DEADLINE = 3_600_000
const LONGEST_FAILURE = 300

/** By name. */
export const sinks = collection(
  "alert",
  message({
    /** Failures since the last delivery. */
    failures: integer,
    /** Unix milliseconds. */
    failingSince: optional(integer),
    lastDeliveredAt: optional(integer),
    lastFailure: optional(text),
  }),
  { under: "sink " },
)

export type SinkState = ValueOf<typeof sinks> & { readonly name: string }

/** Every sink that was ever used and is still configured, by name. */
export function sinkStates(reads: DocumentReads): readonly SinkState[] {
  return reads.list(sinks).map(([name, state]) => ({ ...state, name }))
}

function findingKey(name: string): string {
  return keyOf("sink-failing", "monitor", name)
}

/** A failing sink is not told that it fails; all others are. */
export function isMeantFor(alert: Pick<Alert, "key">, name: string): boolean {
  return alert.key !== findingKey(name)
}

/** Remembers how a pass went, and says whether the sink has been failing for too long. */
export function noteSinkPass(documents: Documents, name: string, pass: SinkPass, now: number) {
  const before = documents.get(sinks, name) ?? { failures: 0 }
  const { failingSince: since = now, lastFailure, lastDeliveredAt } = before
  const isWell = pass.failure === undefined && !pass.isBehind && pass.delivered > 0
  const wasFailing = before.failingSince !== undefined
  const isFailing = !isWell && (wasFailing || pass.failure !== undefined)
  const failure = pass.failure?.slice(0, LONGEST_FAILURE).toWellFormed() ?? lastFailure
  const state = {
    failures: isWell ? 0 : before.failures + (pass.failure === undefined ? 0 : 1),
    failingSince: isFailing ? since : undefined,
    lastDeliveredAt: pass.delivered > 0 ? now : lastDeliveredAt,
    lastFailure: isFailing ? failure : undefined,
  }
  documents.put(sinks, name, present(state))
  if (!isFailing) return [absent(findingKey(name))]
  if (now - since < FAILING_DEADLINE) return []
  const summary = `the sink ${name} has taken no alert since ${new Date(since).toISOString()}`
  return [attested("sink-failing", "monitor", summary, name)]
}

/** Forgets sinks that are no longer configured; nothing is wrong with them any more. */
export function forgetSinksBut(documents: Documents, names: ReadonlySet<string>): readonly Case[] {
  const others = documents.keys(sinks).filter((name) => !names.has(name))
  for (const name of others) documents.remove(sinks, name)
  return others.map((name) => absent(findingKey(name)))
}
