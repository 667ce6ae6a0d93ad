// The check of a database's messages, for fsck and for backups, and how messages are hashed.
import { createHash } from "node:crypto"
import type { HashName } from "../../core/base/digest.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkMessages, type MessageReport } from "../../log/message-check.ts"
import type { StoredLog } from "../../storage/log-engine.ts"

export function hashNatively(name: HashName, bytes: Uint8Array): Uint8Array {
  return createHash(name).update(bytes).digest()
}

/** Hashes every message again. */
export function checkStoredMessages({
  messages,
}: Pick<StoredLog, "messages">): Promise<MessageReport> {
  return checkMessages({
    messages,
    hasher: nativeHasher,
    hash: hashNatively,
  })
}
