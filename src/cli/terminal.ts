// What a command has of the outside world: two streams, fetch and a clock. Tests put their own in.
import type { Fetch } from "../client/exchange.ts"

export interface TextStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Terminal {
  readonly stdout: TextStream
  readonly stderr: TextStream
  readonly fetch: Fetch
  /** Milliseconds from any fixed moment. */
  readonly now: () => number
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    now: () => performance.now(),
  }
}
