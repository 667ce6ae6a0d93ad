// `countersign checkpoint`: reads a log's newest checkpoint and verifies it against what is pinned.
import { formatBase64 } from "../../core/base/text.ts"
import { cosignatureFields, fetchHead } from "../command/fetched-head.ts"
import { logOptions, openLog } from "../command/log-options.ts"
import { defineCommand } from "../command/options.ts"
import { remarkPinning } from "../command/trust-options.ts"

export const checkpointCommand = defineCommand({
  options: logOptions,
  help: `
Example:
  countersign checkpoint --log https://log.example.com --policy log.policy

Exits with 3 if the checkpoint is not signed by the pinned log or lacks the policy's witnesses.`,
  async run(_options, called) {
    const { log, trust, output } = await openLog(called)
    const head = await fetchHead(log, trust)
    const { origin, size, root, cosignatures, checkpoint, isPinned } = head
    output.result(
      `${origin}: ${size} entries`,
      [["root", formatBase64(root)], ...cosignatureFields(head)],
      { origin, size, root, cosignatures, isPinned, checkpoint },
    )
    remarkPinning(output, isPinned)
  },
})
