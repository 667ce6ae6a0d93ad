// What a run may be told on its command line.
import { parseArgs } from "node:util"

export interface InteropOptions {
  /** Beginnings of the names of the clients that run; none stands for all. */
  readonly only: readonly string[]
  /** Where the results go as JSON. */
  readonly json: string | undefined
}

export const USAGE = `npm run interop -- [--only CLIENT,…] [--json FILE]

  --only CLIENTS  clients to run by the beginning of their names, for example "cosign 3,rekor-cli"
  --json FILE     also write every result to FILE
`

/** Throws an error with a message for people if an option is unknown. */
export function readOptions(args: readonly string[]): InteropOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) return "help"
  const only = values.only?.split(",").map((name) => name.trim()) ?? []
  return { only: only.filter((name) => name !== ""), json: values.json }
}

export function isWanted({ only }: InteropOptions, client: string): boolean {
  return only.length === 0 || only.some((beginning) => client.startsWith(beginning))
}
