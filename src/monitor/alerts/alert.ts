// Delivers the alerts of the outbox to every sink, at least once: an alert leaves the outbox in a commit
// after its delivery. A sink that fails is asked again later and later, up to once an hour, and neither
// stops the others nor loses an alert. How the sinks are doing is remembered, for the status page and `sink-failing`.
import { present } from "../../core/base/present.ts"
import { absent, type Case } from "../findings/case.ts"
import { attested, keyOf } from "../findings/finding.ts"
import { alertLeft, remind } from "../findings/life.ts"
import {
  type Alert,
  keepItem,
  type OutboxItem,
  outbox,
  outboxItem,
  outboxItems,
} from "../findings/outbox.ts"
import { settle } from "../findings/settle.ts"
import { severityOf } from "../findings/stored.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { Change, DocumentReads, Documents, Moment } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import { noteTestDelivered } from "./canary.ts"

export type { Alert } from "../findings/outbox.ts"

/** The port to whoever is told. */
export interface AlertSink {
  /** The same at every start, and no other sink's. */
  readonly name: string
  /**
   * Resolves once the alert is where it belongs; anything thrown means that it is to be tried again.
   * Must settle within a bounded time.
   */
  deliver(alert: Alert): Promise<void>
}

interface AlertDelivery {
  readonly change: Change
  readonly sinks: readonly AlertSink[]
  /** Unix milliseconds. */
  readonly now: number
  /** Whether what is left is to be left to another time; asked between two alerts. */
  readonly isOver?: () => boolean
}

/** What one call did. */
export interface DeliveryReport {
  readonly delivered: number
  /** The names of the sinks that failed. */
  readonly failed: readonly string[]
}

const FIRST_BACKOFF = 30_000
const LONGEST_BACKOFF = 3_600_000
/** Alerts that a sink is given before it is remembered that it has them. */
const MOST_AT_ONCE = 100
/** How long it is tried to deliver a test. */
const TEST_LIFE = 3_600_000

function isDue(item: OutboxItem, name: string, now: number): boolean {
  const until = item.waits[name]?.until ?? 0
  // A time that no backoff reaches comes of a clock that was put back.
  return now >= until || until - now > LONGEST_BACKOFF
}

function isMissingAt(item: OutboxItem, name: string): boolean {
  return !item.delivered.includes(name) && isMeantFor(item.alert, name)
}

function takeOut(documents: Documents, { place, alert }: OutboxItem): void {
  documents.remove(outbox, place)
  alertLeft(documents, alert.key)
}

/** Drops what no sink is to have any more, and tests that nobody took in time. */
function clearOut(documents: Documents, names: readonly string[], now: number): void {
  for (const item of outboxItems(documents)) {
    const { alert } = item
    const isWanted = names.some((name) => isMissingAt(item, name))
    const isOldTest = alert.isCanary && Math.abs(now - alert.time) >= TEST_LIFE
    if (isWanted && !isOldTest) continue
    if (!isWanted && !isOldTest) noteTestDelivered(documents, alert, now)
    takeOut(documents, item)
  }
}

/** What is about something watched goes before what is about nothing of the kind, if it is as grave. */
function gravityOf({ evidence, watched, ...alert }: Alert): number {
  const severity = severityOf({ ...alert, ...present({ effect: evidence?.effect }) })
  return 2 * severity + (watched === undefined ? 0 : 1)
}

/** The gravest findings first, each with its alerts in their order: a flood must not hold up a proof. */
function byGravity(items: readonly OutboxItem[]): readonly OutboxItem[] {
  const worst = new Map<string, number>()
  for (const { alert } of items) {
    worst.set(alert.key, Math.max(gravityOf(alert), worst.get(alert.key) ?? 0))
  }
  const gravity = ({ alert }: OutboxItem): number => worst.get(alert.key) ?? 0
  return items.toSorted((a, b) => gravity(b) - gravity(a))
}

function dueItems(documents: Documents, name: string, now: number): readonly OutboxItem[] {
  const due = outboxItems(documents).filter(
    (item) => isMissingAt(item, name) && isDue(item, name, now),
  )
  return byGravity(due).slice(0, MOST_AT_ONCE)
}

