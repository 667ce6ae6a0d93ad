// One round over one log: every vantage point is asked, the tree is brought up to the newest signed head, and
// everything that was seen is judged.
import { reviewCanaries } from "./alerts/canary.ts"
import { overdueExpectations } from "./entries/expectation.ts"
import { readStepFacts, takeEntries } from "./entries/step.ts"
import type { Finding } from "./findings/finding.ts"
import { openFindings, raise, resolve } from "./findings/life.ts"
import { isPublished, type Observation } from "./findings/observation.ts"
import { suspect } from "./findings/suspicion.ts"
import {
  checkGapIfReachable,
  dueGaps,
  type GapCheck,
  healGap,
  raiseFault,
} from "./follow/fault-memory.ts"
import type { Gap } from "./follow/follower.ts"
import { judgeFreshness } from "./freshness.ts"
import { judgeHead, judgePending, newestSigned } from "./heads/judge.ts"
import { heal, type JudgeLimits, type JudgeScope, limitsOf } from "./heads/scope.ts"
import { vantageRecords } from "./heads/vantage.ts"
import {
  reachedStatement,
  type SyncTarget,
  type SyncTime,
  type SyncTools,
  trySyncTo,
} from "./log-sync.ts"
import { keepLogRecord, logRecord, type MonitoredLog } from "./monitored-log.ts"
import { takeInbox } from "./promises/mailbox.ts"
import { judgePromises } from "./promises/promise.ts"
import type { Documents } from "./state/documents.ts"
import type { OwnTree } from "./state/tree.ts"
import {
  mayAnswerYet,
  noteReachability,
  observationsOf,
  readVantages,
  type Sight,
  signedStatement,
} from "./vantage-reading.ts"

/** How a log stood at the end of a round. */
export interface LogReport {
  readonly origin: string
  /** Entries that were verified against a signed head. */
  readonly size: number
  /** The largest signed head that was seen anywhere; the backlog is what lies between. */
  readonly newest: number
  /** Whether everyone who answered has less than the state had before this round, and less than was shown. */
  readonly isStateNewer: boolean
  /** Whether its turn was over before all of it was read; the next round goes on. */
  readonly isCut: boolean
}

export interface LogRound extends SyncTime {
  readonly log: MonitoredLog
  readonly tools: SyncTools
  readonly limits?: Partial<JudgeLimits>
}

/** Signed heads above the own tree, each with where its entries may be read; the log's own first. */
function targetsOf({ log, tools }: LogRound, observations: readonly Observation[]): SyncTarget[] {
  const targets = observations.flatMap(({ vantage, note }): SyncTarget[] => {
    const statement = signedStatement(note, tools.keys)
    if (statement === undefined) return []
    const mirror = log.mirrors.find(({ name }) => vantage === `mirror ${name}`)
    const isOwed = vantage === "log" || mirror !== undefined
    return [{ statement, vantage, isOwed, source: mirror?.source ?? log.source }]
  })
  const rank = ({ vantage }: SyncTarget): number => (vantage === "log" ? 0 : 1)
  return targets.toSorted(
    (a, b) => rank(a) - rank(b) || b.statement.head.size - a.statement.head.size,
  )
}

interface Synced {
  /** Whether the log's own head was reached, if it has shown one. */
  readonly isComplete: boolean
  readonly isCut: boolean
  readonly failures: readonly Sight[]
}

async function sync(round: LogRound, observations: readonly Observation[]): Promise<Synced> {
  const { log, tools } = round
  const own = await tools.state.tree(log.origin)
  const failures: Sight[] = []
  let isComplete = false
  let isCut = false
  for (const target of targetsOf(round, observations)) {
    const isAhead = target.statement.head.size > own.head.size
    const { end, failure } = isAhead
      ? await trySyncTo(tools, target, round)
      : { end: "reached", failure: undefined }
    if (target.vantage === "log") isComplete = end === "reached"
    if (end === "cut") isCut = true
    if (failure !== undefined && target.isOwed) failures.push({ vantage: target.vantage, failure })
  }
  return { isComplete, isCut, failures }
}

async function settleGap(
  { log, tools, now }: LogRound,
  own: OwnTree,
  gap: Gap,
  check: GapCheck,
): Promise<void> {
  const { origin, source } = log
  const { state, keys, watch, examiner, duplicates, pause, holds } = tools
  const statement = reachedStatement(tools)
  if (check.state === "lasts" || statement === undefined) {
    await state.change((documents) => {
      if (check.state === "lasts") raiseFault(documents, origin, check.fault, "log", now)
    })
    return
  }
  const path = (index: number) => own.inclusion(index, statement.head.size)
  const ground = { origin: keys.origin, statement, path, source, ...(holds && { holds }) }
  const step = { own, ground, watch, examiner, pause, isLate: tools.beginTurn(), now }
  const facts = await readStepFacts(step, check.entries)
  duplicates.use(facts)
  await state.change(async (documents) => {
    await takeEntries(step, check.entries, facts, documents)
    healGap(documents, origin, gap, now)
  })
}

