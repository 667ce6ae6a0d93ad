// One round over one log: every vantage point is asked for its newest head, the tree is brought up to the newest signed
// one, and everything that was seen is judged. A vantage point that does not answer is a finding of its own, because
// a monitor that cannot see must say so.
import { Refusal, shown, Trouble } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import { reviewCanaries } from "./alerts/canary.ts"
import { judgeExpectations } from "./entries/expectation.ts"
import { judgeExplanations } from "./entries/explanation-rule.ts"
import { absent, type Case, isPublished, type Observation, type Vantage } from "./findings/case.ts"
import { attested, keyOf, ungraded } from "./findings/finding.ts"
import { settle } from "./findings/settle.ts"
import { storedFinding } from "./findings/stored.ts"
import type { LogSource } from "./follow/source.ts"
import { judgeFreshness } from "./freshness.ts"
import { hasAlias } from "./heads/alias.ts"
import { judgeHead, judgePending, newestSigned } from "./heads/judge.ts"
import { type JudgeLimits, type JudgeScope, limitsOf } from "./heads/scope.ts"
import { type KnownKeys, openStatement, readNote, type Statement } from "./heads/statement.ts"
import { vantageRecords } from "./heads/vantage.ts"
import {
  checkGaps,
  ownGround,
  reachedStatement,
  type SyncTarget,
  type SyncTime,
  type SyncTools,
  trySyncTo,
} from "./log-sync.ts"
import { type MonitoredLog, noteLog } from "./monitored-log.ts"
import { countStandings } from "./pending/counts.ts"
import { judgeWithheld } from "./pending/withheld.ts"
import { takeInbox } from "./promises/mailbox.ts"
import { judgePromises } from "./promises/promise.ts"
import { type CrossCheckMemory, crossCheck } from "./rescan/cross-check.ts"
import { isUnfinished, rescanOf, rescanStatus } from "./rescan/progress.ts"
import { examineDue, runRescan } from "./rescan/turn.ts"
import type { DocumentReads } from "./state/documents.ts"

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
  /** How many entries are judged by the present watch file. */
  readonly judged: number
  /** Whether entries wait to be examined again because more is known about them. */
  readonly isDue: boolean
}

