import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { Trouble } from "../../../src/core/base/errors.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { readAttachment, storedAttachments } from "../../../src/log/attachments.ts"
import { checkAttachments } from "../../../src/log/message-check.ts"
import type { LearningStep } from "../../../src/log/ports/search.ts"
import { integrityCheck, openSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import { openSearchReads, openSearchStore } from "../../../src/storage/sqlite/search/store.ts"
import { createReference, identity } from "../../contracts/commits.ts"
import {
  filledPath,
  newPath,
  newSearchPath,
  newStore,
  rawConnection,
  reopened,
} from "./database.ts"

/** Runs `sql` as a disk would: past all triggers. */
function rot(path: string, sql: string): void {
  const raw = rawConnection(path)
  const triggers = raw.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
  for (const name of triggers.pluck().all()) raw.exec(`DROP TRIGGER ${name}`)
  raw.exec(`PRAGMA ignore_check_constraints = ON; ${sql}`)
  raw.close()
}

/** Changes one bit of the page of an index, past SQLite; `at` counts from the end of the page. */
function rotIndex(path: string, index: string, at: number): void {
  const raw = rawConnection(path)
  const page = raw
    .prepare<[string], number>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
    .pluck()
    .get(index) as number
  raw.close()
  const bytes = readFileSync(path)
  const offset = page * 8_192 - at
  bytes.writeUInt8((bytes[offset] as number) ^ 1, offset)
  writeFileSync(path, bytes)
}

describe("a row beside the tree that is not as it was written", () => {
  test.each([
    "UPDATE messages SET idx = idx + 1",
    "UPDATE messages SET form = 'dsse-paf'",
    "UPDATE messages SET time = time + 1",
    "UPDATE messages SET sequence = 3",
    "UPDATE messages SET digest = replace(digest, 'a', 'b') || 'c'",
    "UPDATE messages SET checksum = zeroblob(32)",
    "DELETE FROM messages",
    "UPDATE redactions SET time = time + 64",
    "UPDATE redactions SET idx = idx + 1",
    "DELETE FROM redactions",
    "INSERT INTO message_redactions VALUES ('sha256:00', 1)",
    "UPDATE beside SET digest = zeroblob(32)",
  ])("stops the start and the check: %s", async (sql) => {
    const path = await filledPath()
    rot(path, sql)
    expect(() => openSqliteStore(path)).toThrow(Trouble)
    expect(() => openSqliteStore(path)).toThrow(/messages of the log or what was redacted/)
    await expect(integrityCheck(path)).rejects.toMatchObject({ code: "damaged" })
  })
})

test.each(["sqlite_autoindex_messages_1", "sqlite_autoindex_message_redactions_1"])(
  "a bit of the index %s that flips stops the start",
  async (index) => {
    const path = await filledPath()
    rotIndex(path, index, 20)
    expect(() => openSqliteStore(path)).toThrow(/messages of the log or what was redacted/)
  },
)

test.each([
  "UPDATE attachments SET idx = 302 WHERE idx = 301",
  "UPDATE attachments SET media_type = 'text/plaim' WHERE idx = 301",
  "UPDATE attachments SET digest = zeroblob(32) WHERE idx = 301",
  "UPDATE attachments SET bytes = x'00' WHERE idx = 301",
])("an attachment that is not as it was written is not given away: %s", async (sql) => {
  const path = newPath()
  const store = newStore(path)
  const attachment = { position: 301, mediaType: "text/plain", bytes: new Uint8Array(9) }
  const attachments = storedAttachments([attachment], 0, portableHasher)
  await store.commit({ ...createReference().grow(303), attachments })
  expect(await readAttachment(store, 301, portableHasher)).toMatchObject({
    mediaType: "text/plain",
  })
  await store.close()
  rot(path, sql)
  const reads = reopened(path)
  const found = await checkAttachments({ reads, size: 303, hasher: portableHasher })
  expect(found).toHaveLength(1)
  const index = Number(found[0]?.where)
  const reading = readAttachment(reads, index, portableHasher)
  await expect(reading).rejects.toMatchObject({ code: "damaged" })
})

describe("what a search index has learnt and is not as it was written", () => {
  const bytes = (fill: number, length: number) => new Uint8Array(length).fill(fill)
  const step: LearningStep = {
    message: {
      sequence: 1,
      keys: { digest: bytes(1, 16), payload: bytes(2, 16) },
      terms: new Uint8Array([...bytes(3, 16), ...bytes(4, 16)]),
    },
    pages: [{ page: 0, bytes: bytes(5, 528) }],
    progress: { opaqueUpTo: 9, attachedUpTo: 1, redactions: 0 },
  }

  async function learntPath(): Promise<string> {
    const path = newSearchPath()
    const store = openSearchStore(path, identity)
    await store.learn({ pages: step.pages, progress: { ...step.progress, attachedUpTo: 0 } })
    await store.learn(step)
    await store.close()
    return path
  }

  test.each([
    "UPDATE message_keys SET digest_key = payload_key",
    "UPDATE message_keys SET payload_key = zeroblob(16)",
    "UPDATE message_keys SET sequence = 2",
    "DELETE FROM message_keys",
    "UPDATE message_terms SET term = zeroblob(16) WHERE term = (SELECT max(term) FROM message_terms)",
    "UPDATE message_terms SET sequence = 2 WHERE term = (SELECT max(term) FROM message_terms)",
    "DELETE FROM message_terms",
    "UPDATE opaque_pages SET page = 1",
    "DELETE FROM opaque_pages",
    "UPDATE learning SET attached_up_to = 3",
    "UPDATE learning SET opaque_up_to = 8",
    "UPDATE learning SET redactions = 1",
    "UPDATE learning SET digest = zeroblob(32)",
  ])("is not opened: %s", async (sql) => {
    const path = await learntPath()
    rot(path, sql)
    for (const open of [openSearchStore, openSearchReads]) {
      expect(() => open(path, identity)).toThrow(/learnt of messages is not as it was written/)
      expect(() => open(path, identity)).toThrow(Trouble)
    }
  })

  test.each(["message_keys_digest", "message_keys_payload", "message_terms"])(
    "is not opened with a bit of %s flipped",
    async (index) => {
      const path = await learntPath()
      rotIndex(path, index, 3)
      expect(() => openSearchStore(path, identity)).toThrow(/learnt of messages/)
    },
  )

  test("is covered on every way: learnt, learnt again, forgotten, and by an older version", async () => {
    const path = await learntPath()
    const again = openSearchStore(path, identity)
    await again.learn(step)
    await again.close()
    const forgetting = openSearchStore(path, identity)
    await forgetting.learn({
      forgotten: bytes(1, 16),
      pages: [{ page: 1, bytes: bytes(7, 528) }],
      progress: { ...step.progress, redactions: 1 },
    })
    expect(await forgetting.learnt(1)).toBeUndefined()
    await forgetting.close()
    const raw = rawConnection(path)
    raw.exec("UPDATE learning SET digest = NULL")
    raw.close()
    await openSearchStore(path, identity).close()
    rot(path, "DELETE FROM opaque_pages WHERE page = 1")
    expect(() => openSearchStore(path, identity)).toThrow(/learnt of messages/)
  })
})
