// Checks the messages of a log: each is as it was written and has the digest that it is kept under, which is all that
// says that it is the one that was signed.
import { equalBytes } from "../core/base/bytes.ts"
import type { HashName } from "../core/base/digest.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import { hasMessageDigest } from "../entry/message-digest.ts"
import type { FsckFinding } from "./fsck.ts"
import type { MessageReads, StoredMessage } from "./ports/message.ts"

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
