// Reads request bodies within limits: one for each request, one for all bodies in memory together.
// Bodies are taken as they are: nothing is decompressed. Leaves out what is in them.
import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"

export interface BodyRule {
  /** Bytes. */
  readonly limit: number
  /** For example `application/json`; a `charset=utf-8`, or `utf8`, may follow it. Absent: any or none will do. */
  readonly mediaType?: string
}

interface HeldBody {
  readonly bytes: Buffer
  /** Gives the bytes back to the budget, once the request is answered. */
  release(): void
}

/**
 * Reads a body. Refuses `wrong-media-type`, `too-large`, and `try-later` when the budget of all bodies is
 * spent. Rejects with `malformed` if the client goes away, which nobody will see.
 */
export type BodyReader = (
  request: IncomingMessage,
  response: ServerResponse,
  rule: BodyRule,
) => Promise<HeldBody>

/** What is read and thrown away of a refused body, so that its sender sees the answer. */
const DISCARD_LIMIT = 16 * 1024 * 1024

const CHARSET = /^\s*;\s*charset="?utf-?8"?\s*$/i

function assertMediaType(request: IncomingMessage, mediaType: string): void {
  const found = request.headers["content-type"] ?? ""
  if (found === mediaType) return
  const rest = found.slice(mediaType.length)
  const named = found.slice(0, mediaType.length).toLowerCase() === mediaType
  if (named && (rest.trim() === "" || CHARSET.test(rest))) return
  refuse("wrong-media-type", `Content-Type: expected ${mediaType}, found ${shown(found)}`)
}

function assertNotEncoded(request: IncomingMessage): void {
  const encoding = request.headers["content-encoding"]
  if (encoding === undefined || encoding.toLowerCase() === "identity") return
  refuse("wrong-media-type", `Content-Encoding: expected none, found ${shown(encoding)}`)
}

function tooLarge(limit: number, found: string): Refusal {
  return new Refusal("too-large", `body: expected up to ${limit} bytes, found ${found}`)
}

function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0)
}

/** Lets a body of moderate length pass by and ends the connection of a longer one. */
function discardBody(request: IncomingMessage, response: ServerResponse): void {
  if (declaredLength(request) > DISCARD_LIMIT) response.shouldKeepAlive = false
  let discarded = 0
  request.on("error", () => {})
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded > DISCARD_LIMIT) request.destroy()
  })
}

/** A reader whose bodies in memory are at most `budget` bytes together. */
export function createBodyReader(budget: number): BodyReader {
  let spent = 0

  function collect(request: IncomingMessage, limit: number): Promise<HeldBody> {
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] = []
      let length = 0
      let held = 0
      const release = (): void => {
        spent -= held
        held = 0
        chunks = []
      }
      const stop = (refusal: Refusal): void => {
        request.off("data", onData).off("end", onEnd).off("close", onClose)
        release()
        reject(refusal)
      }
      const onData = (chunk: Buffer): void => {
        length += chunk.length
        if (length > limit) {
          stop(tooLarge(limit, "more"))
        } else if (spent + chunk.length > budget) {
          stop(new Refusal("try-later", "too many bodies are being read; try again in a second"))
        } else {
          spent += chunk.length
          held += chunk.length
          chunks.push(chunk)
        }
      }
      const onEnd = (): void => {
        request.off("close", onClose)
        const [only] = chunks
        const bytes = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)
        chunks = []
        resolve({ bytes, release })
      }
      const onClose = (): void => stop(new Refusal("malformed", "the client went away"))
      request.on("error", () => {})
      request.on("data", onData).on("end", onEnd).on("close", onClose)
    })
  }

  return async (request, response, { limit, mediaType }) => {
    try {
      if (mediaType !== undefined) assertMediaType(request, mediaType)
      assertNotEncoded(request)
      const declared = declaredLength(request)
      if (declared > limit) throw tooLarge(limit, String(declared))
      if (request.headers.expect !== undefined) response.writeContinue()
      return await collect(request, limit)
    } catch (error) {
      discardBody(request, response)
      throw error
    }
  }
}
