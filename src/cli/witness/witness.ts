// `countersign witness`: a witness of logs, as a process of its own with data of its own.
import type { Command } from "commander"
import { addCommands, type CalledWords, type ListedCommand } from "../command/listed-command.ts"
import type { Terminal } from "../command/terminal.ts"

const commands: readonly ListedCommand[] = [
  {
    name: "init",
    description: "make the keys, the database and the guard of a new witness",
    load: async () => (await import("./init.ts")).witnessInitCommand,
  },
  {
    name: "serve",
    description: "cosign the checkpoints of logs over HTTP",
    load: async () => (await import("./serve.ts")).witnessServeCommand,
  },
  {
    name: "status",
    description: "print the newest size, time and freeze of every log, also while it serves",
    load: async () => (await import("./status.ts")).witnessStatusCommand,
  },
  {
    name: "unfreeze",
    description: "cosign a log again that was proven to lie; stop the witness before",
    load: async () => (await import("./status.ts")).witnessUnfreezeCommand,
  },
  {
    name: "vkeys",
    description: "print the witness's verifier keys and its lines for policies",
    load: async () => (await import("./init.ts")).witnessVkeysCommand,
  },
]

export async function witnessCommand(
  command: Command,
  terminal: Terminal,
  words: CalledWords,
): Promise<void> {
  await addCommands(command, commands, terminal, words)
  command.addHelpText(
    "after",
    `
Example:
  countersign witness init --data /var/lib/witness --name witness.example.com
  countersign witness serve --data /var/lib/witness --logs logs.policy --listen 127.0.0.1:3002
  countersign witness status --data /var/lib/witness`,
  )
}
