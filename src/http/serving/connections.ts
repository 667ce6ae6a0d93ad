// What every server of Countersign's does with its connections, whatever it serves: limits on slow clients,
// the form of the request target, an orderly end.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from "node:http"
import type { ServerConfig } from "./config.ts"
import { answerBrokenConnection } from "./connection-errors.ts"

/** The longest headers of a request, in bytes. */
const HEADER_BYTES = 8 * 1024

interface GuardedServerOptions extends Pick<ServerOptions, "IncomingMessage" | "ServerResponse"> {
  readonly config: ServerConfig
  readonly listener: RequestListener
}

/** Turns the absolute form of a request target into the origin form, in place. */
// SPEC: a server MUST accept the absolute-form in requests (RFC 9112 section 3.2.2).
export function takeOriginForm(request: IncomingMessage): void {
  const url = request.url ?? ""
  if (!url.startsWith("/")) request.url = url.replace(/^https?:\/\/[^/?#]*/i, "")
}

function limitSlowness(server: Server, config: ServerConfig): void {
  server.headersTimeout = config.headersTimeout
  server.requestTimeout = config.requestTimeout
  server.keepAliveTimeout = config.keepAliveTimeout
  server.timeout = config.idleTimeout
  server.maxRequestsPerSocket = 0
}

/** A server with limits on headers and slow clients, that answers also what is no HTTP; not listening. */
export function createGuardedServer({
  config,
  listener,
  ...classes
}: GuardedServerOptions): Server {
  const { slownessInterval: connectionsCheckingInterval } = config
  const server = createServer(
    { ...classes, maxHeaderSize: HEADER_BYTES, connectionsCheckingInterval },
    listener,
  )
  limitSlowness(server, config)
  server.on("checkContinue", listener)
  server.on("clientError", answerBrokenConnection)
  return server
}

/**
 * Takes no more connections and resolves when the last one is closed; what is under way after
 * `drainTimeout` milliseconds is cut off.
 */
export async function drain(server: Server, drainTimeout: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => server.closeAllConnections(), drainTimeout)
  await closed
  clearTimeout(cut)
}
