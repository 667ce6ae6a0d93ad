// `countersign bridge registry`: walks a container registry and gives the log what its entries were made over; says what
// the registry has and the log has not, and what the registry has lost.
import type { Logger } from "pino"
import { refuse } from "../../core/base/errors.ts"
import { settled } from "../../core/base/settled.ts"
import type { HttpServer } from "../../http/serving/http-server.ts"
import { readPassphrase } from "../command/key-files.ts"
import { type Called, defineCommand } from "../command/options.ts"
import { remarkPinning } from "../command/trust-options.ts"
import { listen } from "../serving/listening.ts"
import { processLogger, sayStopped, untilStopped } from "../serving/process.ts"
import { createHintQueue, createNotificationServer, type HintQueue } from "./notifications.ts"
import { type BridgeOptions, bridgeOptions } from "./options.ts"
import {
  exitCodeOfReport,
  printFinding,
  printReport,
  printReportJson,
  type RoundReport,
} from "./report.ts"
import type { Hint } from "./round.ts"
import { openBridge, type RunningBridge } from "./running.ts"

const MINUTE_MS = 60_000
/** Hints that are followed before the next look at the clock. */
const MOST_HINTS_AT_ONCE = 100

async function runOnce(
  bridge: RunningBridge,
  { json }: BridgeOptions,
  { output, terminal }: Called,
) {
  const report = await bridge.round()
  if (json === true) printReportJson(output, report)
  else printReport(output, report)
  remarkPinning(output, bridge.isPinned)
  terminal.fail(exitCodeOfReport(report))
}

/** Prints each finding once, as long as it lasts, and says what was not seen. */
function createTelling({ output }: Called, logger: Logger) {
  let told = new Set<string>()
  return (report: RoundReport): void => {
    const { findings, whole, troubles } = report
    for (const finding of findings) if (!told.has(finding.id)) printFinding(output, finding)
    told = new Set(findings.map(({ id }) => id))
    for (const why of troubles) logger.warn(why)
    logger.info({ findings: findings.length, whole, notSeen: troubles.length }, "round")
  }
}

async function openServer(
  bridge: RunningBridge,
  options: BridgeOptions,
  queue: HintQueue,
  logger: Logger,
): Promise<{ readonly http: HttpServer; readonly url: string } | undefined> {
  if (options.listen === undefined) return undefined
  const token = readPassphrase(options.tokenFile, "token")
  if (token === undefined || token.length < 16) {
    return refuse(
      "untrusted",
      "--listen: expected a token of 16 characters or more in --token-file",
    )
  }
  const http = createNotificationServer({ token, queue, logger, isWanted: bridge.isWanted })
  return { http, url: await listen(http.server, options.listen) }
}

function takeHints(queue: HintQueue): readonly Hint[] {
  const hints: Hint[] = []
  for (let hint = queue.take(); hint !== undefined; hint = queue.take()) {
    hints.push(hint)
    if (hints.length >= MOST_HINTS_AT_ONCE) break
  }
  return hints
}

/** Walks, and between two walks follows what notifications name. */
async function runRounds(
  bridge: RunningBridge,
  queue: HintQueue,
  {
    pause,
    signal,
    tell,
  }: { pause: number; signal: AbortSignal; tell: (report: RoundReport) => void },
): Promise<void> {
  while (!signal.aborted) {
    tell(await bridge.round())
    const over = AbortSignal.any([signal, AbortSignal.timeout(pause)])
    while (!over.aborted) {
      const hints = takeHints(queue)
      if (hints.length > 0) tell(await bridge.follow(hints))
      else await queue.filled(over)
    }
  }
}

async function runOn(
  bridge: RunningBridge,
  options: BridgeOptions,
  called: Called,
  stopping: AbortController,
): Promise<void> {
  const logger = processLogger()
  const stopped = untilStopped(logger).then(() => stopping.abort())
  const queue = createHintQueue()
  const { signal } = stopping
  const server = await openServer(bridge, options, queue, logger)
  logger.info({ registry: options.url, url: server?.url }, "serving")
  try {
    const pause = options.every * MINUTE_MS
    await runRounds(bridge, queue, { pause, signal, tell: createTelling(called, logger) })
  } catch (error) {
    // What was under way ends by the signal; all else is for the caller.
    if (!signal.aborted) throw error
  } finally {
    await server?.http.close()
  }
  await settled(stopped)
  sayStopped(logger)
}

export const bridgeRegistryCommand = defineCommand({
  options: bridgeOptions,
  help: `
Walks every repository that --repos names: tags, children of indexes, referrers, fallback tags, and
cosign's .sig and .att tags. What was signed there goes to the log, which has only digests of it;
copies stay in --data. Reports signatures that the log does not have (unlogged-signature) and what
was there before and is gone (lost-referrer). It connects to no other hosts than those it is told.

A registry posts notifications to http://HOST:PORT/notifications with the header "Authorization:
Bearer TOKEN". They only make the bridge look sooner; whatever they miss, the next walk looks for.

Exit codes with --once: 0 every repository was walked whole and nothing was found, 1 trouble, or
something was not seen, 2 findings; 64 usage.

Example:
  countersign bridge registry --url https://registry.example.com --repos 'acme/**' \\
    --log https://log.example.com --policy log.policy --data /var/lib/bridge
  countersign bridge registry --url https://registry.example.com --repos acme/app \\
    --log https://log.example.com --data ./bridge --once --json`,
  async run(options, called) {
    if (options.repos.length === 0) called.command.error("error: name repositories with --repos")
    const stopping = new AbortController()
    const bridge = await openBridge(options, called, stopping.signal)
    try {
      if (options.once === true) await runOnce(bridge, options, called)
      else await runOn(bridge, options, called, stopping)
    } finally {
      await bridge.close()
    }
  },
})
