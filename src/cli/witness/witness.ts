// `countersign witness`: a witness of logs, as a process of its own with data of its own.
import { commandGroup } from "../command/command-list.ts"

export const witnessCommand = commandGroup(
  {
    descriptions: {
      init: "make the keys, the database and the guard of a new witness",
      serve: "cosign the checkpoints of logs over HTTP",
      status: "print the newest size, time and freeze of every log, also while it serves",
      unfreeze: "cosign a log again that was proven to lie; stop the witness first",
      vkeys: "print the witness's verifier keys and its lines for policies",
    },
    load: {
      init: async () => (await import("./init.ts")).witnessInitCommand,
      serve: async () => (await import("./serve.ts")).witnessServeCommand,
      status: async () => (await import("./status.ts")).witnessStatusCommand,
      unfreeze: async () => (await import("./status.ts")).witnessUnfreezeCommand,
      vkeys: async () => (await import("./init.ts")).witnessVkeysCommand,
    },
  },
  `
Example:
  countersign witness init --data /var/lib/witness --name witness.example.com
  countersign witness serve --data /var/lib/witness --logs logs.policy --listen 127.0.0.1:3002
  countersign witness status --data /var/lib/witness`,
)
