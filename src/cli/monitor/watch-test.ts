// `countersign monitor watch-test`: says what a watch file makes of one entry, from a file or from a log.

import { dirname, resolve } from "node:path"
import type { Command } from "commander"
import {
  LONGEST_BODY,
  LONGEST_ENVELOPE,
  LONGEST_WATCH,
  LONGEST_WATCH_LIST,
} from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import { type ExplainedEntry, explain } from "../../monitor/entries/watch-explanation.ts"
import { parseWatch, type Watch } from "../../monitor/watch/watch.ts"
import { readBytes, readText } from "../command/file.ts"
import { openLogClient } from "../command/log-options.ts"
import { decimalArgument, jsonOption } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"

interface WatchTestOptions {
  readonly watch: string
  readonly envelope?: string
  readonly log?: string
  readonly index?: number
  readonly json?: boolean
}

/** Reads a watch file; the files that it names are beside it unless they say otherwise. */
export async function readWatchFile(path: string): Promise<Watch> {
  const text = await readText(path, "watch file", LONGEST_WATCH)
  return await parseWatch(text, async (name) => {
    const list = resolve(dirname(path), name)
    return await readText(list, "list of the watch file", LONGEST_WATCH_LIST)
  })
}

async function fetchBody(
  { log, index }: WatchTestOptions,
  command: Command,
  terminal: Terminal,
): Promise<Uint8Array> {
  if (log === undefined || index === undefined) {
    return command.error("error: give the file of an entry's body, or --log and --index")
  }
  return (await openLogClient(log, terminal).entry(index)).body
}

async function readEntry(
  file: string | undefined,
  options: WatchTestOptions,
  command: Command,
  terminal: Terminal,
): Promise<ExplainedEntry> {
  const { envelope, index } = options
  const body =
    file === undefined
      ? await fetchBody(options, command, terminal)
      : await readBytes(file, "entry", LONGEST_BODY)
  return {
    body,
    leafHash: portableHasher.leaf(body),
    ...present({ index }),
    ...(envelope !== undefined && {
      envelope: await readBytes(envelope, "envelope", LONGEST_ENVELOPE),
    }),
  }
}

export function watchTestCommand(command: Command, terminal: Terminal): void {
  command
    .argument("[file]", "the body of an entry; else --log and --index")
    .requiredOption("--watch <file>", "the watch file")
    .option("--envelope <file>", "DSSE envelope of the entry, for the rules by name")
    .option("--log <url>", "base URL of a log that has the entry")
    .option("--index <n>", "the entry's place, counted from 0", decimalArgument)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Nothing is verified: this only shows which rules match.

Example:
  countersign monitor watch-test --watch acme.watch --log https://log.example.com --index 42`,
    )
    .action(async (file: string | undefined, options: WatchTestOptions) => {
      if (file !== undefined && options.log !== undefined) {
        command.error("error: give either a file or --log")
      }
      const watch = await readWatchFile(options.watch)
      const lines = explain(await readEntry(file, options, command, terminal), watch)
      const output = createOutput(terminal, options.json)
      if (options.json === true) output.result("", [], { lines })
      else for (const line of lines) output.result(line, [], {})
    })
}
