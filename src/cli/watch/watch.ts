// `countersign watch`: watch files written and looked through, before a monitor relies on them.
import { commandGroup } from "../command/command-list.ts"

export const watchCommand = commandGroup(
  {
    descriptions: {
      add: "add an image, a file, a bundle or what a key has signed to a watch file",
      lint: "say what of a watch file is hardly meant, or finds nothing",
    },
    takes: {
      add: "[options] <file>",
      lint: "[options] <file>",
    },
    load: {
      add: async () => (await import("./add.ts")).watchAddCommand,
      lint: async () => (await import("./lint.ts")).watchLintCommand,
    },
  },
  `
Example:
  countersign watch add acme.watch --image ghcr.io/acme/app@sha256:HEX --signer-key signer.pub
  countersign watch lint acme.watch`,
)
