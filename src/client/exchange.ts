// One bounded HTTP exchange with a log or a witness over the Fetch port: limits on bytes and time, no redirects,
// further attempts where they are wanted and do no harm, RFC 9457 problem documents turned into refusals. Leaves
// out what the answers mean (log-client.ts, witness-client.ts).
import { concat, parseUtf8 } from "../core/base/bytes.ts"
import { Refusal, type RefusalCode, refuse, shown, Trouble } from "../core/base/errors.ts"
import { asObject, asText, optional, parseJson } from "../core/base/json-value.ts"
import { parseBase } from "./base-url.ts"
import { assertNoRedirect } from "./redirect.ts"
import {
  type Attempt,
  askedWait,
  askPatiently,
  mayPass,
  type Patience,
  settle,
} from "./retrying.ts"

/** The Fetch standard, as browsers and Node have it. */
export type Fetch = typeof globalThis.fetch

/** The body of an answer; refuses `too-large`, naming `what`, and reads no further. */
export async function readBounded(
  response: Response,
  longest: number,
  what: string,
): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(...chunks)
    length += value.length
    if (length > longest) {
      await reader.cancel()
      refuse("too-large", `${what}: expected up to ${longest} bytes, found more`)
    }
    chunks.push(value)
  }
}

/** Fires when `timeout` milliseconds are over, or `signal` fires. */
export function boundedBy(timeout: number, signal: AbortSignal | undefined): AbortSignal {
  const clock = AbortSignal.timeout(timeout)
  return signal === undefined ? clock : AbortSignal.any([signal, clock])
}

/** Where a name has several addresses, what happened at them stands in several errors, and nowhere else. */
function messageOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : []
  return error.message === "" && first instanceof Error ? first.message : error.message
}

/** fetch hides what happened ("fetch failed") behind the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return messageOf(error.cause instanceof Error ? error.cause : error)
}

export interface ExchangeOptions {
  /** Base URL, with or without a final slash; `http:` or `https:`, no credentials. */
  readonly url: string
  readonly fetch: Fetch
  /** Ends every exchange when it fires; its reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** How long one exchange may take, in milliseconds; with `patience`, each time that something is asked. */
  readonly timeout: number
  /** What may pass by itself is asked again; by default nothing is. */
  readonly patience?: Patience | undefined
  /** Who answers, in messages; `log` by default. */
  readonly peer?: string
}

interface Question {
  readonly method?: "GET" | "POST"
  /** Below the base URL, without a leading slash, with its query. */
  readonly path: string
  readonly body?: NonNullable<RequestInit["body"]>
  readonly contentType?: string
  /** The longest answer that is read, in bytes. */
  readonly longest: number
  /** Whether asking twice does what asking once does; so it is by default with GET, and not with POST. */
  readonly isRepeatable?: true
}

/** Sends a question and gives the body of its 2xx answer. */
export type Exchange = (question: Question) => Promise<Uint8Array>

/** An answer with whatever status. */
interface Reply {
  readonly status: number
  /** Without parameters, in lower case; empty if there is none. */
  readonly mediaType: string
  readonly body: Uint8Array
}

const LONGEST_PROBLEM = 65_536

// One member a code, so that the compiler notices a code that is missing here.
const codes: Readonly<Record<RefusalCode, true>> = {
  malformed: true,
  unsupported: true,
  "too-large": true,
  "bad-signature": true,
  "bad-proof": true,
  mismatch: true,
  untrusted: true,
  unauthenticated: true,
  "not-allowed": true,
  "not-found": true,
  gone: true,
  "beyond-tree": true,
  conflict: true,
  "wrong-media-type": true,
  "wrong-method": true,
  "too-slow": true,
  "rate-limited": true,
  misdirected: true,
  "try-later": true,
}

function isCode(text: string): text is RefusalCode {
  return Object.hasOwn(codes, text)
}

const statusCodes: Readonly<Record<number, RefusalCode>> = {
  404: "not-found",
  410: "gone",
  413: "too-large",
  429: "try-later",
}

/**
 * What a log's problem document says no with: a refusal with the log's own code (or one that fits
 * `status`), or trouble if the log itself failed. The detail is shortened, with controls made visible.
 */
