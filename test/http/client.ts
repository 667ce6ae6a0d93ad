// A client that sends paths as they are written, unlike fetch, and holds every answer against the contract.
import { Agent, type OutgoingHttpHeaders, request } from "node:http"
import { assertDescribed, assertTaken, type Reply } from "./door/contract-check.ts"

export interface Asked {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  /** Sent with its length; chunked if it is a list. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[]
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** Sends one request and gives its answer, whatever it is; rejects if the connection ends without. */
export function askUnchecked(port: number, path: string, asked: Asked = {}): Promise<Reply> {
  const { method = "GET", headers, body } = asked
  return new Promise((resolve, reject) => {
    const sent = request({
      port,
      host: "127.0.0.1",
      path,
      method,
      agent,
      ...(headers && { headers }),
    })
    sent.on("error", reject)
    sent.on("response", (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        const bytes = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text: () => bytes.toString("utf8"),
          json: () => JSON.parse(bytes.toString("utf8")),
        })
      })
    })
    if (Array.isArray(body)) for (const part of body) sent.write(part)
    else if (body !== undefined) {
      sent.setHeader("content-length", Buffer.byteLength(body as string | Uint8Array))
      sent.write(body)
    }
    sent.end()
  })
}

/** Like {@link askUnchecked}; rejects if openapi.yaml does not describe the answer, or a body that was taken. */
export async function ask(port: number, path: string, asked: Asked = {}): Promise<Reply> {
  const reply = await askUnchecked(port, path, asked)
  const { method = "GET", body } = asked
  assertDescribed(port, method, path, reply)
  if (body !== undefined && reply.status < 300) {
    const parts = Array.isArray(body) ? body : [body as string | Uint8Array]
    assertTaken(port, method, path, Buffer.concat(parts.map((part) => Buffer.from(part))))
  }
  return reply
}

/** Submits JSON text, or a value as JSON. */
export function submit(
  port: number,
  body: object | string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<Reply> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array
  return ask(port, "/v1/entries", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: isRaw ? body : JSON.stringify(body),
  })
}

/** Submits lines of NDJSON. */
export function submitBatch(port: number, body: string | Uint8Array): Promise<Reply> {
  const headers = { "content-type": "application/x-ndjson" }
  return ask(port, "/v1/entries/batch", { method: "POST", headers, body })
}
