// `countersign witness`: a witness of logs, as a process of its own with data of its own.
import { Command } from "commander"
import type { Terminal } from "../command/terminal.ts"
import { witnessInitCommand, witnessVkeysCommand } from "./init.ts"
import { witnessServeCommand } from "./serve.ts"
import { witnessStatusCommand, witnessUnfreezeCommand } from "./status.ts"

export function witnessCommand(terminal: Terminal): Command {
  return new Command("witness")
    .description("run a witness: cosign the checkpoints of logs")
    .addCommand(witnessInitCommand(terminal))
    .addCommand(witnessServeCommand(terminal))
    .addCommand(witnessStatusCommand(terminal))
    .addCommand(witnessUnfreezeCommand(terminal))
    .addCommand(witnessVkeysCommand(terminal))
    .addHelpText(
      "after",
      `
Example:
  countersign witness init --data /var/lib/witness --name witness.example.com
  countersign witness serve --data /var/lib/witness --logs logs.policy --listen 127.0.0.1:3002
  countersign witness status --data /var/lib/witness`,
    )
}