export function errorOfProblem(problem: unknown, status: number, peer = "log"): Refusal | Trouble {
  const { code, detail } = asObject(problem, "problem")
  const name = optional(code, (text) => asText(text, "problem.code")) ?? ""
  const text = optional(detail, (it) => asText(it, "problem.detail")) ?? "no reason given"
  const message = `the ${peer} answers ${status}: ${shown(text, 500).slice(1, -1)}`
  if (isCode(name)) return new Refusal(name, message)
  return status >= 500
    ? new Trouble("network", message)
    : new Refusal(statusCodes[status] ?? "malformed", message)
}

/** As a problem document; `detail` for the text of others. */
function problemIn({ mediaType, body }: Reply): unknown {
  const text = parseUtf8(body, "problem")
  return mediaType.includes("json")
    ? parseJson(text, "problem", LONGEST_PROBLEM)
    : { detail: text.trim() }
}

/** What an answer that is not 2xx says. Its status counts, also if whatever stands in between wrote the rest. */
export function errorOfReply(reply: Reply, peer = "log"): Refusal | Trouble {
  const { status } = reply
  try {
    return errorOfProblem(problemIn(reply), status, peer)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return errorOfProblem({ detail: "what it says of that cannot be read" }, status, peer)
  }
}

/** The body of an answer that is not 2xx; nothing in place of one that is too long, where the status may pass. */
async function readProblem(response: Response): Promise<Uint8Array> {
  try {
    return await readBounded(response, LONGEST_PROBLEM, "problem document")
  } catch (error) {
    if (error instanceof Refusal && mayPass(response.status)) return new Uint8Array(0)
    throw error
  }
}

function mediaTypeOf({ headers }: Response): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? ""
}

interface Answered {
  readonly reply: Reply
  /** Milliseconds that it asks to be left alone. */
  readonly wait: number | undefined
}

function bodyOf({ body, contentType = "application/json" }: Question): RequestInit {
  return body === undefined ? {} : { body, headers: { "content-type": contentType } }
}

/**
 * Gives the answer to a question whatever its status. Refuses `malformed` for the URL; the exchange
 * rejects with `Refusal` ("too-large") or `Trouble` ("network").
 */
export function createRawExchange(options: ExchangeOptions) {
  const { url, fetch, signal, timeout, peer = "log", patience } = options
  const base = parseBase(url, `${peer} URL`)

  async function send(question: Question, limit: AbortSignal): Promise<Answered> {
    const { path, method = "GET" } = question
    const response = await fetch(base + path, {
      ...{ method, redirect: "manual", signal: limit },
      ...bodyOf(question),
    })
    await assertNoRedirect(response, base, path, peer)
    const { status, ok } = response
    const body = ok
      ? await readBounded(response, question.longest, `the ${peer}'s answer`)
      : await readProblem(response)
    const reply = { status, mediaType: mediaTypeOf(response), body }
    return { reply, wait: askedWait(response) }
  }

  /** Rejects with what cannot pass. */
  async function attempt(question: Question, longest: number): Promise<Attempt<Reply>> {
    try {
      const { reply, wait } = await send(question, boundedBy(longest, signal))
      const again = { reason: `the ${peer} answers ${reply.status}`, wait }
      return mayPass(reply.status) ? { value: reply, again } : { value: reply }
    } catch (error) {
      if (error instanceof Refusal || error instanceof Trouble) throw error
      signal?.throwIfAborted()
      const reason = `no answer from ${base}${question.path}: ${reasonOf(error)}`
      return { trouble: new Trouble("network", reason, { cause: error }), again: { reason } }
    }
  }

  return async (question: Question): Promise<Reply> => {
    const isRepeatable = question.isRepeatable ?? question.method !== "POST"
    const ask = (left: number) => attempt(question, Math.min(timeout, left))
    return patience === undefined || !isRepeatable
      ? settle(await ask(timeout))
      : await askPatiently(patience, ask, signal)
  }
}

/** Refuses `malformed` for the URL; an exchange rejects with `Refusal` or `Trouble` ("network"). */
export function createExchange(options: ExchangeOptions): Exchange {
  const exchange = createRawExchange(options)
  return async (question) => {
    const reply = await exchange(question)
    if (reply.status >= 200 && reply.status < 300) return reply.body
    throw errorOfReply(reply, options.peer)
  }
}
