// What every server of Countersign's does with its connections, whatever it serves: limits on slow clients,
// an orderly end. Where bytes are not HTTP, or come too slowly, no request exists
// yet, so the answer is written to the socket itself.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Duplex } from "node:stream"
import type { TlsOptions } from "node:tls"
import { limitConnections } from "../flow/crowd.ts"
import { oneAtATime } from "../flow/lanes.ts"
import { createPeerCounter } from "./client.ts"
import type { ServerConfig } from "./config.ts"
import { type Problem, refusalProblem } from "./problem.ts"

/** Milliseconds between two looks, while a server is closed, whether connections have become idle. */
const LOOK_FOR_IDLE_MS = 50

/** The longest headers of a request, in bytes. */
const HEADER_BYTES = 8 * 1024

/** What node:http keeps on a socket while a request on it is being answered. */
interface AnsweringSocket extends Duplex {
  readonly _httpMessage?: ServerResponse | null
}

function problemOfBreak(code: string | undefined): Problem {
  const longHeaders = "expected headers up to 8 KiB, found more"
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusalProblem("too-slow", "expected the whole request in time, found it incomplete")
    case "HPE_HEADER_OVERFLOW":
      return { ...refusalProblem("too-large", longHeaders), status: 431 }
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refusalProblem("too-large", "expected short chunk extensions, found long ones")
    default:
      return refusalProblem("malformed", "expected an HTTP/1.1 request, found other bytes")
  }
}

const rawHeaders = {
  "content-type": "application/problem+json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    ...Object.entries(rawHeaders).map(([name, value]) => `${name}: ${value}`),
    "connection: close",
    `content-length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n")
}

/** Whether TLS failed: nothing that is written to the socket would reach the client. */
const isOfTls = ({ code }: NodeJS.ErrnoException): boolean => /^ERR_(?:SSL|TLS)_/.test(code ?? "")

function answerBrokenConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (isOfTls(error)) return void socket.destroy()
  const pending = (socket as AnsweringSocket)._httpMessage
  if (pending?.req.complete === true && !pending.headersSent) {
    // An earlier request on this connection is still to be answered: its answer must not be this one.
    pending.shouldKeepAlive = false
    return
  }
  const canAnswer = socket.writable && error.code !== "ECONNRESET" && pending?.headersSent !== true
  if (canAnswer) socket.end(rawAnswer(problemOfBreak(error.code)), () => socket.destroy())
  else socket.destroy()
}

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i

/** What is wrong with a request whatever it asks for; node:http would answer it out of turn. */
function flawOf({ headers: { host, expect }, httpVersion }: IncomingMessage): Problem | undefined {
  if (host === undefined && httpVersion === "1.1") {
    return refusalProblem("malformed", "Host: expected a name, found no such header")
  }
  if (expect === undefined || CONTINUE.test(expect)) return undefined
  return { ...refusalProblem("unsupported", "Expect: expected 100-continue"), status: 417 }
}

/** Answers what no listener needs to see, and ends its connection. */
function withoutFlaw(listener: RequestListener): RequestListener {
  return (request, response) => {
    const flaw = flawOf(request)
    if (flaw === undefined) return listener(request, response)
    const body = JSON.stringify(flaw)
    response.shouldKeepAlive = false
    response.writeHead(flaw.status, { ...rawHeaders, "content-length": Buffer.byteLength(body) })
    response.end(body)
  }
}

/**
 * A server with limits on connections, headers and slow clients, that answers also what is no HTTP; not listening. With `tls` it
 * speaks TLS, and a handshake may take as long as headers may.
 */
export function createGuardedServer(
  config: ServerConfig,
  classes: Pick<ServerOptions, "IncomingMessage" | "ServerResponse">,
  listener: RequestListener,
  tls?: TlsOptions,
): Server {
  const { slownessInterval: connectionsCheckingInterval, headersTimeout } = config
  const options = {
    ...{ ...classes, maxHeaderSize: HEADER_BYTES, connectionsCheckingInterval },
    requireHostHeader: false,
  }
  const inTurn = oneAtATime(config, withoutFlaw(listener))
  const server: Server =
    tls === undefined
      ? createServer(options, inTurn)
      : createTlsServer({ ...options, ...tls, handshakeTimeout: headersTimeout }, inTurn)
  server.maxConnections = config.connections
  limitConnections(server, config.connectionsOfClient, createPeerCounter(config.trustedProxies))
  server.headersTimeout = headersTimeout
  server.requestTimeout = config.requestTimeout
  server.keepAliveTimeout = config.keepAliveTimeout
  server.timeout = config.idleTimeout
  server.maxRequestsPerSocket = 0
  server.on("checkContinue", inTurn)
  server.on("checkExpectation", inTurn)
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
  // One whose answer went before the rest of its body came is idle only later, and nobody else closes it then.
  const idle = setInterval(() => server.closeIdleConnections(), LOOK_FOR_IDLE_MS)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}
