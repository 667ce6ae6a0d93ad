// `countersign entry`: reads one entry of a log and verifies that it is in the log's newest tree.
import { verifyInclusion } from "../../client/inclusion.ts"
import type { LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { formatHex } from "../../core/base/text.ts"
import { proven } from "../command/exit-code.ts"
import { fetchHead } from "../command/fetched-head.ts"
import { logOptions, openLog } from "../command/log-options.ts"
import { decimalArgument, defineCommand } from "../command/options.ts"
import { remarkPinning } from "../command/trust-options.ts"

/** The entry with its body as text, once the proof for it holds; else a falsehood. */
async function fetchEntry(log: LogClient, index: number, trust: Trust | undefined) {
  const head = await fetchHead(log, trust)
  const [{ body, time }, { proof }] = await Promise.all([
    log.entry(index),
    log.inclusion(index, head.size),
  ])
  const leafHash = proven(() => verifyInclusion(body, proof, head))
  const { origin, size, isPinned } = head
  return { index, origin, size, isPinned, leafHash, time, body: parseUtf8(body, "body") }
}

export const entryCommand = defineCommand({
  argument: ["<index>", "the entry's place, counted from 0", decimalArgument],
  options: logOptions,
  help: `
Example:
  countersign entry --log https://log.example.com 42

Exits with 3 if the log's own proof for the entry does not hold.`,
  async run(_options, called, index: number) {
    const { log, trust, output } = await openLog(called)
    const entry = await fetchEntry(log, index, trust)
    const { origin, size, leafHash, time, body, isPinned } = entry
    output.result(
      `entry ${index} of ${origin}`,
      [
        ["tree size", size],
        ["committed", time],
        ["leaf hash", formatHex(leafHash)],
        ["body", body],
      ],
      entry,
    )
    remarkPinning(output, isPinned)
  },
})
