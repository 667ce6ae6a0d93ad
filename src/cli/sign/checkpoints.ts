// Checkpoints under which signers see their entries: each opened once, with the ID that bundles bear of the log that
// signed it.
import type { LogClient } from "../../client/log-client.ts"
import { type OpenedHead, openHead, signingLog, type Trust } from "../../client/trust.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { type PinnedLog, parseTrustedRoot } from "../../sigstore/trusted-root.ts"
import { provenAnswer } from "../command/exit-code.ts"
import type { Output } from "../command/output.ts"
import { remarkPinning } from "../command/trust-options.ts"

/** A checkpoint that holds, and the log ID that its bundles bear. */
interface OpenedCheckpoint {
  readonly checkpoint: string
  readonly head: OpenedHead
  readonly logId: Hash
}

export interface Checkpoints {
  /** Rejects with a falsehood for a checkpoint that does not hold under what is trusted. */
  open(checkpoint: string): Promise<OpenedCheckpoint>
  /** The ID of the log that is asked. */
  ownLogId(): Promise<Hash>
}

/** Says once if nobody has pinned the key. */
export function createCheckpoints(
  log: LogClient,
  trust: Trust | undefined,
  output: Output,
): Checkpoints {
  let last: OpenedCheckpoint | undefined
  let known: readonly PinnedLog[] | undefined
  let own: Hash | undefined

  async function logs(): Promise<readonly PinnedLog[]> {
    if (trust !== undefined && "trustedRoot" in trust) return trust.trustedRoot
    known ??= parseTrustedRoot(await log.trustedRoot())
    return known
  }

  async function logIdOf(checkpoint: string): Promise<Hash> {
    const all = await logs()
    return provenAnswer(() => signingLog(checkpoint, all)).logId
  }

  return {
    async open(checkpoint) {
      if (last?.checkpoint === checkpoint) return last
      const head = provenAnswer(() => openHead(checkpoint, trust))
      if (last === undefined) remarkPinning(output, head.isPinned)
      last = { checkpoint, head, logId: await logIdOf(checkpoint) }
      return last
    },
    async ownLogId() {
      own ??= await logIdOf(await log.checkpoint())
      return own
    },
  }
}
