// `countersign bridge`: brings together what a log has only digests of, and where the signed things are kept.
import { commandGroup } from "../command/command-list.ts"

export const bridgeCommand = commandGroup(
  {
    descriptions: {
      registry: "give a log what was signed in a container registry, and watch what is lost there",
    },
    load: {
      registry: async () => (await import("./registry.ts")).bridgeRegistryCommand,
    },
  },
  `
Example:
  countersign bridge registry --url https://registry.example.com --repos 'acme/**' \\
    --log https://log.example.com --data ./bridge --once`,
)
