// What a command has of the outside world: two streams, fetch, a clock, an exit code. Tests put their own in.
import type { Fetch } from "../../client/exchange.ts"

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
  /** Lets the process end with this code, or with a higher one that was set before. */
  readonly fail: (code: number) => void
}

export function processTerminal(): Terminal {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    now: () => performance.now(),
    fail: (code) => {
      process.exitCode = Math.max(code, Number(process.exitCode ?? 0))
    },
  }
}
