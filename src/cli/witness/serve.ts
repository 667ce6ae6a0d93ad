// `countersign witness serve`: runs a witness over its data directory until it is told to stop.

import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { createWitnessMetrics } from "../../http/witness/metrics.ts"
import { createWitnessServer } from "../../http/witness/server.ts"
import { auditFile, followAuditHead } from "../../storage/files/audit-file.ts"
import { recordStart } from "../audit/start.ts"
import { applyConfigFile } from "../command/config-file.ts"
import { readPassphrase, weaknessOf } from "../command/key-files.ts"
import { openFetch } from "../command/network.ts"
import { type Called, defineCommand } from "../command/options.ts"
import { limitsOf } from "../serving/limit-options.ts"
import { serveUntilStopped } from "../serving/listening.ts"
import { endProcess, processLogger, sayStopped } from "../serving/process.ts"
import { openTls } from "../serving/tls.ts"
import { assertWitness, witnessDirectory } from "./directory.ts"
import { readWitnessPolicy, type WitnessServeOptions, witnessServeOptions } from "./options.ts"
import { openRunningWitness } from "./running.ts"

export const witnessServeCommand = defineCommand({
  options: witnessServeOptions,
  help: `
Flags override the environment, and the environment overrides the configuration file.

Example:
  countersign witness serve --data /var/lib/witness --logs logs.policy \\
    --guard /srv/guard/witness.example.com --listen 127.0.0.1:3002

The policy file names the logs that are cosigned ("log VKEY URL") and, if there are any, other
witnesses ("witness NAME VKEY URL"). Before anything is signed, all of these URLs are asked for
checkpoints: one that this witness has signed and does not remember means that its data was put back
to an older copy, and it then exits with 1.`,
  async run(_options, called) {
    await applyConfigFile(called.command)
    await serve(called.command.opts<WitnessServeOptions>(), called)
  },
})

async function serve(options: WitnessServeOptions, { command, terminal }: Called): Promise<void> {
  if (options.logs === undefined) return command.error("error: give the policy file with --logs")
  if (options.signer !== undefined) {
    refuse(
      "unsupported",
      "--signer: a signer process remembers the heads of one log and makes no cosignatures; give the witness's key " +
        "with --ed25519-key",
    )
  }
  const directory = witnessDirectory(options.data, options.guard, options.ed25519Key)
  assertWitness(directory)
  const logger = processLogger(options.logLevel)
  const weakness = weaknessOf([directory.usual], directory.path)
  if (weakness !== undefined) logger.warn(weakness)
  const passphrase = readPassphrase(options.passphraseFile)
  const tls = await openTls(options, { passphrase, logger, data: directory.path })
  const running = await openRunningWitness(directory, {
    ...options,
    policy: await readWitnessPolicy(options.logs),
    passphrase,
    fetch: await openFetch(options, terminal),
    logger,
    onFatal: endProcess(logger, "the witness must not sign any more"),
  })
  const { name, witness } = running
  const auditHead = followAuditHead(auditFile(directory.path))
  const certificateExpiry = tls?.expiry
  const meter = createWitnessMetrics(() => witness.status().logs, {
    withProcess: true,
    ...present({ certificateExpiry }),
  })
  const { proxies, ...limits } = limitsOf(options)
  const http = createWitnessServer({
    ...running,
    ...limits,
    config: proxies,
    ...{ auditHead, publicUrl: options.publicUrl, logger, meter, tls: tls?.options },
  })
  try {
    const recordStop = await recordStart({
      ...{ data: directory.path, command, logger, writerOptions: ["logs"] },
      overrides: ["accept-key-change", "no-freeze"],
    })
    await serveUntilStopped({
      ...{ http, metrics: meter, logger, options, tls },
      onServing({ url, admin }) {
        const { logs } = witness.status()
        logger.info({ witness: name, url, admin, logs: logs.length }, "serving")
      },
    })
    recordStop()
  } finally {
    await running.close()
  }
  sayStopped(logger)
}
