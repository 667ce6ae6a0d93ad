// `countersign monitor run`: rounds until it is told to stop, or one round whose exit code says what is open.
import { setTimeout as sleep } from "node:timers/promises"
import type { Logger } from "pino"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { settled } from "../../core/base/settled.ts"
import type { Writer } from "../../http/access/writer.ts"
import { isToken } from "../../http/monitor/ledger.ts"
import { createMonitorMetrics } from "../../http/monitor/metrics.ts"
import { createMonitorServer } from "../../http/monitor/server.ts"
import { isHealthy } from "../../monitor/findings/stored.ts"
import type { RoundReport } from "../../monitor/monitor.ts"
import { auditFile, followAuditHead } from "../../storage/files/audit-file.ts"
import { openServedAccess, type ServedAccess } from "../access/served-access.ts"
import { recordStart } from "../audit/start.ts"
import {
  EXIT_FAILURE,
  EXIT_FINE,
  EXIT_MISISSUANCE,
  EXIT_PROVEN,
  EXIT_STATE_REFUSED,
  StateRefused,
} from "../command/exit-code.ts"
import { readPassphrase } from "../command/key-files.ts"
import { openFetch } from "../command/network.ts"
import { type Called, defineCommand } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { remarkExposure } from "../serving/exposure.ts"
import { limitsOf } from "../serving/limit-options.ts"
import { listen } from "../serving/listening.ts"
import { endProcess, processLogger, sayStopped, untilStopped } from "../serving/process.ts"
import { openTls } from "../serving/tls.ts"
import { tlsFilesOf } from "../serving/tls-options.ts"
import { type RunOptions, runOptions } from "./options.ts"
import { openRunningMonitor, type RunningMonitor } from "./running.ts"
import { printStatus } from "./status.ts"

export const monitorRunCommand = defineCommand({
  options: runOptions,
  help: `
Where the policy has several logs, --log and --mirror name the one that is meant: --log "ORIGIN URL",
--mirror "ORIGIN NAME=URL".

Exit codes with --once, the worst that is open and not acknowledged: 0 clean, 1 operational trouble or
a suspicion, or entries that are not understood yet, 2 misissuance or what else evidence presents,
3 a log or a witness is convicted by what it signed, 4 the state is refused, or is newer than everything
that the log shows while nobody is convicted.

Example:
  countersign monitor run --data /var/lib/monitor --watch acme.watch --sinks alerts.sinks
  countersign monitor run --data ./state --key monitor.pem --watch acme.watch --once`,
  async run(options, called) {
    const stopping = new AbortController()
    const isStopping = () => stopping.signal.aborted
    const running = await openRunningMonitor(options, called.terminal, isStopping)
    try {
      if (options.once === true) await runOnce(running, options, called)
      else await runOn(running, options, called, stopping)
    } finally {
      await running.close()
    }
  },
})

/** One round with all that belongs to it; a ping only if it saw everything and the monitor is well. */
async function runRound(running: RunningMonitor, now: number): Promise<RoundReport> {
  const { monitor, sinks, takeAcknowledgements, takeRescanRequest } = running
  await takeAcknowledgements(now)
  await takeRescanRequest(now)
  const report = await monitor.round(now)
  const { lastCompleteAt, findings } = running.status()
  if (lastCompleteAt === now && isHealthy(findings)) {
    // Whoever waits for a ping notices that it is missing.
    await Promise.allSettled(sinks.pings.map(({ ping }) => ping()))
  }
  return report
}

const exitCodes = [EXIT_FINE, EXIT_FAILURE, EXIT_MISISSUANCE, EXIT_PROVEN] as const

/** Entries that were read, and those of them that are judged by the present watch file. */
function progressOf({ logs }: RoundReport): number {
  return logs.reduce((sum, { size, judged }) => sum + size + judged, 0)
}

function isUnfinished({ logs }: RoundReport): boolean {
  return logs.some(({ isCut, judged, size, isDue }) => isCut || judged < size || isDue)
}

/** Rounds until every log was read and all of it judged, or one has brought no log any further. */
async function runUntilRead(running: RunningMonitor): Promise<RoundReport> {
  let report = await runRound(running, Date.now())
  for (let done = -1; isUnfinished(report) && progressOf(report) > done; ) {
    done = progressOf(report)
    report = await runRound(running, Date.now())
  }
  return report
}

async function runOnce(
  running: RunningMonitor,
  { json }: RunOptions,
  { terminal, output }: Called,
): Promise<void> {
  const { policyRemark, sinks } = running
  if (policyRemark !== undefined) output.remark(policyRemark)
  for (const remark of running.remarks) output.remark(remark)
  const { logs } = await runUntilRead(running)
  const status = running.status()
  if (json === true) output.result("", [], status)
  else printStatus(output, status)
  const newer = logs.filter(({ isStateNewer }) => isStateNewer)
  for (const { origin, size } of newer) {
    output.remark(
      `the state has ${size} entries of ${origin}, and everyone who answers shows fewer: the log was ` +
        `rolled back, or the state is not of this log`,
    )
  }
  for (const reason of status.unclear) output.remark(reason)
  const isUntold = status.worst === 0 && status.undelivered > 0 && sinks.sinks.length > 0
  if (isUntold) output.remark(`not every sink has taken its alerts`)
  const code = isUntold ? EXIT_FAILURE : exitCodes[status.worst]
  // What is proven needs nobody's state to be believed.
  terminal.fail(newer.length > 0 && code !== EXIT_PROVEN ? EXIT_STATE_REFUSED : code)
}

