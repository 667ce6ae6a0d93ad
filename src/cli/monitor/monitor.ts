// `countersign monitor`: follows logs, judges what they show, and tells whoever is to know.
import type { Command } from "commander"
import { addCommands, type CalledWords, type ListedCommand } from "../command/listed-command.ts"
import type { Terminal } from "../command/terminal.ts"

const commands: readonly ListedCommand[] = [
  {
    name: "init",
    description: "make the key and the state of a new monitor, and pin its policy",
    load: async () => (await import("./init.ts")).monitorInitCommand,
  },
  {
    name: "run",
    description: "follow the logs, judge them, deliver alerts",
    load: async () => (await import("./run.ts")).monitorRunCommand,
  },
  {
    name: "status",
    description: "say how far each log is followed, and what is open",
    load: async () => (await import("./status.ts")).monitorStatusCommand,
  },
  {
    name: "ack",
    takes: "[options] <finding...>",
    description: "acknowledge open findings, by key or by the ID that status shows",
    load: async () => (await import("./ack.ts")).monitorAckCommand,
  },
  {
    name: "evidence",
    takes: "[options] [id]",
    description: "list the evidence that is kept, or print one file of it",
    load: async () => (await import("./evidence.ts")).monitorEvidenceCommand,
  },
  {
    name: "watch-test",
    takes: "[options] [file]",
    description: "say what a watch file makes of one entry, and why",
    load: async () => (await import("./watch-test.ts")).watchTestCommand,
  },
]

export async function monitorCommand(
  command: Command,
  terminal: Terminal,
  words: CalledWords,
): Promise<void> {
  await addCommands(command, commands, terminal, words)
  command.addHelpText(
    "after",
    `
Exit codes of monitor: 0 clean, 1 operational trouble or a suspicion, 2 misissuance, 3 proven
misbehaviour of a log or a witness, 4 the state is refused, 64 usage.

Example:
  countersign monitor init --data ./monitor --policy log.policy --first-use
  countersign monitor run --data ./monitor --watch acme.watch --once`,
  )
}
