// `countersign monitor`: follows logs, judges what they show, and tells whoever is to know.
import { commandGroup } from "../command/command-list.ts"

export const monitorCommand = commandGroup(
  {
    descriptions: {
      init: "make the key and the state of a new monitor, and pin its policy",
      run: "follow the logs, judge them, deliver alerts",
      status: "say how far each log is followed, and what is open",
      ack: "acknowledge open findings, by key or by the ID that status shows",
      rescan: "judge entries again by the present watch file, in the background",
      evidence: "list the evidence that is kept, or print one file of it",
      "watch-test": "say what a watch file makes of one entry, and why",
    },
    takes: {
      ack: "[options] <finding...>",
      evidence: "[options] [id]",
      "watch-test": "[options] [file]",
    },
    load: {
      init: async () => (await import("./init.ts")).monitorInitCommand,
      run: async () => (await import("./run.ts")).monitorRunCommand,
      status: async () => (await import("./status.ts")).monitorStatusCommand,
      ack: async () => (await import("./ack.ts")).monitorAckCommand,
      rescan: async () => (await import("./rescan.ts")).monitorRescanCommand,
      evidence: async () => (await import("./evidence.ts")).monitorEvidenceCommand,
      "watch-test": async () => (await import("./watch-test.ts")).watchTestCommand,
    },
  },
  `
Exit codes of monitor: 0 clean, 1 operational trouble or a suspicion, 2 misissuance, 3 proven
misbehaviour of a log or a witness, 4 the state is refused, 64 usage.

Example:
  countersign monitor init --data ./monitor --policy log.policy --first-use
  countersign monitor run --data ./monitor --watch acme.watch --once`,
)
