// The check of a database's messages, for fsck and for backups.
import { hashNatively } from "../../crypto/native-hash.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { checkMessages, type MessageReport } from "../../log/message-check.ts"
import type { StoredLog } from "../../storage/log-engine.ts"

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
