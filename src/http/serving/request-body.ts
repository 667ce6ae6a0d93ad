// Reads request bodies within limits: one for each request, a budget for each group of routes (body-budget.ts), and a
// rate that a body must keep up. Bodies are taken as they are: nothing is decompressed. Leaves out what is in them.
import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import {
  type Arrivals,
  type BodyAccount,
  type BodyBudget,
  createArrivals,
  createBodyBudget,
} from "./body-budget.ts"
import type { BodyGroup, ServerConfig } from "./config.ts"

export interface BodyRule {
  /** Bytes. */
  readonly limit: number
  /** Whose budget it is counted against; one for all that name none. */
  readonly group?: BodyGroup
  /** For example `application/json`; a `charset=utf-8`, or `utf8`, may follow it. Absent: any or none will do. */
  readonly mediaType?: string
  /**
   * For bodies that are seldom long: how many bytes are taken of any, and for longer ones, given what has come of one,
   * how long it may be as far as can be told; it may refuse. Asked again whenever more has come than it allowed.
   */
  readonly longer?: { readonly from: number; allowed(begun: Buffer): number }
}

interface HeldBody {
  readonly bytes: Buffer
  /** Who has sent it. */
  readonly client: string
  /** Gives the bytes back to the budget, once the request is answered. */
  release(): void
}

/**
 * Reads a body. Refuses `wrong-media-type`, `too-large`, `too-slow` for one that hardly comes, and `try-later` when the
 * budget of its group is spent. Rejects with `malformed` if the client goes away, which nobody will see.
 */
export type BodyReader = (
  request: IncomingMessage,
  response: ServerResponse,
  rule: BodyRule,
) => Promise<HeldBody>

interface BodyReaderOptions
  extends Pick<ServerConfig, "bodyBudgets" | "bodyRate" | "bodyGrace" | "slownessInterval"> {
  /** Milliseconds on any monotonic clock. */
  readonly now: () => number
  /** Who sends a request: bodies of one client share a part of each budget. */
  readonly clientOf: (request: IncomingMessage) => string
}

/** What is read and thrown away of a refused body, so that its sender sees the answer. */
const DISCARD_LIMIT = 16 * 1024 * 1024

/** Chunks below this are copied together: each by itself costs more than its bytes. */
const SMALL_CHUNK = 4096

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

/** Lets a body of moderate length pass by and ends the connection of a longer or a slow one. */
function discardBody(request: IncomingMessage, response: ServerResponse, arrivals: Arrivals): void {
  if (declaredLength(request) > DISCARD_LIMIT) response.shouldKeepAlive = false
  request.on("error", () => {})
  if (request.complete || request.destroyed) return
  const arrival = arrivals.begin(() => request.destroy())
  let discarded = 0
  request.on("data", (chunk: Buffer) => {
    arrival.bytes += chunk.length
    discarded += chunk.length
    if (discarded > DISCARD_LIMIT) request.destroy()
  })
  request.once("close", () => arrivals.end(arrival))
}

/** The bytes of a body, in as few pieces as they came in, or fewer. */
function createPieces() {
  let whole: Buffer[] = []
  let tail = Buffer.alloc(0)
  let used = 0

  function copy(chunk: Buffer): void {
    if (used + chunk.length > tail.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(SMALL_CHUNK, 2 * (used + chunk.length)))
      tail.copy(larger, 0, 0, used)
      tail = larger
    }
    chunk.copy(tail, used)
    used += chunk.length
  }

  function closeTail(): void {
    if (used > 0) whole.push(tail.subarray(0, used))
    tail = Buffer.alloc(0)
    used = 0
  }

  return {
    add(chunk: Buffer): void {
      const isFirst = whole.length === 0 && used === 0
      if (!isFirst && chunk.length < SMALL_CHUNK) copy(chunk)
      else {
        closeTail()
        whole.push(chunk)
      }
    },
    bytes(): Buffer {
      closeTail()
      const [only] = whole
      if (only === undefined || whole.length > 1) whole = [Buffer.concat(whole)]
      return whole[0] as Buffer
    },
    clear(): void {
      whole = []
      tail = Buffer.alloc(0)
      used = 0
    },
  }
}

