// What a run of the torture may be told on its command line.
import { parseArgs } from "node:util"
import { workFolder } from "./stand/program.ts"

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
  readonly json: string
  /** Whether the attacker comes from an address that is not counted as one of this machine. */
  readonly isForeign: boolean
  /** Whether slow answers break a bound: on a busy machine they say nothing. */
  readonly judgesLatency: boolean
  /** The folder for CPU profiles of the servers. */
  readonly profiles: string | undefined
}

export const USAGE = `npm run torture -- [--dist DIR] [--seconds N] [--only NAME,…] [--entries N]
                  [--most-memory MB] [--json FILE] [--foreign] [--no-latency] [--profiles DIR]

  --dist DIR        the built program to attack, also an older one (default: dist)
  --seconds N       how long an attack may go on, 1 to 120 (default 10)
  --only NAMES      attacks to run by the beginning of their names, for example unread-
  --entries N       ordinary entries in the log, 512 to 1,000,000 (default 20,000)
  --most-memory MB  an attack ends once the server has so much (default 3,000)
  --json FILE       where every figure goes as JSON (default: dist-torture/torture.json)
  --foreign         attack as a client of another machine, which limits on each client hold for
  --no-latency      do not judge how soon honest clients are answered: for a machine that is busy
  --profiles DIR    write a CPU profile of the server for each attack

Ends with 1 if a bound is broken: 300 MB above idle, a probe after more than 100 ms (99 of 100), one turn of the event
loop of more than 100 ms of CPU time, an attack that was not answered as one, an honest client that was never served.
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
      json: { type: "string", default: `${workFolder}/torture.json` },
      foreign: { type: "boolean", default: false },
      "no-latency": { type: "boolean", default: false },
      profiles: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return "help"
  const { dist, json, profiles, foreign } = values
  return {
    ...{ dist, json, profiles, isForeign: foreign, judgesLatency: !values["no-latency"] },
    seconds: numberOf("seconds", values.seconds, 1, 120),
    only: values.only.split(",").filter((name) => name !== ""),
    entries: numberOf("entries", values.entries, 512, 1_000_000),
    mostMemory: numberOf("most-memory", values["most-memory"], 100, 32_000) * 1024 * 1024,
  }
}
