// What a handler answers, as a value, and the one function that writes it to a connection. Knows HTTP
// headers that every answer has; leaves out what answers mean.
import type { IncomingMessage, ServerResponse } from "node:http"

/** Lower-case names. */
export type Headers = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body?: string | Uint8Array
}

export function jsonAnswer(status: number, value: unknown, headers?: Headers): Answer {
  return jsonTextAnswer(status, JSON.stringify(value), headers)
}

/** As {@link jsonAnswer} with JSON that is text already. */
export function jsonTextAnswer(status: number, text: string, headers?: Headers): Answer {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: text,
  }
}

export function textAnswer(status: number, text: string, headers?: Headers): Answer {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      ...headers,
    },
    body: text,
  }
}

/** GET or HEAD: what any web origin may do. */
export function isRead(request: IncomingMessage): boolean {
  return request.method === "GET" || request.method === "HEAD"
}

/** Writes the answer unless the client is gone or was answered already. Node leaves out HEAD's body. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return
  const { status, headers, body } = answer
  const all: Record<string, string | number> = { ...headers, "x-content-type-options": "nosniff" }
  if (isRead(request)) all["access-control-allow-origin"] = "*"
  if (body !== undefined) {
    all["content-length"] = typeof body === "string" ? Buffer.byteLength(body) : body.length
  }
  response.writeHead(status, all)
  response.end(body)
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