/** How many bytes of a body may come, as far as is known. */
function createLimit({ limit, longer }: BodyRule, declared: number) {
  let allowed = longer === undefined ? limit : Math.min(limit, longer.from)
  let isAsked = longer === undefined || declared <= allowed
  return (length: number, begun: () => Buffer): void => {
    if (longer === undefined || (length <= allowed && isAsked)) return
    isAsked = true
    allowed = Math.max(allowed, Math.min(limit, longer.allowed(begun())))
    if (length > allowed) throw tooLarge(allowed, "more")
  }
}

interface Collecting {
  readonly request: IncomingMessage
  readonly rule: BodyRule
  readonly arrivals: Arrivals
  readonly client: string
  readonly open: (evict: (refusal: Refusal) => void) => BodyAccount
}

function collect({ request, rule, arrivals, client, open }: Collecting): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    const pieces = createPieces()
    const assertLength = createLimit(rule, declaredLength(request))
    let length = 0
    const stop = (reason: unknown): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose)
      arrivals.end(arrival)
      pieces.clear()
      account.release()
      reject(reason)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      arrival.bytes += chunk.length
      try {
        if (length > rule.limit) throw tooLarge(rule.limit, "more")
        account.take(chunk.length)
        pieces.add(chunk)
        assertLength(length, pieces.bytes)
      } catch (reason) {
        stop(reason)
      }
    }
    const onEnd = (): void => {
      request.off("close", onClose)
      arrivals.end(arrival)
      account.complete()
      const bytes = pieces.bytes()
      pieces.clear()
      resolve({ bytes, client, release: account.release })
    }
    const onClose = (): void => stop(new Refusal("malformed", "the client went away"))
    const account = open(stop)
    const arrival = arrivals.begin(stop)
    request.on("error", () => {})
    request.on("data", onData).on("end", onEnd).on("close", onClose)
  })
}

/** Looks at what arrives from time to time, as long as anything does. */
function createPatrol(arrivals: Arrivals, interval: number): () => void {
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    arrivals.look()
    if (!arrivals.isEmpty()) return
    clearInterval(timer)
    timer = undefined
  }
  return () => {
    timer ??= setInterval(look, interval).unref()
  }
}

/** A reader whose bodies in memory are, for each group, at most its budget together. */
export function createBodyReader(options: BodyReaderOptions): BodyReader {
  const { bodyBudgets, bodyRate: rate, bodyGrace: grace, slownessInterval, now, clientOf } = options
  const arrivals = createArrivals({ rate, grace }, slownessInterval, now)
  const patrol = createPatrol(arrivals, slownessInterval)
  const budgets = new Map<BodyGroup, BodyBudget>()

  function budgetOf(group: BodyGroup): BodyBudget {
    const budget = budgets.get(group) ?? createBodyBudget(bodyBudgets[group], now)
    budgets.set(group, budget)
    return budget
  }

  return async (request, response, rule) => {
    const { limit, mediaType, group = "other" } = rule
    patrol()
    try {
      if (mediaType !== undefined) assertMediaType(request, mediaType)
      assertNotEncoded(request)
      const declared = declaredLength(request)
      if (declared > limit) throw tooLarge(limit, String(declared))
      if (request.headers.expect !== undefined) response.writeContinue()
      const client = clientOf(request)
      const open: Collecting["open"] = (evict) => budgetOf(group).open(client, limit, evict)
      return await collect({ request, rule, arrivals, client, open })
    } catch (error) {
      const isSlow = error instanceof Refusal && error.code === "too-slow"
      if (isSlow) response.shouldKeepAlive = false
      else discardBody(request, response, arrivals)
      throw error
    }
  }
}
