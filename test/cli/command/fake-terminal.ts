// A terminal that a test looks into, running the program in this process.

import type { Terminal, TextStream } from "../../../src/cli/command/terminal.ts"
import { runProgram } from "../../../src/cli/program.ts"
import type { Fetch } from "../../../src/client/exchange.ts"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface FakeOptions {
  readonly fetch?: Fetch
  /** Whether a person looks at standard error. */
  readonly isTTY?: boolean
  /** Milliseconds; a second a call by default. */
  readonly now?: () => number
  /** None by default, whatever those of the tests' own process are. */
  readonly environment?: Terminal["environment"]
  /** By default no time is lost. */
  readonly sleep?: NonNullable<Terminal["sleep"]>
}

function capture(texts: string[], isTTY: boolean): TextStream {
  return { write: (text) => texts.push(text), isTTY, columns: 80 }
}

/** Runs a command line; each word is one argument. */
export async function run(words: readonly string[], options: FakeOptions = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const codes = [0]
  let time = 0
  const aSecondLater = (): number => {
    time += 1000
    return time
  }
  const terminal: Terminal = {
    stdout: capture(out, false),
    stderr: capture(err, options.isTTY ?? false),
    fetch: options.fetch ?? globalThis.fetch,
    environment: options.environment ?? {},
    sleep: options.sleep ?? (() => Promise.resolve()),
    random: () => 0,
    now: options.now ?? aSecondLater,
    fail: (code) => codes.push(code),
  }
  codes.push(await runProgram(words, terminal))
  return { code: Math.max(...codes), out: out.join(""), err: err.join("") }
}

/** A fetch that refuses to be used: for commands that must stay offline. */
export const noNetwork: Fetch = () => {
  throw new Error("the network was used")
}

/** Changes the log's JSON answers to paths that match; a log that lies. */
export function lying(path: RegExp, change: (answer: Record<string, unknown>) => unknown): Fetch {
  return async (url, init) => {
    const response = await globalThis.fetch(url, init)
    if (!path.test(String(url))) return response
    const answer = (await response.json()) as Record<string, unknown>
    return Response.json(change(answer), { status: response.status })
  }
}
