// Watches whether a vantage point shows less than it did: a log that takes entries back, or a path to it
// that serves an old head while others serve newer ones. Both may be a cache, so both are suspicions first.
import { absent, type Case, isPublished, type Observation, type Vantage } from "../findings/case.ts"
import { delayOf, type JudgeLimits, type JudgeScope, limitsOf } from "./scope.ts"
import { dueSize, keepRecord, nextRecord, type VantageRecord, vantageRecords } from "./vantage.ts"

interface Sight {
  readonly vantage: Vantage
  readonly size: number
  readonly at: number
  readonly before: VantageRecord | undefined
  readonly others: readonly VantageRecord[]
}

function isWitness(vantage: Vantage): boolean {
  return vantage.startsWith("witness ")
}

/** Whether another vantage point has lately shown what this one must show by now. */
function isShownElsewhere(
  { at, others, before }: Sight,
  due: number,
  limits: JudgeLimits,
): boolean {
  return others.some(({ vantage, latest }) => {
    if (latest.at + limits.replayPatience < at) return false
    // A witness keeps what the log has taken back; only what is new to us shows that the log goes on.
    if (isWitness(vantage)) return latest.size > (before?.largest.size ?? 0)
    return isPublished(vantage) && latest.size >= due
  })
}

/** Whether a head that others publish for long does not get through here. */
function isBehind({ vantage, size, at, others }: Sight, limits: JudgeLimits): boolean {
  if (isWitness(vantage)) return false
  const delay = delayOf(vantage, limits)
  return others.some(
    (other) =>
      isPublished(other.vantage) && other.latest.size > size && dueSize(other, at, delay) > size,
  )
}

type Step = "rollback" | "replayed-head"

function stepOf(sight: Sight, limits: JudgeLimits): Step | undefined {
  const { vantage, size, at, before } = sight
  const due = before === undefined ? 0 : dueSize(before, at, delayOf(vantage, limits))
  if (size >= due) return isBehind(sight, limits) ? "replayed-head" : undefined
  if (isWitness(vantage)) return "replayed-head"
  return isShownElsewhere(sight, due, limits) ? "replayed-head" : "rollback"
}

function keyOf(step: Step, origin: string, vantage: Vantage): string {
  return step === "rollback" ? `rollback ${origin}` : `replayed-head ${origin} ${vantage}`
}

function caseOf(
  { origin }: JudgeScope,
  { vantage, size, at, before }: Sight,
  step: Step,
  limits: JudgeLimits,
): Case {
  const shown = `${vantage} serves a head of size ${size}`
  const seen = { key: keyOf(step, origin, vantage), kind: step, origin, shownBy: vantage, at }
  if (step === "rollback") {
    const summary = `${shown} although it served size ${before?.largest.size ?? 0} before.`
    return { ...seen, summary }
  }
  const summary = `${shown}, which is old: newer ones were served before or are served elsewhere.`
  return { ...seen, summary, patience: patienceOf(vantage, limits) }
}

function patienceOf(vantage: Vantage, { replayPatience, copyDelay }: JudgeLimits): number {
  return vantage === "log" ? replayPatience : Math.max(replayPatience, copyDelay)
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
  const seen = { ...head, at: receivedAt }
  keepRecord(
    documents,
    origin,
    nextRecord(before, vantage, seen, [limits.cacheDelay, limits.copyDelay]),
  )
  // What was received before the latest head says nothing about now, and verifiers' heads never do.
  if (vantage === "verifier" || (before !== undefined && receivedAt < before.latest.at)) return []
  const sight: Sight = { vantage, size: head.size, at: receivedAt, before, others }
  const found = stepOf(sight, limits)
  const steps = ["rollback", "replayed-head"] as const
  return [
    ...steps
      .filter((step) => step !== found)
      .map((step) => absent(keyOf(step, origin, vantage), vantage)),
    ...(found === undefined ? [] : [caseOf(scope, sight, found, limits)]),
  ]
}
