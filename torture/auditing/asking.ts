// HTTP as an observer needs it: node:http alone, one request at a time on kept connections, every answer bounded in
// bytes and in time.
import { Agent, request } from "node:http"

const LIMIT_MS = 30_000
const MOST_BYTES = 64 * 1024 * 1024

export interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly retryAfter: string | undefined
}

export interface Asked {
  readonly method?: "GET" | "POST"
  readonly type?: string
  readonly body?: string | Buffer
  readonly limitMs?: number
}

export interface Asking {
  /** Rejects where there is no whole answer in time. */
  ask(url: string, asked?: Asked): Promise<Answer>
  close(): void
}

export function createAsking(connections = 64): Asking {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    ask(url, { method = "GET", type, body, limitMs = LIMIT_MS } = {}) {
      return new Promise((resolve, reject) => {
        const headers = {
          ...(type !== undefined && { "content-type": type }),
          ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
        }
        const asked = request(url, { agent, method, headers }, (answer) => {
          const parts: Buffer[] = []
          let length = 0
          answer.on("data", (part: Buffer) => {
            length += part.length
            if (length > MOST_BYTES) asked.destroy(new Error(`${url}: an answer without end`))
            else parts.push(part)
          })
          answer.once("aborted", () => reject(new Error(`${url}: the answer was cut off`)))
          answer.once("end", () => {
            const { statusCode = 0 } = answer
            const retryAfter = answer.headers["retry-after"]
            if (answer.complete) {
              resolve({ status: statusCode, body: Buffer.concat(parts), retryAfter })
            } else reject(new Error(`${url}: the answer was cut off`))
          })
          answer.once("error", reject)
        })
        const late = setTimeout(() => asked.destroy(new Error(`${url}: no answer`)), limitMs)
        asked.once("close", () => {
          clearTimeout(late)
          reject(new Error(`${url}: closed without an answer`))
        })
        asked.once("error", reject)
        asked.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}
