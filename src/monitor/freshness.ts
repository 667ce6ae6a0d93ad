// Judges what is missing: a log that goes on for others but not for us, witnesses that are silent. Says nothing
// while the monitor itself sees nothing, which is another finding (`unreachable`).
import { shown } from "../core/base/errors.ts"
import type { PolicyWitness } from "../core/note/policy.ts"
import { absent, type Case } from "./findings/case.ts"
import { keyOf, type Ungraded, ungraded } from "./findings/finding.ts"
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

function dateText(at: number): string {
  return new Date(at).toISOString()
}

function lasting({ now }: JudgeScope, seen: Ungraded): Case {
  return { ...seen, shownBy: "log", at: now, patience: PATIENCE }
}

function judgeSilence(scope: FreshnessJudgement, one: WatchedWitness): Case {
  const { origin, now } = scope
  const { name } = one.witness
  const { newest, agreed, since } = one.record
  const last = Math.max(since, newest ? aliveAt(newest) : 0, agreed ? aliveAt(agreed) : 0)
  if (now - last <= limitsOf(scope).witnessWindow)
    return absent(keyOf("witness-silent", origin, name))
  const summary = `The witness ${shown(name)} has cosigned nothing of this log since ${dateText(last)}.`
  return lasting(scope, ungraded("witness-silent", origin, summary, name))
}

function judgeView(scope: FreshnessJudgement, witnesses: readonly WatchedWitness[]): Case {
  const { origin, now, threshold } = scope
  const { witnessWindow } = limitsOf(scope)
  const needed = monitorQuorum(witnesses.length, threshold)
  // Those that neither stood for the tree that this monitor sees nor were looked for only lately.
  const away = witnesses.filter(
    ({ record: { agreed, since } }) =>
      now - Math.max(since, agreed ? aliveAt(agreed) : 0) > witnessWindow,
  )
  const present = witnesses.length - away.length
  if (present >= needed) return absent(keyOf("stale-view", origin))
  const list = away.slice(0, MOST_NAMES).map(({ witness, record }) => {
    const { agreed } = record
    return `${shown(witness.name)} ${agreed === undefined ? "never" : dateText(aliveAt(agreed))}`
  })
  const summary = `Only ${present} of ${needed} witnesses have lately cosigned the tree that this monitor sees; last: ${list.join(", ")}.`
  return lasting(scope, ungraded("stale-view", origin, summary))
}

/** When the log last showed life: its head grew, or somebody signed that it was the newest. */
function lastLife(scope: JudgeScope, log: VantageRecord): number {
  const { documents, origin, logKeys, witnesses } = scope
  const agreed = [...logKeys, ...witnesses.map(({ vkey }) => vkey)].flatMap(
    (vkey) => signerRecord(documents, origin, vkey)?.agreed ?? [],
  )
  return Math.max(log.largest.at, ...agreed.map(aliveAt))
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
        statement.head.origin === scope.origin &&
        statement.head.size > scope.tree.head.size &&
        now - at > reconcileWithin,
    )
  )
}

/** A log may be quiet: an old head is a finding if witnesses could vouch for it or if more is owed. */
function judgeAge(scope: FreshnessJudgement, log: VantageRecord): Case {
  const { origin, now, witnesses } = scope
  const { staleAfter, mergeWithin } = limitsOf(scope)
  const life = lastLife(scope, log)
  const owes = owesMore(scope)
  const limit = owes ? Math.min(staleAfter, mergeWithin) : staleAfter
  if (now - life <= limit || (witnesses.length === 0 && !owes)) {
    return absent(keyOf("stale-head", origin))
  }
  const reason = owes ? ", and newer entries are due" : ""
  const summary = `The head of size ${log.largest.size} has not changed since ${dateText(life)}${reason}.`
  return { ...ungraded("stale-head", origin, summary), grade: owes ? "ATTESTED" : "SUSPECTED" }
}

/** Judges the age of what is known of a log; to be called in every round, after all heads are judged. */
export function judgeFreshness(scope: FreshnessJudgement): readonly Case[] {
  const { documents, origin, now } = scope
  const witnesses = scope.witnesses.map((witness) => {
    return { witness, record: watchedSigner(scope, witness.vkey) }
  })
  const records = vantageRecords(documents, origin)
  const log = records.find(({ vantage }) => vantage === "log")
  if (!records.some(({ latest }) => now - latest.at <= SIGHT)) return []
  const silent = witnesses.map((one) => judgeSilence(scope, one))
  const view = judgeView(scope, witnesses)
  const isLogSeen = log !== undefined && now - log.latest.at <= SIGHT
  return [...silent, view, ...(isLogSeen ? [judgeAge(scope, log)] : [])]
}
