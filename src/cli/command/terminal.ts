// What a command has of the outside world: two streams, fetch, a clock, an exit code. Tests put their own in.
import type { Fetch } from "../../client/exchange.ts"
import type { Patience } from "../../client/retrying.ts"
import type { Environment } from "../network/environment.ts"
import { EXIT_FAILURE } from "./exit-code.ts"

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

function fail(code: number): void {
  process.exitCode = Math.max(code, Number(process.exitCode ?? 0))
}

/** A reader that has seen enough (`countersign … | head`) is no failure; what else cannot be written is one. */
function failUnlessRead(stream: NodeJS.WriteStream, tell: (why: string) => void): void {
  stream.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") return
    fail(EXIT_FAILURE)
    tell(message)
  })
}

export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  failUnlessRead(stdout, (why) => stderr.write(`countersign: standard output: ${why}\n`))
  failUnlessRead(stderr, () => {})
  return {
    ...{ stdout, stderr },
    fetch: globalThis.fetch,
    environment: process.env,
    now: () => performance.now(),
    fail,
  }
}
