// `countersign monitor`: follows logs, judges what they show, and tells whoever is to know.
import { Command } from "commander"
import type { Terminal } from "../command/terminal.ts"
import { monitorAckCommand } from "./ack.ts"
import { monitorEvidenceCommand } from "./evidence.ts"
import { monitorInitCommand } from "./init.ts"
import { monitorRunCommand } from "./run.ts"
import { monitorStatusCommand } from "./status.ts"
import { watchTestCommand } from "./watch-test.ts"

export function monitorCommand(terminal: Terminal): Command {
  return new Command("monitor")
    .description("follow logs: rebuild their trees, verify every entry, raise the alarm")
    .addCommand(monitorInitCommand(terminal))
    .addCommand(monitorRunCommand(terminal))
    .addCommand(monitorStatusCommand(terminal))
    .addCommand(monitorAckCommand(terminal))
    .addCommand(monitorEvidenceCommand(terminal))
    .addCommand(watchTestCommand(terminal))
    .addHelpText(
      "after",
      `
Exit codes of monitor: 0 clean, 1 operational trouble or a suspicion, 2 misissuance, 3 proven
misbehaviour of a log or a witness, 4 the state is refused, 64 usage.

Example:
  countersign monitor init --data ./monitor --policy log.policy --first-use
  countersign monitor run --data ./monitor --watch acme.watch --once`,
    )
}
