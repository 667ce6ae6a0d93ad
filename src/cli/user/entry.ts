// `countersign entry`: reads one entry of a log and verifies that it is in the log's newest tree.
import { verifyInclusion } from "../../client/inclusion.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { formatHex } from "../../core/base/text.ts"
import { provenAnswer } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { logOptions, openLog } from "../command/log-options.ts"
import { decimalArgument, defineCommand } from "../command/options.ts"
import { remarkPinning } from "../command/trust-options.ts"

export const entryCommand = defineCommand({
  argument: ["<index>", "the entry's place, counted from 0", decimalArgument],
  options: logOptions,
  help: `
Example:
  countersign entry --log https://log.example.com 42

Exits with 3 if the log's own proof for the entry does not hold.`,
  async run(_options, called, index: number) {
    const { log, trust, output } = await openLog(called)
    const head = await fetchHead(log, trust)
    const { origin, size, isPinned } = head
    const [entry, { proof }] = await Promise.all([log.entry(index), log.inclusion(index, size)])
    const leafHash = provenAnswer(() => verifyInclusion(entry.body, proof, head))
    const { time } = entry
    const body = parseUtf8(entry.body, "body")
    output.result(
      `entry ${index} of ${origin}`,
      [
        ["tree size", size],
        ["committed", time],
        ["leaf hash", formatHex(leafHash)],
        ["body", body],
      ],
      { index, origin, size, isPinned, leafHash, time, body },
    )
    remarkPinning(output, isPinned)
  },
})
