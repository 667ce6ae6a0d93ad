// The monitor: one round follows every log to its newest head, judges what was seen of it, and delivers what
// was found. What is wrong with a log or the way to it becomes a finding; only the monitor's own disk stops it.

import { present } from "../core/base/present.ts"
import type { SignatureRule } from "../core/note/note.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { SignatureCheck } from "../entry/entry.ts"
import { type AlertSink, type DeliveryReport, deliverAlerts } from "./alerts/alert.ts"
import { submitCanary } from "./alerts/canary.ts"
import { createEntryExaminer, type EntryCounters } from "./entries/examiner.ts"
import { expectShipped } from "./entries/expectation.ts"
import { judgeLedgers } from "./entries/ledger-case.ts"
import { absent, type Case } from "./findings/case.ts"
import { attested, keyOf } from "./findings/finding.ts"
import { acknowledge } from "./findings/life.ts"
import { settle } from "./findings/settle.ts"
import type { JudgeLimits } from "./heads/scope.ts"
import type { KnownKeys } from "./heads/statement.ts"
import { type LogReport, runLogRound } from "./log-round.ts"
import type { BeginTurn, SyncTools } from "./log-sync.ts"
import type { MessageStore } from "./messages/messages.ts"
import { createProof, type Digest } from "./messages/proving.ts"
import { createMessageTaking } from "./messages/taking.ts"
import type { MonitoredLog } from "./monitored-log.ts"
import type { OpenMailbox } from "./promises/mailbox.ts"
import { keepReceipt } from "./promises/promise-record.ts"
import { type CrossCheckMemory, newCrossCheckMemory } from "./rescan/cross-check.ts"
import { judgeBy, rescanFrom } from "./rescan/progress.ts"
import type { DocumentReads } from "./state/documents.ts"
import type { MonitorState } from "./state/state.ts"
import type { Watch } from "./watch/watch.ts"

export type { LogReport } from "./log-round.ts"
export type { MonitoredLog } from "./monitored-log.ts"

export interface MonitorOptions {
  readonly state: MonitorState
  readonly logs: readonly MonitoredLog[]
  /** What is watched from now on; asked at the beginning of each round. */
  readonly watch: () => Promise<WatchInForce>
  /** What others gave of what was signed. */
  readonly messages: MessageStore
  /** Whether all of these signatures hold, by the strict rules; on the calling thread. */
  readonly verify: (checks: readonly SignatureCheck[]) => boolean
  readonly sinks: readonly AlertSink[]
  /** What verifiers have posted. */
  readonly mailbox: OpenMailbox
  readonly hasher: TreeHasher
  /** SHA-256 of payloads; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
  /** Hashes of messages; the portable ones by default. */
  readonly digest?: Digest
  /** Whether the signature lines of heads hold; the portable rule by default. */
  readonly holds?: SignatureRule
  readonly limits?: Partial<JudgeLimits>
  /** Why the clock that times come from is not believed as it is; undefined if it is. */
  readonly clockDoubt?: () => string | undefined
  /** Lets others have the thread. */
  readonly pause: () => Promise<void>
  /** Turns without end by default. */
  readonly beginTurn?: BeginTurn
  /** The time in which entries of one log may be judged again in a round; as {@link beginTurn} by default. */
  readonly beginRescan?: BeginTurn
  /** Whether the round that runs is to end soon, leaving what can be read later. */
  readonly isStopping?: () => boolean
}

/** The watch file that counts. */
export interface WatchInForce {
  readonly watch: Watch
  /** Of the file and all that it names: entries that were judged by another one are judged again. */
  readonly digest: string
  /**
   * The same of ledgers to which lines are only ever appended, and which the digest above leaves out: they make entries
   * expected, so only what is reported or not understood is judged again.
   */
  readonly ledger?: string
  /** Why a newer file is not taken. */
  readonly refusal?: string
}

export interface RoundReport {
  /** Unix milliseconds. */
  readonly at: number
  readonly logs: readonly LogReport[]
  readonly delivery: DeliveryReport
}

export interface Monitor {
  /**
   * One round; `now` in Unix milliseconds. Rejects with Trouble for the monitor's own disk only; then the
   * state is unknown and the process must end. Rounds must not overlap.
   */
  round(now: number): Promise<RoundReport>
  /** Acknowledges open findings by key or ID; gives those that there are not. */
  acknowledge(keysOrIds: readonly string[], now: number): Promise<readonly string[]>
  /** Has the entries of every log judged again from this index on, in the rounds that come. */
  rescan(from: number, now: number): Promise<void>
  /** What is committed. */
  readonly documents: DocumentReads
  /** What was examined since the start, by origin. */
  counters(): ReadonlyMap<string, EntryCounters>
}

/** A log with what is followed by; what follows from the watch file changes with it. */
interface Followed {
  readonly log: MonitoredLog
  readonly keys: KnownKeys
  tools: SyncTools | undefined
  /** What was counted by examiners of earlier watch files. */
  readonly counted: EntryCounters[]
  readonly searched: CrossCheckMemory
}

