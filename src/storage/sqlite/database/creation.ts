// Makes a new database of any kind: tables and first rows, all in one transaction.
import { closeSync, existsSync, openSync } from "node:fs"
import Database from "better-sqlite3"
import { refuse } from "../../../core/base/errors.ts"
import { diskTrouble, syncNameOf, systemCode } from "../../disk/durable-file.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { applyJournalMode, applySettings } from "./connection.ts"
import { type DatabaseKind, PAGE_SIZE } from "./database-kind.ts"
import { migrate } from "./migration.ts"
import { createReadBack, type ReadBack } from "./read-back.ts"

/**
 * Makes a database with the tables of its kind and the rows that `fill` writes, durable when this
 * returns. Refuses `conflict` if there is a file at `path`: nothing is ever overwritten. Throws Trouble `damaged` if what
 * was written cannot be read back.
 */
export function createDatabase(
  path: string,
  kind: DatabaseKind,
  fill: (connection: Database.Database) => void,
): void {
  assertFree(path, kind)
  // SQLite would let everyone read it; the -wal and -shm get the same mode.
  makeEmpty(path, kind)
  onSqlite(path, () => {
    const connection = new Database(path)
    let written: Pick<ReadBack, "close"> = connection
    try {
      connection.pragma(`page_size = ${PAGE_SIZE}`)
      applySettings(connection, "write", kind)
      applyJournalMode(connection, path, "write", kind)
      const work = connection.transaction(() => {
        // Under the write lock: another process may have been faster since the look at the folder.
        const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get()
        if (tables !== 0) alreadyThere(path, kind)
        connection.pragma(`application_id = ${kind.applicationId}`)
        migrate(connection, kind)
        fill(connection)
      })
      if (kind.isDerived !== true) written = createReadBack(path, connection)
      work.immediate()
    } finally {
      written.close()
    }
  })
  syncNameOf(path)
}

function makeEmpty(path: string, kind: DatabaseKind): void {
  try {
    closeSync(openSync(path, "wx", 0o600))
  } catch (reason) {
    if (systemCode(reason) === "EEXIST") alreadyThere(path, kind)
    throw diskTrouble(path, reason)
  }
}

function assertFree(path: string, kind: DatabaseKind): void {
  // Beside a lost database its -wal may hold commits, which SQLite would throw away.
  const found = [path, `${path}-wal`].find((name) => existsSync(name))
  if (found !== undefined) alreadyThere(found, kind)
}

function alreadyThere(path: string, { owner, opened }: DatabaseKind): never {
  refuse(
    "conflict",
    `expected no file at ${path}, found one: a ${owner} is never overwritten. Open it with ` +
      `"${opened}", or choose another data directory`,
  )
}
