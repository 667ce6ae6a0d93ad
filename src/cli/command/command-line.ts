// A command line from its words to an exit code: what all programs of this package have in common.
import { readFileSync } from "node:fs"
import { Command, CommanderError } from "commander"
import { EXIT_FINE, exitCodeOf } from "./exit-code.ts"
import { createOutput } from "./output.ts"
import type { Terminal } from "./terminal.ts"

/** Columns of help where nobody says how many there are. */
const WIDTH = 100

/** package.json lies three folders above this file, in the sources and in what is built of them. */
export function programVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8")
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

/** A program without commands. Commander throws instead of ending the process and prints to the terminal. */
export function emptyProgram(name: string, terminal: Terminal): Command {
  return new Command(name)
    .version(programVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? WIDTH,
      getErrHelpWidth: () => terminal.stderr.columns ?? WIDTH,
    })
}

/**
 * Does what the words say, without node and the script, and gives the exit code, `usage` for words that are
 * wrong. A bug is thrown.
 */
export async function runWords(
  create: () => Promise<Command>,
  words: readonly string[],
  terminal: Terminal,
  usage: number,
): Promise<number> {
  try {
    const program = await create()
    await program.parseAsync(words, { from: "user" })
    return EXIT_FINE
  } catch (error) {
    const code = exitCodeOf(error, usage)
    if (code === undefined) throw error
    // Commander has printed its own errors already.
    if (error instanceof Error && !(error instanceof CommanderError)) {
      createOutput(terminal, false).remark(error.message)
    }
    return code
  }
}
