// `countersign signer`: a process of its own that holds a log's keys and remembers what it has signed.
import { commandGroup } from "../command/command-list.ts"

export const signerCommand = commandGroup(
  {
    descriptions: {
      init: "make the keys and the memory of a signer, for a new log or one that is there",
      serve: "sign for a log, over a Unix socket or standard input and output",
      status: "print the newest head that was signed, also while it serves",
    },
    load: {
      init: async () => (await import("./init.ts")).signerInitCommand,
      serve: async () => (await import("./serve.ts")).signerServeCommand,
      status: async () => (await import("./status.ts")).signerStatusCommand,
    },
  },
  `
Example:
  countersign signer init --data /var/lib/countersign-signer --origin log.example.com
  countersign signer serve --data /var/lib/countersign-signer \\
    --listen unix:/run/countersign-signer/log.sock
  countersign signer status --data /var/lib/countersign-signer`,
)