interface Pass {
  readonly name: string
  readonly delivered: readonly string[]
  readonly failure?: { readonly place: string; readonly reason: string }
}

/** Gives a sink its alerts one after the other, until one fails or the time is over. */
async function passOver(sink: AlertSink, items: readonly OutboxItem[], isOver: () => boolean) {
  const delivered: string[] = []
  for (const { place, alert } of items) {
    if (delivered.length > 0 && isOver()) break
    try {
      await sink.deliver(alert)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { name: sink.name, delivered, failure: { place, reason } }
    }
    delivered.push(place)
  }
  return { name: sink.name, delivered }
}

function settleDelivered(
  { documents, now }: Moment,
  item: OutboxItem,
  name: string,
  names: readonly string[],
): void {
  const { [name]: _, ...waits } = item.waits
  const after = { ...item, waits, delivered: [...item.delivered, name] }
  if (names.some((other) => isMissingAt(after, other))) {
    keepItem(documents, after)
    return
  }
  noteTestDelivered(documents, item.alert, now)
  takeOut(documents, item)
}

function settleFailure({ documents, now }: Moment, item: OutboxItem, name: string): void {
  const failures = (item.waits[name]?.failures ?? 0) + 1
  const backoff = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** Math.min(failures - 1, 20))
  const wait = { failures, until: now + backoff }
  keepItem(documents, { ...item, waits: { ...item.waits, [name]: wait } })
}

function notePass(moment: Moment, pass: Pass, names: readonly string[]): void {
  const { documents, now } = moment
  const { name, delivered, failure } = pass
  for (const place of delivered) {
    const item = outboxItem(documents, place)
    if (item !== undefined) settleDelivered(moment, item, name, names)
  }
  const failed = failure && outboxItem(documents, failure.place)
  if (failed !== undefined) settleFailure(moment, failed, name)
  const isBehind = outboxItems(documents).some(({ waits }) => waits[name] !== undefined)
  const how = { delivered: delivered.length, isBehind, ...present({ failure: failure?.reason }) }
  settle(documents, noteSinkPass(documents, name, how, now), now)
}

/** Delivers all that is due at a sink, a part at a time. */
async function deliverTo(
  sink: AlertSink,
  { change, sinks, now, isOver = () => false }: AlertDelivery,
): Promise<readonly Pass[]> {
  const names = sinks.map(({ name }) => name)
  const passes: Pass[] = []
  for (;;) {
    const items = await change((documents) => dueItems(documents, sink.name, now))
    if (items.length === 0) return passes
    const pass = await passOver(sink, items, isOver)
    await change((documents) => notePass({ documents, now }, pass, names))
    passes.push(pass)
    if (pass.failure !== undefined || isOver()) return passes
  }
}

/**
 * Delivers what is due, to all sinks at a time. Rejects only if the state cannot be changed; what was
 * delivered and not remembered then is delivered again.
 */
export async function deliverAlerts(delivery: AlertDelivery): Promise<DeliveryReport> {
  const { change, sinks, now } = delivery
  const names = sinks.map(({ name }) => name)
  await change((documents) => {
    remind(documents, now)
    // A run without sinks must not take from those that other runs have what is meant for them.
    if (names.length === 0 && sinkStates(documents).length > 0) return
    settle(documents, forgetSinksBut(documents, new Set(names)), now)
    clearOut(documents, names, now)
  })
  const passes = (await Promise.all(sinks.map((sink) => deliverTo(sink, delivery)))).flat()
  return {
    delivered: passes.reduce((sum, { delivered }) => sum + delivered.length, 0),
    failed: passes.filter(({ failure }) => failure !== undefined).map(({ name }) => name),
  }
}

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
function isMeantFor(alert: Pick<Alert, "key">, name: string): boolean {
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
function forgetSinksBut(documents: Documents, names: ReadonlySet<string>): readonly Case[] {
  const others = documents.keys(sinks).filter((name) => !names.has(name))
  for (const name of others) documents.remove(sinks, name)
  return others.map((name) => absent(findingKey(name)))
}
