// `countersign serve`: runs the log over a data directory until it is told to stop.
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Command } from "commander"
import { type Logger, pino } from "pino"
import { bug, refuse, Trouble } from "../core/errors.ts"
import { type Origin, parseOrigin } from "../core/origin.ts"
import type { ProposalOptions } from "../entry/signature.ts"
import type { HttpConfig } from "../http/config.ts"
import { createAdminServer, createMetrics, type Metrics } from "../http/metrics.ts"
import { entrySearch } from "../http/search.ts"
import { createHttpServer } from "../http/server.ts"
import {
  createLogFiles,
  type DataDirectory,
  dataDirectory,
  holdsLog,
  readPassphrase,
} from "./data-directory.ts"
import { EXIT_FAILURE } from "./exit-code.ts"
import { openRunningLog, type RunningLog } from "./running-log.ts"
import {
  type Address,
  applyConfigFile,
  type ServeOptions,
  serveOptions,
  writeRuleOf,
} from "./serve-options.ts"
import type { Terminal } from "./terminal.ts"

/** Bytes of the attestations that a development log keeps. */
const DEV_ATTESTATIONS = 131_072

export function serveCommand(terminal: Terminal): Command {
  const command = new Command("serve").description("run the log over HTTP")
  for (const option of serveOptions) command.addOption(option)
  return command
    .addHelpText(
      "after",
      `
Flags win over the environment, the environment over the configuration file.

Example:
  countersign serve --dev --data ./data
  countersign serve --data /var/lib/countersign --guard /srv/guard/log.example.com \\
    --listen 127.0.0.1:3000 --admin-listen 127.0.0.1:3001`,
    )
    .action(async () => {
      await applyConfigFile(command)
      await serve(command.opts<ServeOptions>(), terminal)
    })
}

/** Makes a log if there is none and this is a development log; refuses `not-found` otherwise. */
async function assureLog(
  directory: DataDirectory,
  options: ServeOptions,
  passphrase: string | undefined,
): Promise<void> {
  if (holdsLog(directory)) return
  if (options.dev !== true) {
    refuse(
      "not-found",
      `expected a log in ${directory.path}, found none; make one with: ` +
        `countersign init --data ${directory.path} --origin NAME`,
    )
  }
  const origin = parseOrigin(options.origin ?? "localhost")
  await createLogFiles(directory, { origin, passphrase, time: Date.now() })
}

function httpConfig(options: ServeOptions, created: number, origin: Origin): Partial<HttpConfig> {
  return {
    publicUrl: options.publicUrl ?? defaultUrl(options, origin),
    requestLimit: options.maxRequestBytes,
    batchLimit: options.maxBatchBytes,
    trustStart: new Date(created).toISOString(),
    guardLevel: guardLevel(options),
  }
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  const directory = dataDirectory(options.data, options.guard)
  const passphrase = readPassphrase(options.passphraseFile)
  await assureLog(directory, options, passphrase)
  const logger = pino({ level: options.logLevel }, pino.destination(2))
  const running = await openRunningLog(directory, {
    ...options,
    passphrase,
    writeRule: writeRuleOf(options),
    attestationBytes: options.keepAttestations ?? (options.dev === true ? DEV_ATTESTATIONS : 0),
    onFatal(reason) {
      logger.fatal({ err: reason }, "the state of the log is unknown; start it again to recover")
      // At once, and not by an orderly stop: nothing may be answered after this.
      process.exit(EXIT_FAILURE)
    },
  })
  const { log } = running
  try {
    await serveHttp(running, options, logger, terminal)
  } finally {
    await running.close()
  }
  logger.info({ size: log.head().size }, "stopped")
}

/** Serves until a signal comes, then finishes the requests that were begun. */
async function serveHttp(
  { log, rekorSigner, created, engine }: RunningLog,
  options: ServeOptions,
  logger: Logger,
  terminal: Terminal,
): Promise<void> {
  const meter = createMetrics(log, { withProcess: true })
  const config = httpConfig(options, created, log.origin)
  const http = createHttpServer({
    log,
    rekorSigner,
    search: entrySearch(log),
    proposal: proposalOptions(options),
    logger,
    meter,
    config,
  })
  // Before it says that it serves: who waits for that may send a signal at once.
  const stopped = untilStopped(logger)
  const url = await listen(http.server, options.listen)
  let admin: AdminListener | undefined
  try {
    admin = await listenAdmin(options.adminListen, meter)
    const { size } = log.head()
    logger.info(
      { origin: log.origin, url, admin: admin?.url, size, verification: engine },
      "serving",
    )
    if (options.dev === true) terminal.stdout.write(welcome(url, options.data, engine))
    await stopped
  } finally {
    await http.close()
    admin?.server.close()
  }
}

interface AdminListener {
  readonly server: Server
  readonly url: string
}

async function listenAdmin(
  address: Address | undefined,
  metrics: Metrics,
): Promise<AdminListener | undefined> {
  if (address === undefined) return undefined
  const server = createAdminServer(metrics)
  return { server, url: await listen(server, address) }
}

function proposalOptions({ allowAlgorithms }: ServeOptions): ProposalOptions {
  return allowAlgorithms === undefined ? {} : { algorithms: allowAlgorithms }
}

/** Without a public URL a development log is reached where it listens, any other at its origin. */
function defaultUrl({ dev, listen: { port } }: ServeOptions, origin: Origin): string {
  return dev === true ? `http://localhost:${port}` : `https://${origin}`
}

function guardLevel({ guard }: ServeOptions): string {
  const where = guard === undefined ? "beside the database" : "apart from the database"
  return `L1: head guard on this host, ${where}`
}

async function listen(server: Server, { host, port }: Address): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Trouble("network", `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo | null
  return `http://${host}:${address?.port ?? bug("the server has no address")}`
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

/** The first signal asks for an orderly stop, the second one ends at once. */
function untilStopped(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: string): void => {
      if (asked) process.exit(EXIT_FAILURE)
      asked = true
      logger.info({ signal }, "stopping: finishing what was taken")
      resolve()
    }
    process.on("SIGTERM", stop)
    process.on("SIGINT", stop)
  })
}
