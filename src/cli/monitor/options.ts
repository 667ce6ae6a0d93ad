// The options of `countersign monitor run` and what they name.
import { InvalidArgumentError, Option } from "commander"
import { parseDecimal } from "../../core/base/text.ts"
import { type Address, argument, gathered, jsonOption, parseAddress } from "../command/options.ts"
import {
  type LogAddress,
  type MirrorAddress,
  parseLogAddress,
  parseMirrorAddress,
} from "./monitored-logs.ts"

export interface RunOptions {
  readonly data: string
  readonly key?: string
  readonly policy?: string
  readonly watch?: string
  readonly sinks?: string
  readonly log: readonly LogAddress[]
  readonly mirror: readonly MirrorAddress[]
  readonly canary?: boolean
  /** Seconds. */
  readonly interval: number
  readonly once?: boolean
  readonly listen?: Address
  readonly json?: boolean
}

const DEFAULT_INTERVAL = 60
const LONGEST_INTERVAL = 86_400

function seconds(text: string): number {
  const interval = argument((digits: string) => parseDecimal(digits, "interval"))(text)
  if (interval >= 1 && interval <= LONGEST_INTERVAL) return interval
  throw new InvalidArgumentError(`expected 1 to ${LONGEST_INTERVAL} seconds, found ${text}`)
}

export function intervalOption(): Option {
  return new Option("--interval <seconds>", "time between two rounds")
    .argParser(seconds)
    .default(DEFAULT_INTERVAL)
}

export const runOptions: readonly Option[] = [
  new Option("--data <dir>", "the monitor's data directory").makeOptionMandatory(),
  new Option("--key <file>", "the monitor's own key (default: in DIR)"),
  new Option("--policy <file>", "compare this policy with the pinned one"),
  new Option("--watch <file>", "watch file: what is expected of which entries"),
  new Option("--sinks <file>", "sinks file: who is told"),
  new Option(
    "--log <url>",
    "read the log here instead of the policy's URL: http(s)://…, rekor-v2+https://…, file:///…",
  )
    .argParser(gathered(parseLogAddress))
    .default([], "the URL in the policy"),
  new Option("--mirror <name=url>", "another way to the same log; may be given several times")
    .argParser(gathered(parseMirrorAddress))
    .default([], "none"),
  new Option("--canary", "submit test entries, which must raise a marked alert"),
  intervalOption(),
  new Option("--once", "one round, and an exit code that says what is open"),
  new Option(
    "--listen <host:port>",
    "serve the status page, evidence and POST /heads here",
  ).argParser(argument(parseAddress)),
  jsonOption(),
]
