// What a run of the bench may be told on its command line.
import { parseArgs } from "node:util"

export interface BenchOptions {
  /** Also measures a log of 1,000,000 entries. */
  readonly full: boolean
  /** Length of each timed phase. */
  readonly seconds: number
  /** Beginnings of the names of the phases that run; none stands for all. */
  readonly only: readonly string[]
  /** Where the figures go as JSON. */
  readonly json: string | undefined
}

export const USAGE = `npm run bench -- [--full] [--seconds N] [--only NAME,…] [--json FILE]

  --full       also measure a log of 1,000,000 entries
  --seconds N  length of each timed phase, 1 to 60 (default 3)
  --only NAMES phases to run by the beginning of their names, for example submit-256,proof
  --json FILE  also write every figure to FILE
`

/** Throws an error with a message for people if an option is unknown or out of bounds. */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      full: { type: "boolean", default: false },
      seconds: { type: "string", default: "3" },
      only: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return "help"
  const seconds = Number(values.seconds)
  if (!(seconds >= 1 && seconds <= 60)) {
    throw new Error(`--seconds: expected 1 to 60, found ${values.seconds}`)
  }
  const only = values.only?.split(",").filter((name) => name !== "") ?? []
  return { full: values.full, seconds, only, json: values.json }
}

export function isWanted({ only }: BenchOptions, name: string): boolean {
  return only.length === 0 || only.some((beginning) => name.startsWith(beginning))
}