interface LogRound extends SyncTime {
  readonly log: MonitoredLog
  readonly tools: SyncTools
  /** Takes what others gave of what was signed, once all that the log shows was read. */
  readonly takeMessages: () => Promise<void>
  /** What was asked of the log's search in earlier rounds. */
  readonly searched: CrossCheckMemory
  /** Begins the time in which entries are judged again. */
  readonly isRescanOver: () => () => boolean
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

/** `isComplete` says whether the log's own head was reached, if it has shown one. */
async function sync(round: LogRound, observations: readonly Observation[]) {
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

/** Of what the log publishes. It may have signed more for others, which is `unreconciled-head` in time. */
function judgeBacklog(scope: JudgeScope): Case {
  const { documents, origin, tree, now, isBehind } = scope
  const published = vantageRecords(documents, origin).filter(({ vantage }) => isPublished(vantage))
  const left = Math.max(0, ...published.map(({ largest }) => largest.size)) - tree.head.size
  if (left <= 0) return absent(keyOf("backlog", origin))
  const patience = isBehind === true ? limitsOf(scope).reconcileWithin : undefined
  const summary = `${left} entries of the log are signed and not read yet.`
  const seen = ungraded("backlog", origin, summary)
  return { ...seen, shownBy: "log", at: now, ...present({ patience }) }
}

/** Everything that there is to say of what was seen by now; the judges' order is that of the cases. */
async function judge(
  { origin, threshold }: MonitoredLog,
  scope: JudgeScope,
  observations: readonly Observation[],
): Promise<readonly Case[]> {
  const { documents } = scope
  const cases: Case[] = []
  for (const observation of [...observations, ...takeInbox(documents, origin)]) {
    cases.push(...(await judgeHead({ ...scope, observation })))
  }
  cases.push(...(await judgePending(scope)))
  cases.push(...(await judgePromises(scope)))
  cases.push(...judgeFreshness({ ...scope, threshold }))
  cases.push(...(await reviewCanaries(scope)))
  cases.push(judgeBacklog(scope))
  return cases
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
  await checkGaps(tools, log.source, round)
  await round.takeMessages()
  const failure = await lookBack(round)
  await state.change(async (documents) => {
    // Whoever never answered in the name of Rekor v1 has no door for it; a server that is down is one finding.
    const isUp = sights.some((sight) => sight.vantage === "log" && !("failure" in sight))
    const isExpected = ({ vantage }: Sight) =>
      vantage !== "rekor-v1" || (isUp && hasAlias(documents, origin))
    const reached = sights.filter(isExpected).map((sight) => {
      const failed = failures.find(({ vantage }) => vantage === sight.vantage)
      const isOwn = sight.vantage === "log" && failure !== undefined
      const again = isOwn ? { vantage: sight.vantage, failure } : sight
      return judgeReachability(origin, failed ?? again, now)
    })
    settle(documents, reached, now)
    // A monitor that was off for long must not accuse a log of what it could not read just now.
    const isBehind = isCut || mayAnswerYet(documents, origin, "log")
    const scope = { ...keys, tree: own, documents, now, isBehind, ...present({ limits }) }
    settle(documents, await judge(log, scope, observations), now)
    settle(documents, judgeWithheld(documents, origin, now), now)
    settle(documents, [judgeUndecided(documents, log)], now)
    settle(documents, judgeExplanations(documents, origin, tools.watch, now), now)
    if (!isComplete) return
    // What was logged is not known again before all entries were judged.
    const isJudged = !isUnfinished(rescanOf(documents, origin))
    if (isJudged) settle(documents, judgeExpectations(documents, origin, now), now)
    noteLog(documents, origin, { completeAt: now })
  })
  return {
    origin,
    size: own.head.size,
    newest: Math.max(own.head.size, newestSigned(state.documents, origin)?.head.size ?? 0),
    isStateNewer: isStateNewer(round, observations, sizeBefore),
    isCut,
    judged: rescanStatus(state.documents, origin, own.head.size).judged,
    isDue: countStandings(state.documents, origin).again > 0,
  }
}

/** Judges again what is due and what another watch file has judged; gives why the log could not be read, if so. */
async function lookBack(round: LogRound): Promise<string | undefined> {
  const { log, tools, now } = round
  const own = await tools.state.tree(log.origin)
  const statement = reachedStatement(tools)
  if (statement === undefined) return undefined
  const ground = ownGround(tools, own, statement, log.source)
  const isOver = round.isRescanOver()
  const turn = { origin: log.origin, source: log.source, own, ground, now, isOver }
  try {
    await examineDue(tools, turn)
    await runRescan(tools, turn)
    await examineDue(tools, turn)
    await crossCheck(tools, { ...turn, isOver: round.isRescanOver() }, round.searched)
    return undefined
  } catch (error) {
    const isForeign =
      error instanceof Refusal || (error instanceof Trouble && error.code === "network")
    if (!isForeign) throw error
    return error.message
  }
}

/** Certificates that cannot be judged in time are told of once; a policy without witnesses has no clocks. */
function judgeUndecided(documents: DocumentReads, { origin, witnesses }: MonitoredLog): Case {
  const count = witnesses.length === 0 ? 0 : countStandings(documents, origin).undecided
  if (count === 0) return absent(keyOf("undecided-validity", origin))
  const summary = `Of ${count} entries by watched signers it cannot be told whether their certificates were valid when they were logged, because no cosigned head from that time is known.`
  return attested("undecided-validity", origin, summary)
}

/** What a vantage point answered; `note` is undefined if it knows no head of the log. */
type Sight =
  | { readonly vantage: Vantage; readonly note: string | undefined }
  | { readonly vantage: Vantage; readonly failure: string }

async function sightOf(vantage: Vantage, ask: () => Promise<string | undefined>): Promise<Sight> {
  try {
    return { vantage, note: await ask() }
  } catch (error) {
    if (error instanceof Refusal || error instanceof Trouble) {
      return { vantage, failure: error.message }
    }
    throw error
  }
}

/** The statement in a note if the log signed it. */
export function signedStatement(note: string, keys: KnownKeys): Statement | undefined {
  const read = readNote(note)
  if (read === undefined || read.head.origin !== keys.origin) return undefined
  const statement = openStatement(read, keys)
  return statement.log.length > 0 ? statement : undefined
}

/** A head that is older than the own tree may be a cache's, so it is asked for again past all caches. */
async function newestNote(source: LogSource, size: number, keys: KnownKeys): Promise<string> {
  const note = await source.checkpoint()
  const statement = signedStatement(note, keys)
  if (statement !== undefined && statement.head.size >= size) return note
  return await source.checkpoint(true)
}

/** Asks all vantage points at once; `size` is that of the own tree. */
async function readVantages(log: MonitoredLog, keys: KnownKeys, size: number) {
  return await Promise.all([
    sightOf("log", () => newestNote(log.source, size, keys)),
    sightOf("rekor-v1", async () => await log.source.rekorHead?.()),
    ...log.mirrors.map(({ name, source }) =>
      sightOf(`mirror ${name}`, () => newestNote(source, size, keys)),
    ),
    ...log.witnessHeads.map(({ name, source }) =>
      sightOf(`witness ${name}`, () => source.head(log.origin)),
    ),
  ])
}

function observationsOf(sights: readonly Sight[], now: number): readonly Observation[] {
  return sights.flatMap((sight) =>
    "failure" in sight || sight.note === undefined
      ? []
      : [{ vantage: sight.vantage, note: sight.note, receivedAt: now }],
  )
}

/** Whether a vantage point does not answer, and may do so again in a minute. */
function mayAnswerYet(documents: DocumentReads, origin: string, vantage: Vantage): boolean {
  const found = storedFinding(documents, keyOf("unreachable", origin, vantage))
  return found?.grade === "SUSPECTED" && found.resolvedAt === undefined
}

/** `unreachable` for what did not answer, and nothing of the kind for what did. */
function judgeReachability(origin: string, sight: Sight, at: number): Case {
  const { vantage } = sight
  if (!("failure" in sight)) return absent(keyOf("unreachable", origin, vantage))
  const summary = `${vantage} does not answer: ${shown(sight.failure, 300)}`
  return { ...ungraded("unreachable", origin, summary, vantage), shownBy: vantage, at }
}