/** Whoever has a token of --ledger-token-file. */
function ledgerSecrets({ served }: RunningMonitor): (text: string) => Writer | undefined {
  const writer: Writer = { id: "token:ledger-token-file", scopes: new Set(["ledger"]) }
  return (text) => (isToken(text, served.ledgers?.tokens ?? []) ? writer : undefined)
}

interface MonitorServer {
  readonly url: string
  readonly access: ServedAccess
  close(): Promise<void>
}

async function openServer(
  running: RunningMonitor,
  options: RunOptions,
  logger: Logger,
  terminal: Terminal,
): Promise<MonitorServer | undefined> {
  if (options.listen === undefined) {
    return (
      tlsFilesOf(options) && refuse("malformed", "--tls-certificate: name an address with --listen")
    )
  }
  const { monitor, served, status } = running
  const passphrase = readPassphrase(options.passphraseFile)
  const tls = await openTls(options, { passphrase, logger, data: options.data })
  const access = await openServedAccess({
    ...present({ access: options.access, anonymous: options.anonymous }),
    ...{ data: options.data, logger, secrets: ledgerSecrets(running), hasAuthorities: false },
    byDefault: ["submit", "attach", "evidence", "heads", "read"],
    fetch: () => openFetch(options, terminal),
  })
  const { counters } = monitor
  const certificateExpiry = tls?.expiry
  const metrics = createMonitorMetrics(status, {
    ...{ withProcess: true, counters },
    ...present({ certificateExpiry }),
  })
  const auditHead = followAuditHead(auditFile(options.data))
  const { proxies, ...limits } = limitsOf(options)
  const http = createMonitorServer({
    ...{ ...served, ...limits, auditHead, metrics, logger, tls: tls?.options },
    access: access.current,
    config: proxies,
  })
  const url = await listen(http.server, options.listen)
  remarkExposure({ url, admin: undefined, ...present({ trustProxy: options.trustProxy }) }, logger)
  tls?.follow(http.server)
  return {
    ...{ url, access },
    async close() {
      await http.close()
      tls?.close()
      await access.close()
    },
  }
}

/** Milliseconds between rounds while something is left to be read or judged. */
const UNFINISHED_WAIT = 1_000

/** Waits between rounds, which SIGHUP cuts short: the watch file is looked at in the next one. */
function createWaiting(stopping: AbortSignal) {
  let hangUp = new AbortController()
  const wake = (): void => hangUp.abort()
  process.on("SIGHUP", wake)
  return {
    async wait(milliseconds: number): Promise<void> {
      // Ends early by these signals alone.
      const signal = AbortSignal.any([stopping, hangUp.signal])
      await settled(sleep(milliseconds, undefined, { signal }))
      if (hangUp.signal.aborted) hangUp = new AbortController()
    },
    close: () => void process.removeListener("SIGHUP", wake),
  }
}

/** Rounds until a signal comes; the one that runs then leaves what is not read yet, and judges the rest. */
async function runOn(
  running: RunningMonitor,
  options: RunOptions,
  { command, terminal }: Called,
  stopping: AbortController,
): Promise<void> {
  const logger = processLogger()
  const stopped = untilStopped(logger).then(() => stopping.abort())
  if (running.policyRemark !== undefined) logger.warn(running.policyRemark)
  for (const remark of running.remarks) logger.warn(remark)
  const waiting = createWaiting(stopping.signal)
  const recordStop = await recordStart({
    ...{ data: options.data, command, logger, overrides: [] },
    writerOptions: ["ledger-token-file", "access", "anonymous"],
  })
  const server = await openServer(running, options, logger, terminal)
  const logs = running.served.logs.map(({ origin }) => origin)
  const writers = server?.access.describe()
  logger.info({ logs, url: server?.url, verification: running.engine, writers }, "serving")
  try {
    while (!stopping.signal.aborted) {
      const report = await runRound(running, Date.now())
      logger.info({ logs: report.logs, ...report.delivery }, "round")
      // What is judged again goes on at once, because nothing is clean before.
      const wait = isUnfinished(report) ? UNFINISHED_WAIT : options.interval * 1000
      await waiting.wait(wait)
    }
    await stopped
  } catch (reason) {
    // What a monitor refuses by name is an ordinary end; after all else its state is unknown.
    if (!(reason instanceof Refusal || reason instanceof StateRefused)) {
      endProcess(logger, "the state of the monitor is unknown; start it again")(reason)
    }
    throw reason
  } finally {
    waiting.close()
    await server?.close()
    recordStop()
  }
  sayStopped(logger)
}
