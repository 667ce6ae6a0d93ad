// Letting the servers of a process listen until the process is told to stop, and what the process logs.
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { type Logger, pino } from "pino"
import { bug, Trouble } from "../../core/base/errors.ts"
import type { HttpServer } from "../../http/serving/http-server.ts"
import { createAdminServer, type MetricsText } from "../../http/serving/metrics-text.ts"
import { EXIT_FAILURE } from "./exit-code.ts"
import type { Address } from "./options.ts"

/** Logs to standard error. */
export function processLogger(level = "info"): Logger {
  return pino({ level }, pino.destination(2))
}

/** Resolves with the URL once the server listens; throws trouble ("network"). */
export async function listen(server: Server, { host, port }: Address): Promise<string> {
  // SPEC: a zone is written after %25 in a URL (RFC 6874).
  const name = host.includes(":") ? `[${host.replace("%", "%25")}]` : host
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Trouble("network", `cannot listen on ${name}:${port}: ${cause.message}`, { cause }),
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo | null
  return `http://${name}:${address?.port ?? bug("the server has no address")}`
}

/** The first signal asks for an orderly stop, the second one ends at once. */
export function untilStopped(logger: Logger): Promise<void> {
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

/** Ends the process at once, and not by an orderly stop: nothing may be answered after this. */
export function endProcess(logger: Logger, why: string): (reason: unknown) => never {
  return (reason) => {
    logger.fatal({ err: reason }, why)
    process.exit(EXIT_FAILURE)
  }
}

interface Serving {
  readonly http: HttpServer
  readonly metrics: MetricsText
  readonly logger: Logger
  /** Where it listens, and where the metrics can be read, if anywhere. */
  readonly options: { readonly listen: Address; readonly adminListen?: Address }
  readonly onServing: (urls: { readonly url: string; readonly admin: string | undefined }) => void
  /** Before the requests that were begun are finished. */
  readonly onStopping?: () => void
}

/** Serves until a signal comes, then finishes the requests that were begun. */
export async function serveUntilStopped(serving: Serving): Promise<void> {
  const { http, metrics, logger, options, onServing, onStopping } = serving
  // Before it says that it serves: who waits for that may send a signal at once.
  const stopped = untilStopped(logger)
  const url = await listen(http.server, options.listen)
  const admin = options.adminListen && createAdminServer(metrics)
  try {
    onServing({ url, admin: admin && (await listen(admin, options.adminListen)) })
    await stopped
  } finally {
    onStopping?.()
    await http.close()
    admin?.close()
  }
}
