// Databases for the tests of the SQLite adapter, and connections that go around it.
import { join } from "node:path"
import Database from "better-sqlite3"
import { onTestFinished } from "vitest"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { LogStore } from "../../../src/log/ports/store.ts"
import {
  createSqliteStore,
  openSqliteStore,
  redactEntry,
} from "../../../src/storage/sqlite/log/store.ts"
import { openSearchStore } from "../../../src/storage/sqlite/search/store.ts"
import { createReference, identity, startTime } from "../../contracts/commits.ts"
import { newFolder } from "../folder.ts"

export function newPath(): string {
  return join(newFolder(), "log.db")
}

export function newSearchPath(): string {
  return join(newFolder(), "search.db")
}

/** A new database at `path`, open; closed when the test is over if not before. */
export function newStore(path: string): LogStore {
  createSqliteStore(path, identity, { time: startTime })
  return reopened(path)
}

export function reopened(path: string): LogStore {
  const store = openSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

/** A connection as any other program would open it: none of our settings, recursive triggers off. */
export function rawConnection(path: string): Database.Database {
  const raw = new Database(path)
  raw.pragma("recursive_triggers = OFF")
  onTestFinished(() => {
    raw.close()
  })
  return raw
}

/**
 * A closed database with 600 entries: two bundles, two tiles, 88 rows of entries, attachments and side terms of
 * two entries, one of which is redacted, and a message.
 */
export async function filledPath(): Promise<string> {
  const path = newPath()
  createSqliteStore(path, identity, { time: startTime })
  const store = openSqliteStore(path)
  const reference = createReference()
  const bytes = new Uint8Array(9)
  await store.commit({
    ...reference.grow(500),
    attachments: [3, 4].map((index) => ({
      index,
      mediaType: "text/plain",
      bytes,
      digest: portableHasher.leaf(bytes),
    })),
    sideTerms: [3, 4].map((index) => ({ index, bytes })),
  })
  await store.commit(reference.grow(99))
  await store.commit(reference.grow(1))
  const digest = `sha256:${"a".repeat(64)}`
  const checksum = portableHasher.leaf(bytes)
  await store.attach([{ digest, form: "payload", index: 3, bytes, checksum }], startTime)
  await store.close()
  redactEntry(path, { index: 4, digest: `sha256:${"d".repeat(64)}` }, startTime)
  return path
}

/**
 * A closed search index of 600 entries: a run of the first 500, one page of the next run, terms of the rest.
 */
export async function filledSearchPath(): Promise<string> {
  const path = newSearchPath()
  const store = openSearchStore(path, identity)
  const bytes = new Uint8Array(9)
  await store.append({ firstIndex: 0, endIndex: 500, bytes })
  const finished = { endIndex: 500, directory: bytes }
  const fold = { run: 0, firstPage: 0, pages: [bytes, bytes], finished }
  await store.append({ firstIndex: 500, endIndex: 599, bytes, fold })
  const next = { run: 1, firstPage: 0, pages: [bytes] }
  await store.append({ firstIndex: 599, endIndex: 600, bytes, fold: next })
  await store.close()
  return path
}

/** Changes rows that a trigger protects, by dropping the trigger. */
export function loseRow(path: string, trigger: string, sql: string): void {
  const raw = new Database(path)
  raw.exec(`DROP TRIGGER ${trigger}; ${sql}`)
  raw.close()
}
