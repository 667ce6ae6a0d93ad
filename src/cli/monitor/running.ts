// A monitor over its data directory, with everything that it needs of this machine: sources, sinks, the
// engine that verifies signatures.
import { createHash, randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_POLICY } from "../../core/base/limits.ts"
import { parsePolicy } from "../../core/note/policy.ts"
import { createEntryCheck } from "../../crypto/engines/entry-check.ts"
import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { MonitorServerOptions } from "../../http/monitor/server.ts"
import { createMonitor, type Monitor, type MonitoredLog } from "../../monitor/monitor.ts"
import { createMailbox } from "../../monitor/promises/mailbox.ts"
import type { MonitorState } from "../../monitor/state/state.ts"
import type { OwnTree } from "../../monitor/state/tree.ts"
import { type MonitorStatus, monitorStatus } from "../../monitor/status.ts"
import { parseWatch, type Watch } from "../../monitor/watch/watch.ts"
import { readText } from "../command/file.ts"
import type { Terminal } from "../command/terminal.ts"
import {
  leftAcknowledgements,
  lockMonitorState,
  type MonitorDirectory,
  monitorDirectory,
} from "./directory.ts"
import { logsOfPolicy, openMonitoredLogs, pinnedPolicy } from "./monitored-logs.ts"
import type { RunOptions } from "./options.ts"
import { comparePolicy } from "./policy-pin.ts"
import { readSinks, type Sinks } from "./sinks/sinks.ts"
import { lastCompleteAt } from "./status.ts"
import { readWatchFile } from "./watch-test.ts"

export interface RunningMonitor {
  readonly monitor: Monitor
  readonly state: MonitorState
  readonly sinks: Sinks
  /** What the policy that was given instead of the pinned one needs, if it differs. */
  readonly policyRemark: string | undefined
  readonly engine: string
  /** What its HTTP server serves. */
  readonly served: Omit<MonitorServerOptions, "logger" | "config">
  status(): MonitorStatus
  /** Takes acknowledgements that were left meanwhile. */
  takeAcknowledgements(now: number): Promise<void>
  close(): Promise<void>
}

const PLAIN_WATCH = "countersign-watch/v1\n"

/** Without a watch file nothing is expected, and every entry is verified all the same. */
async function openWatch(file: string | undefined): Promise<Watch> {
  if (file !== undefined) return await readWatchFile(file)
  return await parseWatch(PLAIN_WATCH, () => Promise.reject(new Error("bug: no files")))
}

async function checkPolicy(
  state: MonitorState,
  { policy, data }: RunOptions,
): Promise<string | undefined> {
  if (policy === undefined) return undefined
  const text = await readText(policy, "policy", LONGEST_POLICY)
  return await state.change((documents) =>
    comparePolicy(documents, { file: policy, text }, data, Date.now()),
  )
}

async function openTrees(
  state: MonitorState,
  logs: readonly MonitoredLog[],
): Promise<ReadonlyMap<string, OwnTree>> {
  const trees = new Map<string, OwnTree>()
  for (const { origin } of logs) trees.set(origin, await state.tree(origin))
  return trees
}

/** Milliseconds for which a status is shown while nothing has changed. */
const STATUS_LIFE = 1_000
/** How long one log may be read in a round, in milliseconds; others and the sinks wait for it. */
const TURN = 300_000

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function takeLeft(directory: MonitorDirectory, monitor: Monitor, now: number): Promise<void> {
  const { ids, forget } = leftAcknowledgements(directory)
  if (ids.length === 0) return
  await monitor.acknowledge(ids, now)
  forget()
}

async function openOver(
  state: MonitorState,
  options: RunOptions,
  terminal: Terminal,
  isStopping: () => boolean,
): Promise<Omit<RunningMonitor, "close" | "takeAcknowledgements">> {
  const policyRemark = await checkPolicy(state, options)
  const { fetch } = terminal
  const surroundings = {
    fetch,
    sleep: async (milliseconds: number) => void (await sleep(milliseconds)),
    unique: randomUUID,
  }
  const addresses = {
    logs: options.log,
    mirrors: options.mirror,
    hasCanary: options.canary ?? false,
  }
  const followed = logsOfPolicy(parsePolicy(pinnedPolicy(state.documents)))
  const logs = openMonitoredLogs(followed, addresses, surroundings)
  const trees = await openTrees(state, logs)
  const sinks: Sinks =
    options.sinks === undefined
      ? { sinks: [], takesAll: false, pings: [] }
      : await readSinks(options.sinks, { fetch, now: Date.now })
  if (addresses.hasCanary && !sinks.takesAll) {
    refuse(
      "malformed",
      "--canary: expected a sink that can be told, found none; name them by --sinks",
    )
  }
  const check = createEntryCheck()
  const mailbox = createMailbox()
  const holds = createNoteVerification()
  const monitor = createMonitor({
    state,
    logs,
    watch: await openWatch(options.watch),
    verify: check.verify,
    sinks: sinks.sinks,
    mailbox,
    hasher: nativeHasher,
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    holds,
    pause,
    beginTurn() {
      const end = terminal.now() + TURN
      return () => terminal.now() >= end
    },
    isStopping,
  })

  function statusAt(now: number): MonitorStatus {
    return monitorStatus({
      documents: state.documents,
      logs: followed.flatMap((log) => {
        const head = trees.get(log.origin)?.head
        return head === undefined ? [] : [{ ...log, head }]
      }),
      lastCompleteAt: lastCompleteAt(
        state.documents,
        followed.map(({ origin }) => origin),
      ),
      interval: options.interval * 1000,
      now,
    })
  }

  let last: { readonly sequence: number; readonly status: MonitorStatus } | undefined

  /** Making it reads every finding, and anyone may ask. */
  function status(): MonitorStatus {
    const [now, { sequence }] = [Date.now(), state]
    const isCurrent = last?.sequence === sequence && Math.abs(now - last.status.at) < STATUS_LIFE
    if (last === undefined || !isCurrent) last = { sequence, status: statusAt(now) }
    return last.status
  }

  const served = {
    logs: logs.map(({ origin, vkeys, witnesses }) => ({
      origin,
      vkeys,
      witnesses: witnesses.map(({ vkey }) => vkey),
    })),
    mailbox,
    documents: state.documents,
    status,
    async rootAt(origin: string, size: number) {
      const tree = trees.get(origin)
      return tree === undefined || size > tree.head.size ? undefined : await tree.rootAt(size)
    },
    holds,
    now: Date.now,
  }
  return { monitor, state, sinks, policyRemark, engine: check.engine, served, status }
}

/**
 * Locks the data directory and opens everything. Throws `StateRefused`; refuses `conflict` while another
 * process runs the monitor; refuses what is wrong with the files that the options name. `isStopping` says
 * that the round that runs is to end soon.
 */
export async function openRunningMonitor(
  options: RunOptions,
  terminal: Terminal,
  isStopping: () => boolean = () => false,
): Promise<RunningMonitor> {
  const directory = monitorDirectory(options.data, options.key)
  const { state, close } = await lockMonitorState(directory)
  try {
    const opened = await openOver(state, options, terminal, isStopping)
    return {
      ...opened,
      takeAcknowledgements: (now) => takeLeft(directory, opened.monitor, now),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
