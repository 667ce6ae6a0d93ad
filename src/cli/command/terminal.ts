// What a command has of the outside world: two streams, fetch, a clock, an exit code. Tests put their own in.
import type { Fetch } from "../../client/exchange.ts"
import type { Patience } from "../../client/retrying.ts"
import type { Environment } from "../network/environment.ts"

export interface TextStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface Terminal {
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** The platform's; commands use it by way of openFetch (network.ts). */
  readonly fetch: Fetch
  /** The variables of the process; none by default. */
  readonly environment?: Environment
  /** Resolves after so many milliseconds; by the process's clock by default. */
  readonly sleep?: Patience["sleep"]
  /** At least 0 and less than 1. */
  readonly random?: Patience["random"]
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
    environment: process.env,
    now: () => performance.now(),
    fail: (code) => {
      process.exitCode = Math.max(code, Number(process.exitCode ?? 0))
    },
  }
}
