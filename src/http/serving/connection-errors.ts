// Answers connections whose bytes are not HTTP, or come too slowly: no request exists there yet, so the
// answer is written to the socket itself.
import { type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type Problem, refusalProblem } from "./problem.ts"

/** What node:http keeps on a socket while a request on it is being answered. */
interface AnsweringSocket extends Duplex {
  readonly _httpMessage?: ServerResponse | null
}

function problemOfBreak(code: string | undefined): Problem {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusalProblem("too-slow", "expected the whole request in time, found it incomplete")
    case "HPE_HEADER_OVERFLOW":
      return {
        ...refusalProblem("too-large", "expected headers up to 8 KiB, found more"),
        status: 431,
      }
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refusalProblem("too-large", "expected short chunk extensions, found long ones")
    default:
      return refusalProblem("malformed", "expected an HTTP/1.1 request, found other bytes")
  }
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    "content-type: application/problem+json",
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "connection: close",
    `content-length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n")
}

/** The listener of a server's `clientError` event. */
export function answerBrokenConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
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
