// What a run of the torture may be told on its command line.
import { parseArgs } from "node:util"

export interface TortureOptions {
  /** The folder of the built program under attack. */
  readonly dist: string | undefined
  /** How long an attack may go on. */
  readonly seconds: number
  /** Beginnings of the names of the attacks that run; none stands for all. */
  readonly only: readonly string[]
  /** Ordinary entries in the log. */
  readonly entries: number
  /** An attack ends when the server has so many bytes. */
  readonly mostMemory: number
  /** Where the figures go as JSON. */
  readonly json: string | undefined
}

export const USAGE = `npm run torture -- [--dist DIR] [--seconds N] [--only NAME,…] [--entries N]
                  [--most-memory MB] [--json FILE]

  --dist DIR        the built program to attack, also an older one (default: dist)
  --seconds N       how long an attack may go on, 1 to 120 (default 10)
  --only NAMES      attacks to run by the beginning of their names, for example unread-
  --entries N       ordinary entries in the log, 512 to 1,000,000 (default 20,000)
  --most-memory MB  an attack ends once the server has so much (default 3,000)
  --json FILE       also write every figure to FILE
`

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new Error(`--${name}: expected ${least} to ${most}, found ${text}`)
}

/** Throws an error with a message for people if an option is unknown or out of bounds. */
export function readOptions(args: readonly string[]): TortureOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dist: { type: "string" },
      seconds: { type: "string", default: "10" },
      only: { type: "string", default: "" },
      entries: { type: "string", default: "20000" },
      "most-memory": { type: "string", default: "3000" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return "help"
  const { dist, json } = values
  return {
    ...{ dist, json },
    seconds: numberOf("seconds", values.seconds, 1, 120),
    only: values.only.split(",").filter((name) => name !== ""),
    entries: numberOf("entries", values.entries, 512, 1_000_000),
    mostMemory: numberOf("most-memory", values["most-memory"], 100, 32_000) * 1024 * 1024,
  }
}
