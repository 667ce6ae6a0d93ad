// What each vantage point showed of a log: the largest head, the latest one, and as much of the past as it takes
// to tell a cache's short delay from a head that is taken back. Whether one shows less than it did: a log that
// takes entries back, or a path to it that serves an old head while others serve newer ones. Both may be a cache,
// so both are suspicions first.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import { absent, type Case, isPublished, type Observation, type Vantage } from "../findings/case.ts"
import { keyOf } from "../findings/finding.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, ofLog } from "../state/documents.ts"
import { list, mapped, message, text } from "../state/schema.ts"
import { delayOf, type JudgeLimits, type JudgeScope, limitsOf } from "./scope.ts"

/** A size with the time at which it was received, in Unix milliseconds. */
interface SizeAt {
  readonly size: number
  readonly at: number
}

const MOST_PASTS = 4

const sizeAt = mapped(
  text,
  (written, what): SizeAt => {
    const [size = "", at = ""] = written.split(" ")
    return { size: parseDecimal(size, what), at: parseDecimal(at, what) }
  },
  ({ size, at }) => `${size} ${at}`,
)

/** Two samples that move on once the newer one is as old as the delay. */
const past = mapped(
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

/** The record after one more head. `delays`, in milliseconds, are the same in every call. */
function nextRecord(
  before: VantageRecord | undefined,
  vantage: Vantage,
  seen: SizeAt & { readonly note: string },
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

/** The size that this vantage point must show at `at` if caches hold nothing longer than `delay`. */
function dueSize({ pasts, largest }: VantageRecord, at: number, delay: number): number {
  const due = [largest, ...pasts.map(({ older }) => older)].filter((seen) => seen.at + delay <= at)
  return Math.max(0, ...due.map(({ size }) => size))
}

interface Sight {
  readonly vantage: Vantage
  readonly size: number
  readonly at: number
  readonly before: VantageRecord | undefined
  readonly others: readonly VantageRecord[]
  readonly limits: JudgeLimits
}

function isWitness(vantage: Vantage): boolean {
  return vantage.startsWith("witness ")
}

/** Whether another vantage point has lately shown what this one must show by now. */
function isShownElsewhere({ at, others, before, limits }: Sight, due: number): boolean {
  return others.some(({ vantage, latest }) => {
    if (latest.at + limits.replayPatience < at) return false
    // A witness keeps what the log has taken back; only what is new to us shows that the log goes on.
    if (isWitness(vantage)) return latest.size > (before?.largest.size ?? 0)
    return isPublished(vantage) && latest.size >= due
  })
}

/** Whether a head that others publish for long does not get through here. */
function isBehind({ vantage, size, at, others, limits }: Sight): boolean {
  if (isWitness(vantage)) return false
  const delay = delayOf(vantage, limits)
  return others.some(
    (other) =>
      isPublished(other.vantage) && other.latest.size > size && dueSize(other, at, delay) > size,
  )
}

type Step = "rollback" | "replayed-head"

function stepOf(sight: Sight): Step | undefined {
  const { vantage, size, at, before, limits } = sight
  const due = before === undefined ? 0 : dueSize(before, at, delayOf(vantage, limits))
  if (size >= due) return isBehind(sight) ? "replayed-head" : undefined
  if (isWitness(vantage)) return "replayed-head"
  return isShownElsewhere(sight, due) ? "replayed-head" : "rollback"
}

function stepKey(step: Step, origin: string, vantage: Vantage): string {
  return step === "rollback" ? keyOf(step, origin) : keyOf(step, origin, vantage)
}

function caseOf({ origin }: JudgeScope, sight: Sight, kind: Step): Case {
  const { vantage, size, at, before, limits } = sight
  const shown = `${vantage} serves a head of size ${size}`
  const seen = { key: stepKey(kind, origin, vantage), kind, origin, shownBy: vantage, at }
  if (kind === "rollback") {
    const summary = `${shown} although it served size ${before?.largest.size ?? 0} before.`
    return { ...seen, summary }
  }
  const summary = `${shown}, which is old: newer ones were served before or are served elsewhere.`
  const { replayPatience, copyDelay } = limits
  const patience = vantage === "log" ? replayPatience : Math.max(replayPatience, copyDelay)
  return { ...seen, summary, patience }
}

/** Compares a head that the log signed with what this and other vantage points showed, and remembers it. */
export function watchVantage(
  scope: JudgeScope,
  { vantage, receivedAt }: Pick<Observation, "vantage" | "receivedAt">,
  head: { readonly size: number; readonly note: string },
): readonly Case[] {
  const { origin, documents } = scope
  const limits = limitsOf(scope)
  const records = vantageRecords(documents, origin)
  const before = records.find((record) => record.vantage === vantage)
  const others = records.filter((record) => record !== before)
  const delays = [limits.cacheDelay, limits.copyDelay]
  const { vantage: _, ...record } = nextRecord(before, vantage, { ...head, at: receivedAt }, delays)
  documents.put(vantages, `${originWord(origin)} ${vantage}`, record)
  // What was received before the latest head says nothing about now, and verifiers' heads never do.
  if (vantage === "verifier" || (before !== undefined && receivedAt < before.latest.at)) return []
  const sight: Sight = { vantage, size: head.size, at: receivedAt, before, others, limits }
  const found = stepOf(sight)
  const gone = (["rollback", "replayed-head"] as const)
    .filter((step) => step !== found)
    .map((step) => absent(stepKey(step, origin, vantage), vantage))
  return found === undefined ? gone : [...gone, caseOf(scope, sight, found)]
}
