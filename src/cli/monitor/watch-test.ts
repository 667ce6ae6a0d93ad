// `countersign monitor watch-test`: says what a watch file makes of one entry, from a file or from a log.
import { LONGEST_BODY, LONGEST_ENVELOPE } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import { explain } from "../../monitor/entries/watch-explanation.ts"
import { readBytes } from "../command/file.ts"
import { credentialOptions, openLogClient } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  decimalArgument,
  defineCommand,
  jsonOption,
  mandatory,
  optional,
  parsed,
  type ValuesOf,
} from "../command/options.ts"
import { readWatch } from "../watch/files.ts"

const watchTestOptions = [
  mandatory("--watch <file>", "the watch file"),
  optional("--envelope <file>", "DSSE envelope of the entry, for the rules by name"),
  optional("--log <url>", "base URL of a log that has the entry"),
  parsed("--index <n>", "the entry's place, counted from 0", decimalArgument),
  jsonOption(),
  ...credentialOptions,
  ...networkOptions,
] as const

type WatchTestOptions = ValuesOf<typeof watchTestOptions>

async function readBody(
  file: string | undefined,
  { log, index }: WatchTestOptions,
  called: Called,
): Promise<Uint8Array> {
  if (file !== undefined) return await readBytes(file, "entry", LONGEST_BODY)
  if (log === undefined || index === undefined) {
    return called.command.error("error: give the file of an entry's body, or --log and --index")
  }
  const client = await openLogClient(log, called)
  return (await client.entry(index)).body
}

export const watchTestCommand = defineCommand({
  argument: ["[file]", "the body of an entry; else --log and --index"],
  options: watchTestOptions,
  help: `
Nothing is verified: this only shows which rules match.

Example:
  countersign monitor watch-test --watch acme.watch --log https://log.example.com --index 42`,
  async run(options, called, file: string | undefined) {
    const { log, index, envelope, json } = options
    const { command, output } = called
    if (file !== undefined && log !== undefined) {
      command.error("error: give either a file or --log")
    }
    const { watch } = await readWatch(options.watch)
    const body = await readBody(file, options, called)
    const entry = {
      body,
      leafHash: portableHasher.leaf(body),
      ...present({ index }),
      ...(envelope !== undefined && {
        envelope: await readBytes(envelope, "envelope", LONGEST_ENVELOPE),
      }),
    }
    const lines = explain(entry, watch)
    if (json === true) output.result("", [], { lines })
    else for (const line of lines) output.result(line, [], {})
  },
})
