// Makes the database of a new log: tables, identity and the empty head, all in one transaction.
import { existsSync } from "node:fs"
import Database from "better-sqlite3"
import { refuse } from "../../core/errors.ts"
import { EMPTY_ROOT } from "../../core/hash.ts"
import type { LogIdentity } from "../../log/store.ts"
import { syncNameOf } from "../durable-file.ts"
import { parseIdentity } from "../identity.ts"
import { APPLICATION_ID, applyJournalMode, applySettings, PAGE_SIZE } from "./connection.ts"
import { migrate } from "./migration.ts"
import { onSqlite } from "./trouble.ts"

/**
 * Makes a database with an empty tree, durable when this returns; `time` is the time of its head in
 * Unix milliseconds. Refuses `conflict` if there is a file at `path`: nothing is ever overwritten.
 */
export function createSqliteStore(
  path: string,
  identity: LogIdentity,
  { time }: { readonly time: number },
): void {
  const checked = parseIdentity(identity)
  assertFree(path)
  onSqlite(path, () => {
    const connection = new Database(path)
    try {
      connection.pragma(`page_size = ${PAGE_SIZE}`)
      applySettings(connection, "write")
      applyJournalMode(connection, path, "write")
      fill(connection, path, checked, time)
    } finally {
      connection.close()
    }
  })
  syncNameOf(path)
}

function assertFree(path: string): void {
  // Beside a lost database its -wal may hold commits, which SQLite would throw away.
  const found = [path, `${path}-wal`].find((name) => existsSync(name))
  if (found !== undefined) alreadyThere(found)
}

function alreadyThere(path: string): never {
  refuse(
    "conflict",
    `expected no file at ${path}, found one: a log is never overwritten. Open it with "countersign ` +
      `serve", or choose another data directory`,
  )
}

function fill(
  connection: Database.Database,
  path: string,
  identity: LogIdentity,
  time: number,
): void {
  const work = connection.transaction(() => {
    // Under the write lock: another process may have been faster since the look at the folder.
    const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get()
    if (tables !== 0) alreadyThere(path)
    connection.pragma(`application_id = ${APPLICATION_ID}`)
    migrate(connection)
    connection
      .prepare(
        "INSERT INTO log (id, origin, tree_id, key_fingerprints, created) VALUES (1, ?, ?, ?, ?)",
      )
      .run(identity.origin, identity.treeId, JSON.stringify(identity.keyFingerprints), time)
    connection
      .prepare("INSERT INTO head (id, size, root, time) VALUES (1, 0, ?, ?)")
      .run(EMPTY_ROOT, time)
  })
  work.immediate()
}
