// The program: every command, and running it with its errors turned into a line and an exit code.
import { readFileSync } from "node:fs"
import { Command, CommanderError } from "commander"
import { EXIT_FINE, EXIT_MONITOR_USAGE, EXIT_USAGE, exitCodeOf } from "./command/exit-code.ts"
import { createOutput } from "./command/output.ts"
import type { Terminal } from "./command/terminal.ts"
import { backupCommand } from "./log/backup.ts"
import { exportTilesCommand } from "./log/export-tiles.ts"
import { fsckCommand } from "./log/fsck.ts"
import { initCommand } from "./log/init.ts"
import { keysCommand } from "./log/keys.ts"
import { redactCommand } from "./log/redact.ts"
import { searchIndexCommand } from "./log/search-index.ts"
import { serveCommand } from "./log/serve.ts"
import { monitorCommand } from "./monitor/monitor.ts"
import { checkpointCommand } from "./user/checkpoint.ts"
import { entryCommand } from "./user/entry.ts"
import { evidenceCommand } from "./user/evidence.ts"
import { headsCommand } from "./user/heads.ts"
import { proofCommand } from "./user/proof.ts"
import { revokeCommand } from "./user/revoke.ts"
import { searchCommand } from "./user/search.ts"
import { submitCommand } from "./user/submit.ts"
import { trustCommand } from "./user/trust.ts"
import { verifyCommand } from "./user/verify.ts"
import { witnessCommand } from "./witness/witness.ts"

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
  searchIndexCommand,
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
