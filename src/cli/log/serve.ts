// `countersign serve`: runs the log over a data directory until it is told to stop.
import type { Command } from "commander"
import type { Logger } from "pino"
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { createMetrics } from "../../http/log/metrics.ts"
import { createHttpServer } from "../../http/log/server.ts"
import { entrySearch } from "../../http/native/search.ts"
import { bodyBudgetsFor, type HttpConfig } from "../../http/serving/config.ts"
import { auditFile, followAuditHead } from "../../storage/files/audit-file.ts"
import { openServedAccess, type ServedAccess } from "../access/served-access.ts"
import { recordStart } from "../audit/start.ts"
import { closing } from "../command/closers.ts"
import { applyConfigFile } from "../command/config-file.ts"
import { readPassphrase, weaknessOf } from "../command/key-files.ts"
import { openFetch } from "../command/network.ts"
import { addOptions } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { clientUrl, remarkOrigin } from "../network/client-url.ts"
import { limitsOf } from "../serving/limit-options.ts"
import { serveUntilStopped, urlOf } from "../serving/listening.ts"
import { endProcess, processLogger, sayStopped } from "../serving/process.ts"
import { openTls, type ServedTls } from "../serving/tls.ts"
import { readLogAuthorities } from "./certificate-authorities.ts"
import {
  assertLog,
  assertNoKeys,
  createLogFiles,
  type DataDirectory,
  dataDirectory,
  holdsLog,
  newOrigin,
} from "./data-directory.ts"
import { type PublishingPlan, planPublishing } from "./publishing.ts"
import { type PublishingOptions, publishingOptions, publishingTimes } from "./publishing-options.ts"
import { publishingReports } from "./publishing-reports.ts"
import { openRunningLog, type RunningLog } from "./running-log.ts"
import { type ServeOptions, serveOptions, writeRuleOf } from "./serve-options.ts"
import { createReadingThread, readingThreadOptions } from "./threads/reading-thread.ts"

/** Who may write, for the audit log. */
const writerOptions = [
  "allow-algorithms",
  "allow-kinds",
  "allow-keys",
  "allow-identities",
  "certificate-authorities",
  "access",
  "anonymous",
]

type Options = ServeOptions & PublishingOptions

export function serveCommand(command: Command, terminal: Terminal): void {
  addOptions(command, [...serveOptions, ...publishingOptions])
    .addHelpText(
      "after",
      `
Flags override the environment, and the environment overrides the configuration file.

Example:
  countersign serve --dev --data ./data
  countersign serve --data /var/lib/countersign --guard /srv/guard/log.example.com \\
    --listen 127.0.0.1:3000 --admin-listen 127.0.0.1:3001 --policy witnesses.policy`,
    )
    .action(async () => {
      await applyConfigFile(command)
      await serve(command, terminal)
    })
}

/** Makes a log if there is none and this is a development log; refuses `not-found` otherwise. */
async function assureLog(
  directory: DataDirectory,
  options: ServeOptions,
  passphrase: string | undefined,
): Promise<void> {
  if (holdsLog(directory)) return
  if (options.dev !== true) assertLog(directory)
  const origin = newOrigin(options.origin ?? "localhost", options.forceOrigin)
  await createLogFiles(directory, { origin, passphrase, time: Date.now() })
}

function httpConfig(options: Options, created: number): Partial<HttpConfig> {
  const limits = {
    requestLimit: options.maxRequestBytes,
    messageLimit: messageBytes(options),
    batchLimit: options.maxBatchBytes,
  }
  return {
    ...present({ publicUrl: options.publicUrl }),
    ...limits,
    bodyBudgets: bodyBudgetsFor(limits),
    trustStart: new Date(created).toISOString(),
    guardLevel: guardLevel(options),
    ...(options.waitForWitnesses && { waitForWitnesses: true }),
  }
}

function messageBytes({ keepMessages, maxRequestBytes }: ServeOptions): number {
  return keepMessages ?? maxRequestBytes
}

