// What is kept beside entries: on its way from the pool through a batch into the store, and attachments checked
// on their way out.
import { concat, equalBytes, u64, utf8 } from "../core/base/bytes.ts"
import { refuse, Trouble } from "../core/base/errors.ts"
import type { Hash, TreeHasher } from "../core/tree/hash.ts"
import type { Pooled } from "./pool.ts"
import type {
  Attachment,
  LogReads,
  Redaction,
  StoredAttachment,
  StoredSideTerms,
} from "./ports/store.ts"
import { sealSideTerms } from "./search/side-terms.ts"

/** `position` is that of the entry in its batch. */
export interface PlacedAttachment extends Attachment {
  readonly position: number
}

/** What the entry is found by and its body does not say: hashes side by side. */
export interface PlacedSideTerms {
  readonly position: number
  readonly hashes: Uint8Array
}

function attachmentsOf(batch: readonly Pooled[]): readonly PlacedAttachment[] {
  return batch.flatMap(({ attachment }, position) =>
    attachment === undefined ? [] : [{ ...attachment, position }],
  )
}

function sideTermsOf(batch: readonly Pooled[]): readonly PlacedSideTerms[] {
  return batch.flatMap(({ sideTerms }, position) =>
    sideTerms === undefined ? [] : [{ position, hashes: sideTerms }],
  )
}

/** The batch of these entries, with what is kept beside them. */
export function batchOf(batch: readonly Pooled[]) {
  return {
    bodies: batch.map(({ body }) => body),
    leafHashes: batch.map(({ leafHash }) => leafHash),
    attachments: attachmentsOf(batch),
    sideTerms: sideTermsOf(batch),
  }
}

const DIGESTED = utf8("countersign attachment 1\n")

/** Over whose it is, what it is and its bytes: none of these is in the tree. */
function attachmentDigest(
  { index, mediaType, bytes }: Omit<StoredAttachment, "digest">,
  hasher: TreeHasher,
): Hash {
  return hasher.leaf(concat(DIGESTED, u64(index), utf8(`${mediaType}\0`), bytes))
}

export function storedAttachments(
  attachments: readonly PlacedAttachment[] = [],
  first: number,
  hasher: TreeHasher,
): StoredAttachment[] {
  return attachments.map(({ position, mediaType, bytes }) => {
    const placed = { index: first + position, mediaType, bytes }
    return { ...placed, digest: attachmentDigest(placed, hasher) }
  })
}

export function storedSideTerms(
  sideTerms: readonly PlacedSideTerms[] = [],
  first: number,
  hasher: TreeHasher,
): StoredSideTerms[] {
  return sideTerms.map(({ position, hashes }) => sealSideTerms(first + position, hashes, hasher))
}

/** What would not be kept is not taken: its size must not decide whether anybody can read what was signed. */
export function assertKept(attachment: Attachment | undefined, limit: number): void {
  const found = attachment?.bytes.length ?? 0
  if (found <= limit) return
  refuse(
    "too-large",
    `attestation: this log keeps envelopes of up to ${limit} bytes and takes no longer ones, found ${found}`,
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
  // Versions before that hashed the bytes alone.
  const known = [attachmentDigest({ ...stored, index }, hasher), hasher.leaf(bytes)]
  if (known.some((each) => equalBytes(each, digest))) return { mediaType, bytes }
  throw new Trouble("damaged", `the attachment of entry ${index} is not as it was written`)
}
