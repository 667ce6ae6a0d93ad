// Asking again: how often, how long in between and in all, for what may pass by itself. Only for questions that may be
// asked twice; the clock, randomness and sleep are given.
import type { Trouble } from "../core/base/errors.ts"

/** How a client asks again. */
export interface Patience {
  /** How often one thing is asked for again. */
  readonly retries: number
  /** Milliseconds that a question may take with all that is asked again, and the waits in between. */
  readonly whole: number
  /** Resolves after so many milliseconds, and rejects as soon as the signal fires. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** At least 0 and less than 1. */
  readonly random: () => number
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number
  /** Told before each wait: what happened, and the milliseconds until it is asked again. */
  readonly onRetry?: (reason: string, wait: number) => void
}

/** What came of asking once. */
export type Attempt<T> =
  | { readonly value: T; readonly again?: Again }
  | { readonly trouble: Trouble; readonly again?: Again }

/** Why it is worth asking again, and the milliseconds that the other side asks for. */
interface Again {
  readonly reason: string
  readonly wait?: number | undefined
}

const FIRST_WAIT = 500
const LONGEST_WAIT = 10_000

/** Between half of it and all of it, so that those who were turned away together do not come back together. */
function backoff(tried: number, random: () => number): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tried)
  return Math.round(longest * (0.5 + random() / 2))
}

/** What was answered; trouble is thrown. */
export function settle<T>(attempt: Attempt<T>): T {
  if ("trouble" in attempt) throw attempt.trouble
  return attempt.value
}

async function sleepUnlessAborted(
  sleep: Patience["sleep"],
  wait: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await sleep(wait, signal)
  } finally {
    signal?.throwIfAborted()
  }
}

/**
 * What `ask` gives that is not worth another attempt, or the last it gives. `ask` is told how many milliseconds are left.
 * No wait is shorter than the other side asks for: one that does not fit into what is left ends it.
 */
export async function askPatiently<T>(
  { retries, whole, sleep, random, now, onRetry }: Patience,
  ask: (left: number) => Promise<Attempt<T>>,
  signal?: AbortSignal,
): Promise<T> {
  const end = now() + whole
  for (let tried = 0; ; tried++) {
    const attempt = await ask(Math.max(1, end - now()))
    const { again } = attempt
    if (again === undefined || tried >= retries) return settle(attempt)
    const wait = (again.wait ?? 0) + backoff(tried, random)
    if (wait >= end - now()) return settle(attempt)
    onRetry?.(again.reason, wait)
    await sleepUnlessAborted(sleep, wait, signal)
  }
}

/** 408, 429 and 5xx may pass by themselves. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

const LONGEST_DATE = 64

/**
 * Milliseconds of `Retry-After` (RFC 9110 section 10.2.3), which is honoured for 429 and 503. A date is held against the
 * answer's own `Date`, since clocks differ; undefined without either, and for anything else.
 */
export function askedWait({ status, headers }: Pick<Response, "status" | "headers">) {
  if (status !== 429 && status !== 503) return undefined
  const text = headers.get("retry-after")?.trim() ?? ""
  // However many digits: nobody waits for what is longer than all patience.
  if (/^[0-9]+$/.test(text)) return Number(text) * 1000
  const from = Date.parse(headers.get("date") ?? "")
  const until = text.length > LONGEST_DATE ? Number.NaN : Date.parse(text)
  const wait = until - from
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