function followed(log: MonitoredLog, { holds }: MonitorOptions): Followed {
  const { origin, vkeys: logKeys, witnesses } = log
  const keys: KnownKeys = { origin, logKeys, witnesses, ...present({ holds }) }
  return { log, keys, tools: undefined, counted: [], searched: newCrossCheckMemory() }
}

function sumOf(all: readonly EntryCounters[]): EntryCounters {
  const sum: Record<string, number> = {}
  for (const counters of all) {
    for (const [name, count] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum as unknown as EntryCounters
}

const WATCH_REFUSED = "watch-refused"

function refusalCase(refusal: string | undefined): Case {
  if (refusal === undefined) return absent(WATCH_REFUSED)
  const summary = `The watch file was changed and is refused, so the one before stays in force: ${refusal}`
  return {
    key: WATCH_REFUSED,
    kind: "watch-refused",
    grade: "ATTESTED",
    origin: "monitor",
    summary,
  }
}

/** The monitor's own trouble: what it judges meanwhile, it judges by the time that would be without the step. */
function clockCase(doubt: string | undefined): Case {
  if (doubt === undefined) return absent(keyOf("own-clock", "monitor"))
  const summary = `${doubt[0]?.toUpperCase()}${doubt.slice(1)}; ages are judged as if it had not: set the clock of this machine right, or start the monitor again if it is right now.`
  return attested("own-clock", "monitor", summary)
}

export function createMonitor(options: MonitorOptions): Monitor {
  const { state, sinks, mailbox, messages, limits } = options
  const { beginTurn = () => () => false, isStopping = () => false } = options
  const { beginRescan = beginTurn } = options
  const logs = options.logs.map((log) => followed(log, options))
  const prove = createProof(options.verify)
  const { hasher, digest } = options
  const taking = { state, messages, logs: options.logs, prove, hasher, ...present({ digest }) }
  const takeMessages = createMessageTaking(taking)
  const allKeys = logs.map(({ keys }) => keys)
  let inForce: string | undefined

  function stoppable(begin: BeginTurn): () => boolean {
    const isTurnOver = begin()
    return () => isStopping() || isTurnOver()
  }

  function watchBy(one: Followed, watch: Watch): void {
    const { verify, sha256, pause } = options
    const { keys, tools: before } = one
    if (before !== undefined) one.counted.push(before.examiner.counters())
    const examiner = createEntryExaminer({
      origin: keys.origin,
      watch,
      verify,
      ...present({ sha256 }),
    })
    one.tools = { keys, state, watch, examiner, messages, prove, hasher, pause, beginTurn }
  }

  async function begin(now: number): Promise<void> {
    const { watch, digest, ledger = "", refusal } = await options.watch()
    const found = `${digest} ${ledger}`
    const isOther = found !== inForce
    const sizes = await Promise.all(
      logs.map(async ({ log }) => (await state.tree(log.origin)).head),
    )
    await state.change((documents) => {
      mailbox.drain(documents, allKeys, now)
      settle(documents, [refusalCase(refusal), clockCase(options.clockDoubt?.())], now)
      if (!isOther) return
      settle(documents, judgeLedgers(watch), now)
      logs.forEach(({ log: { origin } }, i) => {
        expectShipped(documents, origin, watch, now)
        judgeBy(documents, origin, { watch: digest, ledger }, sizes[i]?.size ?? 0, now)
      })
    })
    if (!isOther) return
    for (const one of logs) watchBy(one, watch)
    inForce = found
  }

  async function submitCanaries(now: number): Promise<void> {
    for (const { log, keys } of logs) {
      if (log.canary === undefined) continue
      await submitCanary({
        origin: log.origin,
        submitter: log.canary,
        change: state.change,
        now,
        keepPromise: (documents, receipt) => keepReceipt(documents, keys, receipt, now),
      })
    }
  }

  return {
    documents: state.documents,
    counters: () =>
      new Map(
        logs.map(({ log, tools, counted }) => {
          const now = tools === undefined ? [] : [tools.examiner.counters()]
          return [log.origin, sumOf([...counted, ...now])]
        }),
      ),
    acknowledge: (keysOrIds, now) =>
      state.change((documents) =>
        keysOrIds.filter((keyOrId) => !acknowledge(documents, keyOrId, now)),
      ),
    async rescan(from, now) {
      for (const { log } of logs) {
        const { head } = await state.tree(log.origin)
        await state.change((documents) => rescanFrom(documents, log.origin, from, head.size, now))
      }
    },
    async round(now) {
      await begin(now)
      await submitCanaries(now)
      const reports: LogReport[] = []
      for (const { log, tools, searched } of logs) {
        if (tools === undefined) continue
        const isOver = stoppable(beginTurn)
        const isRescanOver = () => stoppable(beginRescan)
        const times = { now, isOver, isRescanOver, takeMessages, searched }
        const round = { log, tools, ...times, ...present({ limits }) }
        reports.push(await runLogRound(round))
      }
      const isOver = stoppable(beginTurn)
      const delivery = await deliverAlerts({ change: state.change, sinks, now, isOver })
      return { at: now, logs: reports, delivery }
    },
  }
}
