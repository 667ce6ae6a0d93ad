// `countersign witness serve`: runs a witness over its data directory until it is told to stop.
import type { Command } from "commander"
import { type Logger, pino } from "pino"
import { createWitnessMetrics } from "../../http/witness/metrics.ts"
import { createWitnessServer } from "../../http/witness/server.ts"
import { applyConfigFile } from "../command/config-file.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { readPassphrase } from "../command/key-files.ts"
import { type AdminListener, listen, listenAdmin, untilStopped } from "../command/listening.ts"
import { addOptions } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { assertWitness, witnessDirectory } from "./directory.ts"
import { readWitnessPolicy, type WitnessServeOptions, witnessServeOptions } from "./options.ts"
import { openRunningWitness, type RunningWitness } from "./running.ts"

export function witnessServeCommand(command: Command, terminal: Terminal): void {
  addOptions(command, witnessServeOptions)
    .addHelpText(
      "after",
      `
Flags win over the environment, the environment over the configuration file.

Example:
  countersign witness serve --data /var/lib/witness --logs logs.policy \\
    --guard /srv/guard/witness.example.com --listen 127.0.0.1:3002

The policy file names the logs that are cosigned ("log VKEY URL") and, if there are any, other
witnesses ("witness NAME VKEY URL"). Before anything is signed, all of these URLs are asked for
checkpoints: one that this witness has signed and does not remember means that its data was put back
to an older copy, and it ends with exit code 1.`,
    )
    .action(async () => {
      await applyConfigFile(command)
      await serve(command.opts<WitnessServeOptions>(), command, terminal)
    })
}

async function serve(
  options: WitnessServeOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  if (options.logs === undefined) command.error("error: give the policy file with --logs")
  const directory = witnessDirectory(options.data, options.guard)
  assertWitness(directory)
  const logger = pino({ level: options.logLevel }, pino.destination(2))
  const running = await openRunningWitness(directory, {
    ...options,
    policy: await readWitnessPolicy(options.logs),
    passphrase: readPassphrase(options.passphraseFile),
    fetch: terminal.fetch,
    logger,
    onFatal(reason) {
      logger.fatal({ err: reason }, "the witness must not sign any more")
      // At once, and not by an orderly stop: nothing may be answered after this.
      process.exit(EXIT_FAILURE)
    },
  })
  try {
    await serveHttp(running, options, logger)
  } finally {
    await running.close()
  }
  logger.info("stopped")
}

/** Serves until a signal comes, then finishes the requests that were begun. */
async function serveHttp(
  running: RunningWitness,
  options: WitnessServeOptions,
  logger: Logger,
): Promise<void> {
  const { name, witness } = running
  const meter = createWitnessMetrics(() => witness.status().logs, { withProcess: true })
  const http = createWitnessServer({ ...running, logger, meter })
  // Before it says that it serves: who waits for that may send a signal at once.
  const stopped = untilStopped(logger)
  const url = await listen(http.server, options.listen)
  let admin: AdminListener | undefined
  try {
    admin = await listenAdmin(options.adminListen, meter)
    const { logs } = witness.status()
    logger.info({ witness: name, url, admin: admin?.url, logs: logs.length }, "serving")
    await stopped
  } finally {
    await http.close()
    admin?.server.close()
  }
}
