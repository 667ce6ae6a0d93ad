// `countersign token`: API tokens of a log or a monitor, made, listed, replaced and revoked while it runs.
import { commandGroup } from "../command/command-list.ts"

export const tokenCommand = commandGroup(
  {
    descriptions: {
      create: "make a token for a writer; it is shown this once",
      list: "list the tokens, without their secrets",
      rotate: "make a token in place of another one, which stays valid for a time",
      revoke: "take a token back at once",
    },
    takes: {
      rotate: "[options] <token>",
      revoke: "[options] <token>",
    },
    load: {
      create: async () => (await import("./token-create.ts")).tokenCreateCommand,
      list: async () => (await import("./token-list.ts")).tokenListCommand,
      rotate: async () => (await import("./token-rotate.ts")).tokenRotateCommand,
      revoke: async () => (await import("./token-revoke.ts")).tokenRevokeCommand,
    },
  },
  `
A server that runs takes all of these up within seconds. See docs/access.md.

Example:
  countersign token create --data ./data --name ci --scope submit --out ci.token
  countersign token revoke --data ./data ci`,
)
