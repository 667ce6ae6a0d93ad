// What a handler answers, as a value, and the one function that writes it to a connection. Knows HTTP
// headers that every answer has; leaves out what answers mean.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Outflow } from "../flow/outflow.ts"

/** Lower-case names. */
export type Headers = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body?: string | Uint8Array
  /** Says that `body` is text of ASCII only, which is cheaper to write. */
  readonly isAscii?: true
}

const jsonHeaders: Headers = { "content-type": "application/json", "cache-control": "no-store" }

/** Members that are undefined are left out. */
export function jsonAnswer(status: number, value: unknown, headers?: Headers): Answer {
  return { status, headers: { ...jsonHeaders, ...headers }, body: JSON.stringify(value) }
}

/** As {@link jsonAnswer} with JSON that is text of ASCII already. */
export function jsonTextAnswer(status: number, text: string, headers?: Headers): Answer {
  const all = headers === undefined ? jsonHeaders : Object.assign({}, jsonHeaders, headers)
  return { status, headers: all, body: text, isAscii: true }
}

/** UTF-8 of another type if `headers` say so. */
export function textAnswer(status: number, text: string, headers?: Headers): Answer {
  const type = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" }
  return { status, headers: { ...type, ...headers }, body: text }
}

/** What browsers are told that ask before they send. */
export function preflightAnswer(methods: string, headers: string): Answer {
  return {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": methods,
      "access-control-allow-headers": headers,
      "access-control-max-age": "86400",
    },
  }
}

/** GET or HEAD: what any web origin may do. */
export function isRead(request: IncomingMessage): boolean {
  return request.method === "GET" || request.method === "HEAD"
}

/** A large body as bytes, which are counted while they are on their way; undefined for any other. */
function largeBody(
  { method }: IncomingMessage,
  { body, isAscii }: Answer,
  outflow: Outflow,
): Uint8Array | undefined {
  if (body === undefined || method === "HEAD" || !outflow.isLarge(body)) return undefined
  return typeof body === "string" ? Buffer.from(body, isAscii ? "latin1" : "utf8") : body
}

/**
 * Writes the answer unless the client is gone or was answered already. Node leaves out HEAD's body. Any web
 * origin may see it if `isShared` says so; by default that of a read. A large body goes through `outflow`.
 */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  outflow: Outflow,
  isShared = isRead(request),
): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers, isAscii } = answer
  const large = largeBody(request, answer, outflow)
  const body = large ?? answer.body
  // Object.assign is several times faster here than a spread, on Node 20.
  const all: Record<string, string | number> = Object.assign(
    { "x-content-type-options": "nosniff" },
    headers,
  )
  if (isShared) all["access-control-allow-origin"] = "*"
  if (body !== undefined) {
    const isCounted = isAscii === true || typeof body !== "string"
    all["content-length"] = isCounted ? body.length : Buffer.byteLength(body)
  }
  response.writeHead(status, all)
  if (large !== undefined) return outflow.send(response, large)
  response.end(body, isAscii === true ? "latin1" : "utf8")
}

/**
 * Whether the client names the answer's ETag in If-None-Match (RFC 9110 section 13.1.2), so that 304 is
 * the answer. The comparison is the weak one, as it must be there.
 */
export function isKnown(request: IncomingMessage, etag: string): boolean {
  const header = request.headers["if-none-match"]
  if (header === undefined) return false
  return header
    .split(",")
    .map((tag) => tag.trim())
    .some((tag) => tag === "*" || tag === etag || tag === `W/${etag}`)
}

/** The 304 for an answer of 200: the headers that a cache needs, without the body. */
export function notModified(answer: Answer): Answer {
  const { "content-type": _, "content-encoding": __, ...headers } = answer.headers
  return { status: 304, headers }
}
