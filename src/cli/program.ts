// The program: every command, and running it with its errors turned into a line and an exit code.
import { readFileSync } from "node:fs"
import { Command, CommanderError } from "commander"
import { backupCommand } from "./backup.ts"
import { checkpointCommand } from "./checkpoint.ts"
import { entryCommand } from "./entry.ts"
import { evidenceCommand } from "./evidence.ts"
import { EXIT_FINE, EXIT_MONITOR_USAGE, EXIT_USAGE, exitCodeOf } from "./exit-code.ts"
import { exportTilesCommand } from "./export-tiles.ts"
import { fsckCommand } from "./fsck.ts"
import { headsCommand } from "./heads.ts"
import { initCommand } from "./init.ts"
import { keysCommand } from "./keys.ts"
import { monitorCommand } from "./monitor.ts"
import { createOutput } from "./output.ts"
import { proofCommand } from "./proof.ts"
import { redactCommand } from "./redact.ts"
import { revokeCommand } from "./revoke.ts"
import { searchCommand } from "./search.ts"
import { serveCommand } from "./serve.ts"
import { submitCommand } from "./submit.ts"
import type { Terminal } from "./terminal.ts"
import { trustCommand } from "./trust.ts"
import { verifyCommand } from "./verify.ts"
import { witnessCommand } from "./witness.ts"

const commands: readonly ((terminal: Terminal) => Command)[] = [
  initCommand,
  serveCommand,
  submitCommand,
  revokeCommand,
  verifyCommand,
  searchCommand,
  entryCommand,
  proofCommand,
  checkpointCommand,
  evidenceCommand,
  headsCommand,
  witnessCommand,
  monitorCommand,
  trustCommand,
  keysCommand,
  fsckCommand,
  backupCommand,
  redactCommand,
  exportTilesCommand,
]

/** package.json lies two folders above this file, in the sources and in what is built of them. */
function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

/** Lets commander throw instead of ending the process, and print to the terminal, in all commands. */
function adopt(command: Command, terminal: Terminal): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.stdout.write(text),
    writeErr: (text) => terminal.stderr.write(text),
  })
  for (const child of command.commands) adopt(child, terminal)
  return command
}

export function createProgram(terminal: Terminal): Command {
  const program = new Command("countersign")
    .description("An append-only transparency log for artifact signatures.")
    .version(readVersion())
    .addHelpText(
      "after",
      `
Exit codes: 0 fine, 1 failure, 2 usage, 3 what was to be verified is false.`,
    )
  for (const make of commands) program.addCommand(make(terminal))
  return adopt(program, terminal)
}

/** Runs one command line (without node and the script) and gives its exit code. A bug is thrown. */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(words, { from: "user" })
    return EXIT_FINE
  } catch (error) {
    const code = exitCodeOf(error, words[0] === "monitor" ? EXIT_MONITOR_USAGE : EXIT_USAGE)
    if (code === undefined) throw error
    // Commander has printed its own errors already.
    if (error instanceof Error && !(error instanceof CommanderError)) {
      createOutput(terminal, false).remark(error.message)
    }
    return code
  }
}
