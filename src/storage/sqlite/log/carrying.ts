// Brings a database whose search index lies in it (versions before 4) up to date: all that is to be carried over
// happens in one transaction, at whose end the index is dropped. Whatever stops it leaves the database as it
// was, for the program that wrote it, and the next start tries again.
import type { Database } from "better-sqlite3"
import type { TermReads } from "../../../log/ports/search.ts"
import type { StoredSideTerms } from "../../../log/ports/store.ts"
import { sqliteTrouble } from "../../disk/trouble.ts"
import { mustBeCarried, openConnection, withConnection } from "../database/connection.ts"
import { logDatabase } from "../database/database-kind.ts"
import { migrate, schemaVersion } from "../database/migration.ts"
import { createReadBack, type ReadBack } from "../database/read-back.ts"
import { termReads } from "../search/store.ts"
import { sideTermWriter } from "./beside-entries.ts"
import { readsOver, type SqliteReads } from "./reads.ts"

/** The version that has the table of side terms and the index as well. */
const BOTH = 3

interface CarriedLog {
  readonly reads: Omit<SqliteReads, "close">
  readonly old: TermReads
  keep(side: StoredSideTerms): Promise<void>
}

/** Whether a database is of a version that must be carried over before it is opened for writing. */
export function needsCarrying(path: string): boolean {
  return withConnection(path, "look", (connection) =>
    mustBeCarried(schemaVersion(connection), logDatabase),
  )
}

function carriedLog(path: string, connection: Database): CarriedLog {
  const { close: _, ...reads } = readsOver(path, connection)
  const write = sideTermWriter(connection)
  return { reads, old: termReads(path, connection), keep: async (side) => write([side]) }
}

/**
 * Carries a database over: `work` reads the old index and keeps side terms, and has made sure that nothing is
 * lost when it resolves. The caller holds the lock of the data directory. Rejects as `work` does, or with
 * Trouble, and then nothing has changed.
 */
export async function carrySearch(
  path: string,
  work: (log: CarriedLog) => Promise<void>,
): Promise<void> {
  const connection = openConnection(path, "upgrade")
  let written: Pick<ReadBack, "close"> = connection
  try {
    const readBack = createReadBack(path, connection)
    connection.exec("BEGIN IMMEDIATE")
    migrate(connection, logDatabase, BOTH)
    await work(carriedLog(path, connection))
    migrate(connection, logDatabase)
    connection.exec("COMMIT")
    written = readBack
  } catch (reason) {
    throw sqliteTrouble(path, reason)
  } finally {
    // Closing a connection takes back what was not committed.
    written.close()
  }
}
