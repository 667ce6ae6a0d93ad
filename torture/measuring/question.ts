// One question of a client that behaves: sent on a connection of its own, answered whole or not at all.
import { request } from "node:http"

export interface Question {
  readonly path: string
  /** With a body it is a POST. */
  readonly body?: string
  readonly type?: string
}

export interface Questions {
  readonly health: Question
  readonly honest: Question
}

export interface Asked {
  readonly milliseconds: number
  /** Undefined without an answer. */
  readonly status: number | undefined
}

const PATIENCE_MS = 10_000

export function ask(port: number, { path, body, type }: Question): Promise<Asked> {
  const start = performance.now()
  return new Promise((resolve) => {
    const end = (status?: number): void => {
      clearTimeout(late)
      asked.destroy()
      resolve({ milliseconds: performance.now() - start, status })
    }
    const asked = request({
      ...{ host: "127.0.0.1", port, path, agent: false },
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(type !== undefined && { "content-type": type }),
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      },
    })
    const late = setTimeout(end, PATIENCE_MS)
    asked.on("error", () => end())
    asked.on("response", (response) => {
      response.on("error", () => end())
      response.resume().on("end", () => end(response.statusCode))
    })
    asked.end(body)
  })
}
