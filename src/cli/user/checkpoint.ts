// `countersign checkpoint`: reads a log's newest checkpoint and verifies it against what is pinned.
import type { Command } from "commander"
import { formatBase64 } from "../../core/base/text.ts"
import { cosignatureFields, fetchHead } from "../command/fetched-head.ts"
import {
  jsonOption,
  logOption,
  openLogClient,
  readTrust,
  remarkPinning,
  trustOptions,
} from "../command/log-options.ts"
import { addOptions } from "../command/options.ts"
import { createOutput } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"

interface CheckpointOptions {
  readonly log: string
  readonly json?: boolean
}

export function checkpointCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(logOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Example:
  countersign checkpoint --log https://log.example.com --policy log.policy

Exits with 3 if the checkpoint is not signed by the pinned log or lacks the policy's witnesses.`,
    )
    .action(async ({ log, json }: CheckpointOptions) => {
      const output = createOutput(terminal, json)
      const head = await fetchHead(openLogClient(log, terminal), await readTrust(command))
      const { origin, size, root, cosignatures, checkpoint, isPinned } = head
      output.result(
        `${origin}: ${size} entries`,
        [["root", formatBase64(root)], ...cosignatureFields(head)],
        { origin, size, root, cosignatures, isPinned, checkpoint },
      )
      remarkPinning(output, isPinned)
    })
  addOptions(command, trustOptions)
}