async function serve(command: Command, terminal: Terminal): Promise<void> {
  const options = command.opts<Options>()
  const directory = dataDirectory(options.data, options.guard, options)
  assertNoKeys(directory)
  const passphrase = readPassphrase(options.passphraseFile)
  await assureLog(directory, options, passphrase)
  const logger = processLogger(options.logLevel)
  const weakness = weaknessOf([directory.usual.ecdsa, directory.usual.ed25519], directory.path)
  if (weakness !== undefined) logger.warn(weakness)
  const hasAuthorities = options.certificateAuthorities !== undefined
  if (options.allowIdentities !== undefined && !hasAuthorities) {
    refuse(
      "malformed",
      "--allow-identities: expected --certificate-authorities beside it: without, anyone can make a certificate of any identity",
    )
  }
  const tls = await openTls(options, { passphrase, logger, data: directory.path })
  const running = await openRunningLog(directory, {
    ...options,
    passphrase,
    writeRule: writeRuleOf(options),
    authorities: await readLogAuthorities(options.certificateAuthorities),
    publishing: await publishingOf(options, directory, logger, terminal),
    attestationBytes: options.keepAttestations ?? options.maxRequestBytes,
    messageBytes: messageBytes(options),
    onSearch: {
      event: (text) => logger.info(text),
      trouble: (reason) => logger.error({ err: reason }, "the search index cannot go on"),
    },
    onSigner: (reason) =>
      reason === undefined
        ? logger.info("what signs for the log is back")
        : logger.error({ reason }, "nothing is signed: what signs for the log is away"),
    onFatal: endProcess(logger, "the state of the log is unknown; start it again to recover"),
  })
  const { log } = running
  try {
    const access = await openServedAccess({
      ...present({ access: options.access, anonymous: options.anonymous }),
      ...{ data: options.data, byDefault: ["submit", "attach", "evidence", "heads", "read"] },
      ...{ origin: log.origin, hasAuthorities, logger, fetch: () => openFetch(options, terminal) },
    })
    await closing(access, async () => {
      const recordStop = await recordStart({
        ...{ data: directory.path, command, logger, writerOptions },
        overrides: ["force-origin"],
      })
      await serveHttp(running, options, { logger, terminal, tls, access })
      recordStop()
    })
  } finally {
    await running.close()
  }
  sayStopped(logger, { size: log.head().size })
}

interface Process {
  readonly logger: Logger
  readonly terminal: Terminal
  readonly tls: ServedTls | undefined
  readonly access: ServedAccess
}

async function serveHttp(
  { log, publisher, rekorSigner, created, engine }: RunningLog,
  options: Options,
  { logger, terminal, tls, access }: Process,
): Promise<void> {
  const auditHead = followAuditHead(auditFile(options.data))
  const certificateExpiry = tls?.expiry
  const meter = createMetrics(log, {
    ...{ withProcess: true, publisher },
    ...present({ certificateExpiry }),
  })
  let listening = urlOf(options.listen, tls !== undefined)
  const listeningUrl = () => clientUrl(log.origin, listening, options.dev === true)
  const proposal = present({ algorithms: options.allowAlgorithms })
  const requestLimit = options.maxRequestBytes
  const large = createReadingThread(readingThreadOptions({ requestLimit, proposal }))
  const { proxies, ...limits } = limitsOf(options)
  const http = createHttpServer({
    ...{ log, publisher, rekorSigner, logger, meter, proposal, large, tls: tls?.options },
    access: access.current,
    search: entrySearch(log),
    ...limits,
    config: { ...httpConfig(options, created), ...proxies, listeningUrl, auditHead },
  })
  remarkOrigin(options.publicUrl ?? listeningUrl(), log.origin, logger)
  await serveUntilStopped({
    ...{ http, metrics: meter, logger, options, tls },
    onServing({ url, admin }) {
      listening = url
      const { origin } = log
      const { size } = log.head()
      const writers = access.describe()
      logger.info({ origin, url, admin, size, verification: engine, writers }, "serving")
      if (options.dev === true) terminal.stdout.write(welcome(url, options.data, engine))
    },
    onStopping() {
      // Who waits for witnesses that do not cosign is answered now, and not cut off later.
      if (publisher.status()?.isReached === false) publisher.close()
    },
  })
  large.close()
}

async function publishingOf(
  options: Options,
  directory: DataDirectory,
  logger: Logger,
  terminal: Terminal,
): Promise<PublishingPlan | undefined> {
  const { policy: file } = options
  if (file === undefined) return undefined
  const fetch = await openFetch(options, terminal)
  return await planPublishing({
    ...{ file, fetch, times: publishingTimes(options) },
    isCheckRequired: options.requireWitnessCheck === true,
    ...publishingReports(logger, directory.evidence),
  })
}

function guardLevel({ guard }: ServeOptions): string {
  const where = guard === undefined ? "beside the database" : "apart from the database"
  return `L1: head guard on this host, ${where}`
}

function welcome(url: string, path: string, engine: string): string {
  return `
Countersign is running: a development log at ${url}, its data in ${path}
Signatures are verified by: ${engine}

What to do next, in another terminal:
  curl ${url}/checkpoint
  npx countersign submit --help
  README.md, "Your first entry"

Ctrl-C stops it.
`
}
