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
import { acknowledge } from "./findings/life.ts"
import { settle } from "./findings/settle.ts"
import type { JudgeLimits } from "./heads/scope.ts"
import type { KnownKeys } from "./heads/statement.ts"
import { type LogReport, runLogRound } from "./log-round.ts"
import type { BeginTurn } from "./log-sync.ts"
import type { MonitoredLog } from "./monitored-log.ts"
import type { OpenMailbox } from "./promises/mailbox.ts"
import { keepReceipt } from "./promises/promise-record.ts"
import type { DocumentReads } from "./state/documents.ts"
import type { MonitorState } from "./state/state.ts"
import type { Watch } from "./watch/watch.ts"

export type { LogReport } from "./log-round.ts"
export type { MonitoredLog } from "./monitored-log.ts"

export interface MonitorOptions {
  readonly state: MonitorState
  readonly logs: readonly MonitoredLog[]
  readonly watch: Watch
  /** Whether all of these signatures hold, by the strict rules; on the calling thread. */
  readonly verify: (checks: readonly SignatureCheck[]) => boolean
  readonly sinks: readonly AlertSink[]
  /** What verifiers have posted. */
  readonly mailbox: OpenMailbox
  readonly hasher: TreeHasher
  /** SHA-256 of payloads; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
  /** Whether the signature lines of heads hold; the portable rule by default. */
  readonly holds?: SignatureRule
  readonly limits?: Partial<JudgeLimits>
  /** Lets others have the thread. */
  readonly pause: () => Promise<void>
  /** Turns without end by default. */
  readonly beginTurn?: BeginTurn
  /** Whether the round that runs is to end soon, leaving what can be read later. */
  readonly isStopping?: () => boolean
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
  /** What is committed. */
  readonly documents: DocumentReads
  /** What was examined since the start, by origin. */
  counters(): ReadonlyMap<string, EntryCounters>
}

function followed(log: MonitoredLog, options: MonitorOptions, beginTurn: BeginTurn) {
  const { state, watch, verify, hasher, sha256, holds, pause } = options
  const { origin, vkeys: logKeys, witnesses } = log
  const keys: KnownKeys = { origin, logKeys, witnesses, ...present({ holds }) }
  const examiner = createEntryExaminer({ origin, watch, verify, ...present({ sha256 }) })
  const tools = { keys, state, watch, examiner, hasher, pause, beginTurn }
  return { log, keys, tools }
}

export function createMonitor(options: MonitorOptions): Monitor {
  const { state, watch, sinks, mailbox, limits } = options
  const { beginTurn = () => () => false, isStopping = () => false } = options
  const logs = options.logs.map((log) => followed(log, options, beginTurn))
  const allKeys = logs.map(({ keys }) => keys)
  let isExpecting = false

  function beginStoppableTurn(): () => boolean {
    const isTurnOver = beginTurn()
    return () => isStopping() || isTurnOver()
  }

  async function begin(now: number): Promise<void> {
    await state.change((documents) => {
      mailbox.drain(documents, allKeys, now)
      if (isExpecting) return
      for (const { log } of logs) expectShipped(documents, log.origin, watch, now)
      settle(documents, judgeLedgers(watch), now)
    })
    isExpecting = true
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
    counters: () => new Map(logs.map(({ log, tools }) => [log.origin, tools.examiner.counters()])),
    acknowledge: (keysOrIds, now) =>
      state.change((documents) =>
        keysOrIds.filter((keyOrId) => !acknowledge(documents, keyOrId, now)),
      ),
    async round(now) {
      await begin(now)
      await submitCanaries(now)
      const reports: LogReport[] = []
      for (const { log, tools } of logs) {
        const isOver = beginStoppableTurn()
        reports.push(await runLogRound({ log, tools, now, isOver, ...present({ limits }) }))
      }
      const isOver = beginStoppableTurn()
      const delivery = await deliverAlerts({ change: state.change, sinks, now, isOver })
      return { at: now, logs: reports, delivery }
    },
  }
}
