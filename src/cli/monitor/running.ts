// A monitor over its data directory, with everything that it needs of this machine: sources, sinks, the
// engine that verifies signatures.
import { createHash, hash } from "node:crypto"
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { createPatientTime } from "../../core/time/patient-time.ts"
import { createEntryCheck } from "../../crypto/engines/entry-check.ts"
import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { createPatientNoteVerification } from "../../crypto/engines/patient-verification.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { createMonitor } from "../../monitor/monitor.ts"
import { createMailbox } from "../../monitor/promises/mailbox.ts"
import type { MonitorStatus } from "../../monitor/status.ts"
import { openLedgerFolder } from "../../storage/files/ledger-folder.ts"
import { openMessageFolder } from "../../storage/files/message-folder.ts"
import { machineClock } from "../clock/machine-clock.ts"
import { type Close, openAll } from "../command/closers.ts"
import { openFetch } from "../command/network.ts"
import type { Terminal } from "../command/terminal.ts"
import { startWarnings } from "../watch/warnings.ts"
import {
  lockMonitorState,
  monitorDirectory,
  takeAcknowledgements,
  takeRescanRequest,
} from "./directory.ts"
import { openServedLedgers } from "./ledgers.ts"
import { openLogFetch } from "./log-credentials.ts"
import { createMessageDoor } from "./message-door.ts"
import { openMonitoredLogs } from "./monitored-logs.ts"
import type { RunOptions } from "./options.ts"
import { comparePolicy } from "./policy-pin.ts"
import { readSinks, type Sinks } from "./sinks/sinks.ts"
import { followedLogs, statusOf } from "./status.ts"
import { openWatchSource } from "./watch-source.ts"

export type RunningMonitor = Awaited<ReturnType<typeof openRunningMonitor>>

/** Milliseconds for which a status is shown while nothing has changed. */
const STATUS_LIFE = 1_000
/** How long one log may be read in a round, in milliseconds; others and the sinks wait for it. */
const TURN = 300_000
/** How long entries of one log may be judged again in a round, in milliseconds. */
const RESCAN_TURN = 20_000

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function openParts(
  options: RunOptions,
  terminal: Terminal,
  isStopping: () => boolean,
  closers: Close[],
) {
  const directory = monitorDirectory(options.data, options.key, options.passphraseFile)
  const { state, close } = await lockMonitorState(directory)
  closers.push(close)
  const policyRemark = await comparePolicy(state, options)
  const followed = await followedLogs(state)
  const fetch = await openFetch(options, terminal)
  const remarks: string[] = []
  const fetchOf = await openLogFetch(
    ...([options.logTokenFile ?? [], followed.map(({ origin }) => origin), fetch] as const),
    (text) => remarks.push(text),
  )
  const logs = openMonitoredLogs(followed, options, fetch, fetchOf)
  const time = createPatientTime({ ...machineClock(), patience: CLOCK_PATIENCE_MS })
  const now = () => Math.floor(time().now)
  const sinks: Sinks = await readSinks(options.sinks, { fetch, now })
  if (options.canary === true && !sinks.takesAll) {
    refuse(
      "malformed",
      "--canary: expected a sink that can be told, found none; name them by --sinks",
    )
  }
  const ledgers = openLedgerFolder(directory.ledgers)
  const watch = await openWatchSource(options.watch, ledgers)
  const messages = openMessageFolder(directory.messages)
  const check = createEntryCheck()
  const mailbox = createMailbox()
  const holds = createNoteVerification()
  const monitor = createMonitor({
    state,
    logs,
    watch: watch.inForce,
    messages,
    verify: check.verify,
    sinks: sinks.sinks,
    mailbox,
    hasher: nativeHasher,
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    digest: (name, bytes) => hash(name, bytes, "buffer"),
    holds,
    clockDoubt: () => time().doubt,
    pause,
    beginTurn: turnOf(TURN),
    beginRescan: turnOf(RESCAN_TURN),
    isStopping,
  })

  function turnOf(milliseconds: number): () => () => boolean {
    return () => {
      const end = terminal.now() + milliseconds
      return () => terminal.now() >= end
    }
  }

  let last: { readonly sequence: number; readonly status: MonitorStatus } | undefined

  /** Making it reads every finding, and anyone may ask. */
  function status(): MonitorStatus {
    const { sequence } = state
    const isCurrent = last?.sequence === sequence && Math.abs(now() - last.status.at) < STATUS_LIFE
    if (last === undefined || !isCurrent) {
      const made = statusOf(state, followed, options.interval, messages.usage(), now())
      last = { sequence, status: made }
    }
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
      const tree = followed.find((log) => log.origin === origin)?.tree
      return tree === undefined || size > tree.head.size ? undefined : await tree.rootAt(size)
    },
    holdsElsewhere: createPatientNoteVerification(),
    now,
    ...present({ ledgers: await openServedLedgers(options, ledgers, watch.watch) }),
    takeMessage: createMessageDoor({ state, logs, messages, verify: check.verify }),
  }
  return {
    ...{ monitor, state, sinks, policyRemark, engine: check.engine, served, status, now },
    remarks: [...remarks, ...startWarnings(watch.watch())],
    takeAcknowledgements: (now: number) =>
      takeAcknowledgements(directory, (ids) => monitor.acknowledge(ids, now)),
    takeRescanRequest: (now: number) =>
      takeRescanRequest(directory, (from) => monitor.rescan(from, now)),
  }
}

/** How long a step of the clock must have lasted before anybody is judged by it. */
const CLOCK_PATIENCE_MS = 3_600_000

/**
 * Locks the data directory and opens everything. Throws `StateRefused`; refuses `conflict` while another
 * process runs the monitor; refuses what is wrong with the files that the options name. `isStopping` says
 * that the round that runs is to end soon.
 */
export async function openRunningMonitor(
  options: RunOptions,
  terminal: Terminal,
  isStopping: () => boolean = () => false,
) {
  return await openAll((closers) => openParts(options, terminal, isStopping, closers))
}
