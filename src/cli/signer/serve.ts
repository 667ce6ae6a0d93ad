// `countersign signer serve`: signs for one log until it is told to stop.
import { createServer } from "node:net"
import { Duplex } from "node:stream"
import type { Logger } from "pino"
import { type Refusal, refuse, shown } from "../../core/base/errors.ts"
import { createAnswering, type Refused } from "../../signer/answering.ts"
import { auditFile, recordAct } from "../../storage/files/audit-file.ts"
import { openAll } from "../command/closers.ts"
import { readPassphrase } from "../command/key-files.ts"
import {
  choice,
  defineCommand,
  mandatory,
  optional,
  orEnvironment,
  runningOptions,
  type ValuesOf,
} from "../command/options.ts"
import { endProcess, processLogger, sayStopped, untilStopped } from "../serving/process.ts"
import { listenAtPath } from "../serving/socket-file.ts"
import { createConnections, serveStream } from "./connections.ts"
import { openSigner, signerDirectory, signerKeyOptions } from "./directory.ts"
import { createRefusalReport } from "./refusals.ts"

const options = [
  orEnvironment(mandatory("--data <dir>", "the signer's directory")),
  orEnvironment(optional("--listen <unix:path>", "the Unix socket at which it is asked")),
  optional("--stdio", "instead: asked over standard input, answers on standard output"),
  orEnvironment(
    choice(
      "--socket-mode <mode>",
      "who may ask: the owner, or its group too",
      ["0600", "0660"],
      "0600",
    ),
  ),
  ...signerKeyOptions,
  runningOptions.passphrase,
  runningOptions.logLevel,
] as const

/** Less than its supervisor gives it: a signer has next to nothing to finish. */
const STOPPING_MS = 8_000
/** Connections that wait to be taken. */
const BACKLOG = 64

type ServeOptions = ValuesOf<typeof options>

function socketPath(text: string | undefined): string {
  const path = /^unix:(\/.+)$/.exec(text ?? "")?.[1]
  return (
    path ??
    refuse("malformed", `expected --listen unix:/PATH or --stdio, found ${shown(text ?? "")}`)
  )
}

interface Asking {
  readonly answer: (line: string) => Promise<string>
  readonly onRefused: (refusal: Refusal) => void
}

async function serveSocket(path: string, mode: string, asking: Asking, onServing: () => void) {
  const connections = createConnections(asking)
  const server = createServer((socket) => connections.take(socket))
  await listenAtPath(server, { path, mode: Number.parseInt(mode, 8), backlog: BACKLOG })
  onServing()
  return () => {
    server.close()
    connections.end()
  }
}

async function serve(given: ServeOptions): Promise<void> {
  const directory = signerDirectory(given.data, given)
  const path = given.stdio === true ? undefined : socketPath(given.listen)
  const logger = processLogger(given.logLevel)
  const passphrase = readPassphrase(given.passphraseFile)
  const opened = await openAll(async (closers) => ({
    signer: await openSigner(directory, passphrase, closers),
  }))
  const asked = untilStopped(logger, STOPPING_MS)
  try {
    const audit = auditFile(directory.path)
    const report = createRefusalReport({ logger, auditFile: audit, now: Date.now })
    const onRefused = (refused: Refused): void => safely(logger, () => report(refused))
    const onFatal = endProcess(logger, "the signer's memory is in doubt; start it again")
    const answer = createAnswering(opened.signer, { onRefused, onFatal })
    const asking: Asking = {
      answer,
      onRefused: ({ code, message: reason }) => onRefused({ ask: undefined, code, reason }),
    }
    const said = (): void => {
      recordAct(audit, { event: "start", about: { size: opened.signer.head().size } })
      logger.info({ socket: path, size: opened.signer.head().size }, "signing")
    }
    if (path === undefined) {
      said()
      const stdio = Duplex.from({ readable: process.stdin, writable: process.stdout })
      await Promise.race([serveStream(stdio, asking), asked])
    } else {
      const end = await serveSocket(path, given.socketMode, asking, said)
      await asked
      end()
    }
    recordAct(audit, { event: "stop", about: { size: opened.signer.head().size } })
  } finally {
    await opened.close()
  }
  process.stdin.destroy()
  sayStopped(logger)
}

/** A full disk must not make a refusal into an answer that is missing. */
function safely(logger: Logger, work: () => void): void {
  try {
    work()
  } catch (reason) {
    logger.error({ err: reason }, "the audit log cannot be written")
  }
}

export const signerServeCommand = defineCommand({
  options,
  help: `
Example:
  countersign signer serve --data /var/lib/countersign-signer --socket-mode 0660 \\
    --listen unix:/run/countersign-signer/log.sock`,
  run: (given) => serve(given),
})
