// A signer process as a log finds it when it starts: waited for, and compared with the log that it is to sign for.
import { setTimeout } from "node:timers/promises"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { openProcessSigner, type ProcessSigner } from "../../../crypto/signers/process-signer.ts"
import type { SignerChannel } from "../../../crypto/signers/signer-channel.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"

/** Some seconds: the two may be started side by side. */
export const TRIES_AT_START = 10
const DELAY_MS = 500

type OnRefused = (reason: string) => void

async function meet(channel: SignerChannel, onRefused: OnRefused): Promise<ProcessSigner> {
  for (let tries = 1; ; tries++) {
    try {
      return await openProcessSigner(channel, onRefused)
    } catch (reason) {
      const passes = reason instanceof Trouble && reason.code === "busy"
      if (!passes || tries >= TRIES_AT_START) throw reason
    }
    await setTimeout(DELAY_MS)
  }
}

function named({ origin, treeId, keyFingerprints }: LogIdentity): string {
  return `${origin} (tree ${treeId}) with the keys ${keyFingerprints.join(" ")}`
}

/**
 * Opens the signer of a log that is there. Refuses `conflict` if it is another log's, and as `openProcessSigner` does;
 * throws trouble ("busy") if it is still away after some seconds. `onRefused` is told why a
 * checkpoint was refused.
 */
export async function openSignerOf(
  identity: LogIdentity,
  channel: SignerChannel,
  onRefused: OnRefused,
): Promise<ProcessSigner> {
  const signer = await meet(channel, onRefused)
  if (named(signer.identity) === named(identity)) return signer
  channel.close()
  return refuse(
    "conflict",
    `the signer signs for ${named(signer.identity)}, the database belongs to ${named(identity)}; give the signer ` +
      "that was made for this log",
  )
}
