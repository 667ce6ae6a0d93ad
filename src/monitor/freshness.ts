// Judges what is missing: a log that goes on for others but not for us, witnesses that are silent. Says nothing
// while the monitor itself sees nothing, which is another finding (`unreachable`).
import { shown } from "../core/base/errors.ts"
import type { PolicyWitness } from "../core/note/policy.ts"
import { absent, type Case, type SuspectedCase } from "./findings/case.ts"
import { pendingHeads } from "./heads/pending.ts"
import { monitorQuorum } from "./heads/quorum.ts"
import { aliveAt, type SignerRecord, signerRecord, watchedSigner } from "./heads/record.ts"
import { type JudgeScope, limitsOf } from "./heads/scope.ts"
import { type VantageRecord, vantageRecords } from "./heads/vantage.ts"
import { hasOverduePromise } from "./promises/promise-record.ts"

interface FreshnessJudgement extends JudgeScope {
  /** How many witnesses satisfy a verifier ({@link smallestQuorum}). */
  readonly threshold: number
}

const MINUTE = 60_000
/** Without any head for so long, nothing can be said about the log. */
const SIGHT = 60 * MINUTE
/** How long silence must be seen to last; a monitor that was off for a day starts with it. */
const PATIENCE = 10 * MINUTE
const MOST_NAMES = 8

interface WatchedWitness {
  readonly witness: PolicyWitness
  readonly record: SignerRecord
}

function lastTime({ newest, agreed, since }: SignerRecord): number {
  return Math.max(since, newest ? aliveAt(newest) : 0, agreed ? aliveAt(agreed) : 0)
}

function dateText(at: number): string {
  return new Date(at).toISOString()
}

function lasting(scope: JudgeScope, seen: Omit<SuspectedCase, "shownBy" | "at">): SuspectedCase {
  return { ...seen, shownBy: "log", at: scope.now, patience: PATIENCE }
}

function judgeSilence(scope: FreshnessJudgement, one: WatchedWitness): Case {
  const { origin, now } = scope
  const { name } = one.witness
  const key = `witness-silent ${origin} ${name}`
  const last = lastTime(one.record)
  if (now - last <= limitsOf(scope).witnessWindow) return absent(key)
  const summary = `The witness ${shown(name)} has cosigned nothing of this log since ${dateText(last)}.`
  return lasting(scope, { key, kind: "witness-silent", origin, summary })
}

/** Whether a witness stood for the tree that this monitor sees, or was not looked for before, within `window`. */
function standsForView({ agreed, since }: SignerRecord, now: number, window: number): boolean {
  return now - Math.max(since, agreed ? aliveAt(agreed) : 0) <= window
}

function judgeView(scope: FreshnessJudgement, witnesses: readonly WatchedWitness[]): Case {
  const { origin, now, threshold } = scope
  const key = `stale-view ${origin}`
  const { witnessWindow } = limitsOf(scope)
  const needed = monitorQuorum(witnesses.length, threshold)
  const away = witnesses.filter(({ record }) => !standsForView(record, now, witnessWindow))
  const present = witnesses.length - away.length
  if (present >= needed) return absent(key)
  const list = away.slice(0, MOST_NAMES).map(({ witness, record }) => {
    const { agreed } = record
    return `${shown(witness.name)} ${agreed === undefined ? "never" : dateText(aliveAt(agreed))}`
  })
  const summary = `Only ${present} of ${needed} witnesses have lately cosigned the tree that this monitor sees; last: ${list.join(", ")}.`
  return lasting(scope, { key, kind: "stale-view", origin, summary })
}

/** When the log last showed life: its head grew, or somebody signed that it was the newest. */
function lastLife(
  { documents, origin, logKeys }: JudgeScope,
  log: VantageRecord,
  witnesses: readonly WatchedWitness[],
): number {
  const own = logKeys.flatMap((vkey) => signerRecord(documents, origin, vkey) ?? [])
  const agreed = [...own, ...witnesses.map(({ record }) => record)].flatMap((record) =>
    record.agreed === undefined ? [] : [aliveAt(record.agreed)],
  )
  return Math.max(log.largest.at, ...agreed)
}

/** Whether the log owes a newer head: an entry that it promised, or one that it shows elsewhere. */
function owesMore(scope: JudgeScope): boolean {
  const { documents, now } = scope
  if (scope.isBehind === true) return false
  const { reconcileWithin } = limitsOf(scope)
  return (
    hasOverduePromise(scope) ||
    pendingHeads(documents, scope).some(
      ({ statement, at }) =>
        statement.log.length > 0 &&
        statement.head.size > scope.tree.head.size &&
        now - at > reconcileWithin,
    )
  )
}

/** A log may be quiet: an old head is a finding if witnesses could vouch for it or if more is owed. */
function judgeAge(
  scope: FreshnessJudgement,
  log: VantageRecord,
  witnesses: readonly WatchedWitness[],
): Case {
  const { origin, now } = scope
  const key = `stale-head ${origin}`
  const { staleAfter, mergeWithin } = limitsOf(scope)
  const life = lastLife(scope, log, witnesses)
  const owes = owesMore(scope)
  const limit = owes ? Math.min(staleAfter, mergeWithin) : staleAfter
  if (now - life <= limit || (witnesses.length === 0 && !owes)) return absent(key)
  const reason = owes ? ", and newer entries are due" : ""
  const summary = `The head of size ${log.largest.size} has not changed since ${dateText(life)}${reason}.`
  return { key, kind: "stale-head", grade: owes ? "ATTESTED" : "SUSPECTED", origin, summary }
}

/** Judges the age of what is known of a log; to be called in every round, after all heads are judged. */
export function judgeFreshness(scope: FreshnessJudgement): readonly Case[] {
  const { documents, origin, now } = scope
  const witnesses = scope.witnesses.map((witness) => {
    return { witness, record: watchedSigner(documents, origin, witness.vkey, now) }
  })
  const records = vantageRecords(documents, origin)
  const log = records.find(({ vantage }) => vantage === "log")
  if (!records.some(({ latest }) => now - latest.at <= SIGHT)) return []
  const silent = witnesses.map((one) => judgeSilence(scope, one))
  const view = judgeView(scope, witnesses)
  const isLogSeen = log !== undefined && now - log.latest.at <= SIGHT
  return [...silent, view, ...(isLogSeen ? [judgeAge(scope, log, witnesses)] : [])]
}
