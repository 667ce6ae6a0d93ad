// `countersign monitor run`: rounds until it is told to stop, or one round whose exit code says what is open.
import { setTimeout as sleep } from "node:timers/promises"
import type { Logger } from "pino"
import { settled } from "../../core/base/settled.ts"
import { createMonitorMetrics } from "../../http/monitor/metrics.ts"
import { createMonitorServer } from "../../http/monitor/server.ts"
import type { HttpServer } from "../../http/serving/http-server.ts"
import { isHealthy } from "../../monitor/findings/stored.ts"
import type { RoundReport } from "../../monitor/monitor.ts"
import {
  EXIT_FAILURE,
  EXIT_FINE,
  EXIT_MISISSUANCE,
  EXIT_PROVEN,
  EXIT_STATE_REFUSED,
} from "../command/exit-code.ts"
import { listen, processLogger, untilStopped } from "../command/listening.ts"
import { type Called, defineCommand } from "../command/options.ts"
import { type RunOptions, runOptions } from "./options.ts"
import { openRunningMonitor, type RunningMonitor } from "./running.ts"
import { printStatus } from "./status.ts"

export const monitorRunCommand = defineCommand({
  options: runOptions,
  help: `
Where the policy has several logs, --log and --mirror name the one that is meant: --log "ORIGIN URL",
--mirror "ORIGIN NAME=URL".

Exit codes with --once, the worst that is open and not acknowledged: 0 clean, 1 operational trouble or
a suspicion, 2 misissuance or what else evidence presents, 3 a log or a witness is convicted by what it
signed, 4 the state is refused, or is newer than everything that the log shows while nobody is convicted.

Example:
  countersign monitor run --data /var/lib/monitor --watch acme.watch --sinks alerts.sinks
  countersign monitor run --data ./state --key monitor.pem --watch acme.watch --once`,
  async run(options, called) {
    const stopping = new AbortController()
    const isStopping = () => stopping.signal.aborted
    const running = await openRunningMonitor(options, called.terminal, isStopping)
    try {
      if (options.once === true) await runOnce(running, options, called)
      else await runOn(running, options, stopping)
    } finally {
      await running.close()
    }
  },
})

/** One round with all that belongs to it; a ping only if it saw everything and the monitor is well. */
async function runRound(running: RunningMonitor, now: number): Promise<RoundReport> {
  const { monitor, sinks, takeAcknowledgements } = running
  await takeAcknowledgements(now)
  const report = await monitor.round(now)
  const { lastCompleteAt, findings } = running.status()
  if (lastCompleteAt === now && isHealthy(findings)) {
    // Whoever waits for a ping notices that it is missing.
    await Promise.allSettled(sinks.pings.map(({ ping }) => ping()))
  }
  return report
}

const exitCodes = [EXIT_FINE, EXIT_FAILURE, EXIT_MISISSUANCE, EXIT_PROVEN] as const

function entriesRead({ logs }: RoundReport): number {
  return logs.reduce((sum, { size }) => sum + size, 0)
}

/** Rounds until every log was read, or one has brought no log any further. */
async function runUntilRead(running: RunningMonitor): Promise<RoundReport> {
  let report = await runRound(running, Date.now())
  for (let read = -1; report.logs.some(({ isCut }) => isCut) && entriesRead(report) > read; ) {
    read = entriesRead(report)
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
  const isUntold = status.worst === 0 && status.undelivered > 0 && sinks.sinks.length > 0
  if (isUntold) output.remark(`not every sink has taken its alerts`)
  const code = isUntold ? EXIT_FAILURE : exitCodes[status.worst]
  // What is proven needs nobody's state to be believed.
  terminal.fail(newer.length > 0 && code !== EXIT_PROVEN ? EXIT_STATE_REFUSED : code)
}

async function openServer(
  { monitor, served, status }: RunningMonitor,
  address: RunOptions["listen"],
  logger: Logger,
): Promise<{ readonly http: HttpServer; readonly url: string } | undefined> {
  if (address === undefined) return undefined
  const metrics = createMonitorMetrics(status, { withProcess: true, counters: monitor.counters })
  const http = createMonitorServer({ ...served, metrics, logger })
  return { http, url: await listen(http.server, address) }
}

/** Rounds until a signal comes; the one that runs then leaves what is not read yet, and judges the rest. */
async function runOn(
  running: RunningMonitor,
  options: RunOptions,
  stopping: AbortController,
): Promise<void> {
  const logger = processLogger()
  const stopped = untilStopped(logger).then(() => stopping.abort())
  if (running.policyRemark !== undefined) logger.warn(running.policyRemark)
  const server = await openServer(running, options.listen, logger)
  const logs = running.served.logs.map(({ origin }) => origin)
  logger.info({ logs, url: server?.url, verification: running.engine }, "serving")
  try {
    while (!stopping.signal.aborted) {
      const report = await runRound(running, Date.now())
      logger.info({ logs: report.logs, ...report.delivery }, "round")
      // Ends early by that signal alone.
      const { signal } = stopping
      await settled(sleep(options.interval * 1000, undefined, { signal }))
    }
    await stopped
  } finally {
    await server?.http.close()
  }
  logger.info("stopped")
}