/** Asks again for what was missing or wrong in earlier rounds. */
async function checkGaps(round: LogRound): Promise<void> {
  const { log, tools, now, isOver } = round
  const own = await tools.state.tree(log.origin)
  for (const gap of dueGaps(tools.state.documents, log.origin, now)) {
    if (isOver()) return
    const check = await checkGapIfReachable(own, log.source, gap, tools.hasher)
    if (check !== undefined) await settleGap(round, own, gap, check)
  }
}

async function judged(
  log: MonitoredLog,
  scope: JudgeScope,
  observations: readonly Observation[],
): Promise<readonly Finding[]> {
  const { documents } = scope
  const findings: Finding[] = []
  for (const observation of [...observations, ...takeInbox(documents, log.origin)]) {
    findings.push(...(await judgeHead({ ...scope, observation })))
  }
  findings.push(...(await judgePending(scope)))
  findings.push(...(await judgePromises(scope)))
  findings.push(...judgeFreshness({ ...scope, threshold: log.threshold }))
  return findings
}

/** Of what the log publishes. It may have signed more for others, which is `unreconciled-head` in time. */
function judgeBacklog(scope: JudgeScope): void {
  const { documents, origin, tree, now, isBehind } = scope
  const key = `backlog ${origin}`
  const published = vantageRecords(documents, origin).filter(({ vantage }) => isPublished(vantage))
  const left = Math.max(0, ...published.map(({ largest }) => largest.size)) - tree.head.size
  if (left <= 0) {
    heal(scope, key)
    return
  }
  const patience = isBehind === true ? limitsOf(scope).reconcileWithin : undefined
  const grade = suspect(documents, key, "log", now, patience)
  const summary = `${left} entries of the log are signed and not read yet.`
  raise(documents, { key, kind: "backlog", grade, origin, summary }, now)
}

/** What was shipped and is not there, once the whole log was read. */
function judgeExpectations(documents: Documents, { origin }: MonitoredLog, now: number): void {
  const overdue = new Map(
    overdueExpectations(documents, origin, now).map((each) => [
      `not-logged ${origin} ${each.digest}`,
      each,
    ]),
  )
  for (const [key, { digest, deadline }] of overdue) {
    const due = new Date(deadline).toISOString()
    const summary = `${digest} was shipped and is not logged; it was due by ${due}.`
    raise(documents, { key, kind: "not-logged", grade: "ATTESTED", origin, summary }, now)
  }
  for (const { kind, key, origin: of } of openFindings(documents)) {
    if (kind === "not-logged" && of === origin && !overdue.has(key)) resolve(documents, key, now)
  }
}

/** A witness that is down takes along what only it has shown; whoever answers must show less than before. */
function isStateNewer(
  { log: { origin }, tools }: LogRound,
  observations: readonly Observation[],
  sizeBefore: number,
): boolean {
  const seen = observations.flatMap(({ vantage, note }) => {
    const size = signedStatement(note, tools.keys)?.head.size
    return size === undefined ? [] : [{ vantage, size }]
  })
  const newest = Math.max(...seen.map(({ size }) => size))
  if (seen.length === 0 || newest >= sizeBefore) return false
  return vantageRecords(tools.state.documents, origin).some(
    ({ vantage, largest }) =>
      largest.size > newest && seen.some((answered) => answered.vantage === vantage),
  )
}

/** Rejects with Trouble only for the monitor's own disk. */
export async function runLogRound(round: LogRound): Promise<LogReport> {
  const { log, tools, limits, now } = round
  const { origin } = log
  const { state, keys } = tools
  const own = await state.tree(origin)
  const sizeBefore = own.head.size
  const sights = await readVantages(log, keys, sizeBefore)
  const observations = observationsOf(sights, now)
  const { isComplete, isCut, failures } = await sync(round, observations)
  await checkGaps(round)
  await state.change(async (documents) => {
    for (const sight of sights) {
      const failure = failures.find(({ vantage }) => vantage === sight.vantage)
      noteReachability(documents, origin, failure ?? sight, now)
    }
    // A monitor that was off for long must not accuse a log of what it could not read just now.
    const isBehind = isCut || mayAnswerYet(documents, origin, "log")
    const judging = { ...keys, tree: own, documents, now, isBehind }
    const scope: JudgeScope = { ...judging, ...(limits && { limits }) }
    for (const finding of await judged(log, scope, observations)) raise(documents, finding, now)
    await reviewCanaries({ documents, origin, tree: own, now, isBehind })
    judgeBacklog(scope)
    if (!isComplete) return
    judgeExpectations(documents, log, now)
    keepLogRecord(documents, origin, { ...logRecord(documents, origin), completeAt: now })
  })
  return {
    origin,
    size: own.head.size,
    newest: Math.max(own.head.size, newestSigned(state.documents, origin)?.head.size ?? 0),
    isStateNewer: isStateNewer(round, observations, sizeBefore),
    isCut,
  }
}
