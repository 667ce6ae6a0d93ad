// Reading a URL that may be busy: GET with limits on bytes and time, no redirects, and further attempts
// after 429, 5xx and broken connections, as long as the server asks for within reason.
import { Refusal, refuse, Trouble } from "../core/base/errors.ts"
import { boundedBy, type Fetch, readBounded, reasonOf } from "./exchange.ts"
import { assertNoRedirect } from "./redirect.ts"

export interface PatientOptions {
  readonly fetch: Fetch
  /** Resolves after so many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>
  /** How long one attempt may take, in milliseconds; 20 seconds by default. */
  readonly timeout?: number
  /** How often one thing is asked for; 4 by default. */
  readonly attempts?: number
  /** The longest wait between two attempts, in milliseconds; 30 seconds by default. */
  readonly longestWait?: number
  /** Ends every attempt when it fires. */
  readonly signal?: AbortSignal
}

interface Reading {
  readonly url: string
  /** The longest answer that is read, in bytes. */
  readonly longest: number
  /** Asks caches on the way not to answer. */
  readonly isFresh?: boolean
  /** Whether 410 is refused `not-found`, apart from 404. */
  readonly tellsGone?: boolean
}

const FIRST_WAIT = 250
const FRESH_HEADERS = { "cache-control": "no-cache", pragma: "no-cache" }

/** What was read, or why it is worth another attempt; `wait` in milliseconds if the server named it. */
type Outcome =
  | { readonly bytes: Uint8Array | undefined }
  | { readonly reason: string; readonly wait?: number }

/** Retry-After in seconds; dates are left to the backoff, since clocks differ. */
function askedWait(response: Response): { wait?: number } {
  const text = response.headers.get("retry-after") ?? ""
  return /^[0-9]+$/.test(text) ? { wait: Number(text) * 1000 } : {}
}

/**
 * Gives the bytes at a URL; undefined where there is nothing (404, 410). Rejects with Trouble ("network") for
 * any other answer after the last attempt; refuses `too-large`, `malformed` for status 400, and `not-found` for
 * 410 where that is asked to be told.
 */
export function createPatientReading(options: PatientOptions) {
  const { fetch, sleep, signal, timeout = 20_000, attempts = 4, longestWait = 30_000 } = options

  async function answerOf({ url, longest, isFresh, tellsGone }: Reading): Promise<Outcome> {
    const response = await fetch(url, {
      redirect: "manual",
      signal: boundedBy(timeout, signal),
      ...(isFresh === true && { headers: FRESH_HEADERS, cache: "no-store" }),
    })
    await assertNoRedirect(response, url, "", "server")
    if (response.ok) return { bytes: await readBounded(response, longest, response.url) }
    await response.body?.cancel()
    const { status } = response
    if (status === 410 && tellsGone === true) refuse("not-found", `${url} answers 410`)
    if (status === 404 || status === 410) return { bytes: undefined }
    if (status === 429 || status >= 500) {
      return { reason: `it answers ${status}`, ...askedWait(response) }
    }
    if (status === 400) refuse("malformed", `${url} answers 400`)
    throw new Trouble("network", `${url} answers ${status}`)
  }

  async function attempt(reading: Reading): Promise<Outcome> {
    try {
      return await answerOf(reading)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof Refusal || error instanceof Trouble) throw error
      return { reason: reasonOf(error) }
    }
  }

  return async (reading: Reading): Promise<Uint8Array | undefined> => {
    for (let tried = 1; ; tried++) {
      const outcome = await attempt(reading)
      if ("bytes" in outcome) return outcome.bytes
      const wait = outcome.wait ?? FIRST_WAIT * 2 ** tried
      if (tried >= attempts || wait > longestWait) {
        throw new Trouble("network", `${reading.url} cannot be read: ${outcome.reason}`)
      }
      await sleep(wait)
    }
  }
}
