// `countersign serve`: runs the log over a data directory until it is told to stop.
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Command } from "commander"
import { type Logger, pino } from "pino"
import { bug, refuse, Trouble } from "../core/errors.ts"
import { type Origin, parseOrigin } from "../core/origin.ts"
import { createLogSigner } from "../crypto/log-signer.ts"
import { nativeHasher } from "../crypto/tree-hasher.ts"
import { createSignatureVerifier } from "../crypto/verification.ts"
import type { SignatureVerifier } from "../entry/entry.ts"
import { createAdminServer, createMetrics } from "../http/metrics.ts"
import { createHttpServer } from "../http/server.ts"
import type { Log } from "../log/log.ts"
import { openLog } from "../log/open-log.ts"
import { lockDataDirectory } from "../storage/sqlite/process-lock.ts"
import { openSqliteReads } from "../storage/sqlite/store.ts"
import {
  createLogFiles,
  type DataDirectory,
  dataDirectory,
  holdsLog,
  readLogKeys,
  readPassphrase,
} from "./data-directory.ts"
import { EXIT_FAILURE } from "./exit-code.ts"
import { watchFreeSpace } from "./free-space.ts"
import { type Address, applyConfigFile, type ServeOptions, serveOptions } from "./serve-options.ts"
import type { Terminal } from "./terminal.ts"
import { startWriter } from "./writer-thread.ts"

const FREE_SPACE_EVERY_MS = 1_000

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
      applyConfigFile(command)
      await serve(command.opts<ServeOptions>(), terminal)
    })
}

async function makeDevelopmentLog(
  directory: DataDirectory,
  origin: Origin,
  passphrase: string | undefined,
): Promise<void> {
  await createLogFiles(directory, { origin, passphrase, time: Date.now() })
}

interface Serving {
  readonly options: ServeOptions
  readonly directory: DataDirectory
  readonly passphrase: string | undefined
  readonly logger: Logger
  /** Lets go of what was opened; to be called in the opposite order. */
  readonly closers: (() => unknown)[]
}

async function serve(options: ServeOptions, terminal: Terminal): Promise<void> {
  const directory = dataDirectory(options.data, options.guard)
  const passphrase = readPassphrase(options.passphraseFile)
  if (!holdsLog(directory)) {
    if (options.dev !== true) {
      refuse(
        "not-found",
        `expected a log in ${directory.path}, found none; make one with: ` +
          `countersign init --data ${directory.path} --origin NAME`,
      )
    }
    await makeDevelopmentLog(directory, parseOrigin(options.origin ?? "localhost"), passphrase)
  }
  const logger = pino({ level: options.logLevel }, pino.destination(2))
  const serving: Serving = { options, directory, passphrase, logger, closers: [] }
  try {
    await open(serving, terminal)
    await untilStopped(logger)
  } finally {
    // Also if opening failed halfway: the writer thread alone keeps a process alive.
    for (const close of serving.closers.reverse()) await close()
  }
  logger.info("stopped")
}

/** Opens everything in the order in which it is needed. */
async function open(serving: Serving, terminal: Terminal): Promise<void> {
  const { options, directory, logger, closers } = serving
  const lock = lockDataDirectory(directory.path)
  closers.push(lock.release)
  const freeSpace = await watchFreeSpace(directory.path, options.minFreeBytes, FREE_SPACE_EVERY_MS)
  closers.push(freeSpace.stop)
  const verifier = await createSignatureVerifier({ engine: options.verification })
  const { log, created } = await openServedLog(serving, verifier, freeSpace.obstacle)
  const metrics = createMetrics(log, { withProcess: true })
  const http = createHttpServer({
    log,
    logger,
    meter: metrics,
    config: {
      publicUrl: options.publicUrl ?? defaultUrl(options, log.origin),
      requestLimit: options.maxRequestBytes,
      batchLimit: options.maxBatchBytes,
      trustStart: new Date(created).toISOString(),
      guardLevel: guardLevel(options),
    },
  })
  const url = await listen(http.server, options.listen)
  closers.push(http.close)
  if (options.adminListen !== undefined) {
    const admin = createAdminServer(metrics)
    logger.info({ url: await listen(admin, options.adminListen) }, "metrics")
    closers.push(() => admin.close())
  }
  const { size } = log.head()
  logger.info({ origin: log.origin, url, size, verification: verifier.engine }, "serving")
  if (options.dev === true) terminal.stdout.write(welcome(url, directory, verifier.engine))
}

async function openServedLog(
  { options, directory, passphrase, logger, closers }: Serving,
  verifier: SignatureVerifier,
  obstacle: () => string | undefined,
): Promise<{ readonly log: Log; readonly created: number }> {
  const sequencer = await startWriter({ ...directory, passphrase })
  closers.push(sequencer.close)
  const reads = openSqliteReads(directory.database)
  const { identity } = reads
  const signer = createLogSigner(identity.origin, readLogKeys(directory, passphrase))
  const log = await openLog({
    identity,
    vkeys: signer.vkeys,
    reads,
    sequencer,
    verifier,
    hasher: nativeHasher,
    defer: setImmediate,
    obstacle,
    onFatal(reason) {
      logger.fatal({ err: reason }, "the state of the log is unknown; start it again to recover")
      // Synchronous on purpose: nothing may be answered after this.
      process.exit(EXIT_FAILURE)
    },
    limits: { entriesUnderWay: options.maxEntriesUnderWay },
  })
  closers.push(log.close)
  return { log, created: identity.created }
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

function welcome(url: string, { path }: DataDirectory, engine: string): string {
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
