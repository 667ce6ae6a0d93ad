// `countersign checkpoint`: reads a log's newest checkpoint and verifies it against what is pinned.
import type { Command } from "commander"
import { formatBase64 } from "../../core/base/text.ts"
import { cosignatureFields, fetchHead } from "../command/fetched-head.ts"
import { logOptions, openLog } from "../command/log-options.ts"
import { addOptions } from "../command/options.ts"
import type { Terminal } from "../command/terminal.ts"
import { remarkPinning } from "../command/trust-options.ts"

export function checkpointCommand(command: Command, terminal: Terminal): void {
  addOptions(command, logOptions)
    .addHelpText(
      "after",
      `
Example:
  countersign checkpoint --log https://log.example.com --policy log.policy

Exits with 3 if the checkpoint is not signed by the pinned log or lacks the policy's witnesses.`,
    )
    .action(async () => {
      const { log, trust, output } = await openLog(command, terminal)
      const head = await fetchHead(log, trust)
      const { origin, size, root, cosignatures, checkpoint, isPinned } = head
      output.result(
        `${origin}: ${size} entries`,
        [["root", formatBase64(root)], ...cosignatureFields(head)],
        { origin, size, root, cosignatures, isPinned, checkpoint },
      )
      remarkPinning(output, isPinned)
    })
}
