// Checks the messages of a log: each is as it was written and has the digest that it is kept under, which is all that
// says that it is the one that was signed. Checks its attachments as well.
import { equalBytes } from "../core/base/bytes.ts"
import type { HashName } from "../core/base/digest.ts"
import { Trouble } from "../core/base/errors.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import { hasMessageDigest } from "../entry/message-digest.ts"
import { readAttachment } from "./attachments.ts"
import type { FsckFinding } from "./fsck.ts"
import type { MessageReads, StoredMessage } from "./ports/message.ts"
import type { LogReads } from "./ports/store.ts"

interface MessageCheck {
  readonly messages: MessageReads
  readonly hasher: TreeHasher
  readonly hash: (name: HashName, bytes: Uint8Array) => Uint8Array
  readonly findingLimit?: number
}

export interface MessageReport {
  readonly messages: number
  readonly findings: readonly FsckFinding[]
}

async function reasonAgainst(
  { messages, hasher, hash }: MessageCheck,
  stored: StoredMessage | undefined,
): Promise<string | undefined> {
  if (stored === undefined) return "is missing"
  const { digest, bytes, checksum } = stored
  if (bytes === undefined) {
    const redacted = await messages.redacted(digest)
    return redacted === undefined ? "is missing, and nobody has redacted it" : undefined
  }
  if (!equalBytes(hasher.leaf(bytes), checksum)) return "is not as it was written"
  return hasMessageDigest(bytes, digest, hash) ? undefined : `does not have the digest ${digest}`
}

/** Reads and hashes every message once. */
export async function checkMessages(check: MessageCheck): Promise<MessageReport> {
  const { messages, findingLimit = 100 } = check
  const findings: FsckFinding[] = []
  const newest = await messages.newest()
  for (let sequence = 1; sequence <= newest && findings.length < findingLimit; sequence++) {
    const reason = await reasonAgainst(check, await messages.at(sequence))
    if (reason !== undefined) findings.push({ what: "message", where: String(sequence), reason })
  }
  return { messages: newest, findings }
}

interface AttachmentCheck {
  readonly reads: Pick<LogReads, "attached" | "attachment">
  /** Entries of the log. */
  readonly size: number
  readonly hasher: TreeHasher
  readonly findingLimit?: number
}

const ENTRIES_AT_ONCE = 4_096

async function findingIn(
  { reads, hasher }: AttachmentCheck,
  index: number,
): Promise<readonly FsckFinding[]> {
  try {
    await readAttachment(reads, index, hasher)
    return []
  } catch (error) {
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    return [{ what: "attachment", where: String(index), reason: "is not as it was written" }]
  }
}

/** Reads and hashes every attachment once; one that is missing leaves no trace here. */
export async function checkAttachments(check: AttachmentCheck): Promise<readonly FsckFinding[]> {
  const { reads, size, findingLimit = 100 } = check
  const findings: FsckFinding[] = []
  for (let from = 0; from < size; from += ENTRIES_AT_ONCE) {
    for (const index of await reads.attached(from, Math.min(size, from + ENTRIES_AT_ONCE))) {
      findings.push(...(await findingIn(check, index)))
      if (findings.length >= findingLimit) return findings
    }
  }
  return findings
}
