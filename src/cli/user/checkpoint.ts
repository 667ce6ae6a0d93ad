// `countersign checkpoint`: reads a log's newest checkpoint and verifies it against what is pinned.
import { Command } from "commander"
import type { LogClient } from "../../client/log-client.ts"
import { type OpenedHead, openHead, type Trust, type TrustedHead } from "../../client/trust.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { proven } from "../command/exit-code.ts"
import {
  jsonOption,
  logOption,
  openLogClient,
  readTrust,
  remarkPinning,
  trustOptions,
} from "../command/log-options.ts"
import { createOutput, type Fields } from "../command/output.ts"
import type { Terminal } from "../command/terminal.ts"

interface CheckpointOptions {
  readonly log: string
  readonly json?: boolean
}

/** A head with the note that it was read from. */
export interface FetchedHead extends OpenedHead {
  readonly checkpoint: string
}

/**
 * The newest checkpoint, verified; a falsehood if the pinned key did not sign it. Refuses `malformed`
 * for an answer that is no checkpoint at all: that is the wrong address, not a lie.
 */
export async function fetchHead(log: LogClient, trust: Trust | undefined): Promise<FetchedHead> {
  const checkpoint = await log.checkpoint()
  openHead(checkpoint, undefined)
  return { ...proven(() => openHead(checkpoint, trust)), checkpoint }
}

/** The last second that a Date can tell; a witness may state any. */
const LAST_SECOND = 8_640_000_000_000

function formatTime(seconds: number): string {
  return seconds > LAST_SECOND ? `second ${seconds}` : new Date(seconds * 1000).toISOString()
}

/** Who cosigned and when, for people to read. */
export function cosignatureFields({ cosignatures }: Pick<TrustedHead, "cosignatures">): Fields {
  return cosignatures.map(({ name, time }) => ["cosigned by", `${name} at ${formatTime(time)}`])
}

export function checkpointCommand(terminal: Terminal): Command {
  const command = new Command("checkpoint")
    .description("read and verify a log's newest checkpoint")
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
  for (const option of trustOptions) command.addOption(option)
  return command
}
