// One entry as the Rekor v1 API shows it: under its entry ID, with the inclusion proof to a head, that
// head's v1 checkpoint, and the signed entry timestamp.
import type { Hash } from "../../core/tree/hash.ts"
import type { Log, LogEntry, SignedInclusion } from "../../log/ports/log.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import { base64, hex, hexes } from "../door/views.ts"

/** 16 hex digits of the tree ID and 64 of the leaf hash. */
export function entryIdOf({ treeId }: Pick<Log, "treeId">, leafHash: Hash): string {
  return BigInt(treeId).toString(16).padStart(16, "0") + hex(leafHash)
}

/** What stands under the entry ID in an answer. */
export async function entryView(
  signer: RekorSigner,
  entry: LogEntry,
  { hashes, head }: SignedInclusion,
): Promise<object> {
  const { index, body, time } = entry
  const integratedTime = Math.floor(time / 1000)
  const promise = { body: base64(body), integratedTime, logID: signer.logId, logIndex: index }
  const [timestamp, checkpoint] = await Promise.all([
    signer.signEntry(promise, { hashes, head }),
    signer.checkpoint(head),
  ])
  return {
    ...promise,
    verification: {
      inclusionProof: {
        checkpoint,
        hashes: hexes(hashes),
        logIndex: index,
        rootHash: hex(head.root),
        treeSize: head.size,
      },
      signedEntryTimestamp: base64(timestamp),
    },
  }
}
