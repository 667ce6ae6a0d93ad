// What is kept beside entries: with a batch on its way in, and checked on its way out.
import { equalBytes } from "../core/base/bytes.ts"
import { Trouble } from "../core/base/errors.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { Pooled } from "./pool.ts"
import type { Attachment, LogReads, Redaction } from "./ports/store.ts"
import type { PlacedAttachment } from "./sequencer.ts"

export function attachmentsOf(batch: readonly Pooled[]): readonly PlacedAttachment[] {
  return batch.flatMap(({ attachment }, position) =>
    attachment === undefined ? [] : [{ ...attachment, position }],
  )
}

/** Throws Trouble `damaged` unless the attachment is as it was written. */
export async function readAttachment(
  reads: Pick<LogReads, "attachment">,
  index: number,
  hasher: TreeHasher,
): Promise<Attachment | Redaction | undefined> {
  const stored = await reads.attachment(index)
  if (stored === undefined || "redacted" in stored) return stored
  const { mediaType, bytes, digest } = stored
  if (equalBytes(hasher.leaf(bytes), digest)) return { mediaType, bytes }
  throw new Trouble("damaged", `the attachment of entry ${index} is not as it was written`)
}
