// The store of the search index in SQLite: a database of its own beside the log's. It can be made again, so its
// commits do not wait for the disk; SQLite keeps each of them whole or drops it, and the index goes on from
// what it has.
import { existsSync, rmSync } from "node:fs"
import type { Database } from "better-sqlite3"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import type { IndexStep, SearchStore, TermReads } from "../../../log/ports/search.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { onDisk } from "../../disk/durable-file.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { openConnection } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { searchDatabase } from "../database/database-kind.ts"
import { termReads, termWriter } from "./terms.ts"

/** The log that an index is of. */
type IndexedLog = Pick<LogIdentity, "origin" | "treeId">

interface SearchReads extends TermReads {
  close(): Promise<void>
}

function assertIndexOf(path: string, connection: Database, { origin, treeId }: IndexedLog): void {
  const found = connection
    .prepare<[], IndexedLog>("SELECT origin, tree_id AS treeId FROM search_index")
    .get()
  if (found?.origin === origin && found.treeId === treeId) return
  throw new Trouble(
    "damaged",
    `${path}: expected the search index of ${origin} (tree ${treeId}), found that of ` +
      `${found?.origin} (tree ${found?.treeId})`,
  )
}

/** Removes an index, whole or not; without one a new one is made. */
export function removeSearchStore(path: string): void {
  // The database goes first: a log of changes without it is nothing, the other way round it is half of one.
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    onDisk(file, () => rmSync(file, { force: true }))
  }
}

/** Makes an index without entries. Refuses `conflict` if there is one. */
function createSearchStore(path: string, log: IndexedLog): void {
  createDatabase(path, searchDatabase, (connection) => {
    connection
      .prepare("INSERT INTO search_index (id, origin, tree_id) VALUES (1, ?, ?)")
      .run(log.origin, log.treeId)
  })
}

function appendOver(path: string, connection: Database): (step: IndexStep) => void {
  const selectEnd = connection
    .prepare<[], number>(
      `SELECT max(
        ifnull((SELECT end_index FROM term_batches ORDER BY first_index DESC LIMIT 1), 0),
        ifnull((SELECT end_index FROM term_runs ORDER BY run DESC LIMIT 1), 0))`,
    )
    .pluck()
  const writeTerms = termWriter(connection)
  return connection.transaction((step: IndexStep) => {
    const end = selectEnd.get()
    if (end !== step.firstIndex) {
      refuse("conflict", `${path}: expected terms from entry ${end} on, found ${step.firstIndex}`)
    }
    writeTerms(step)
  }).immediate
}

/**
 * Opens the index of a log for writing, or makes one. The caller holds the lock of the data directory. Throws
 * Trouble `damaged` for another log's, and else as {@link openConnection} does.
 */
export function openSearchStore(path: string, log: IndexedLog): SearchStore {
  if (!existsSync(path)) {
    removeSearchStore(path)
    createSearchStore(path, log)
  }
  const connection = openConnection(path, "write", searchDatabase)
  try {
    onSqlite(path, () => assertIndexOf(path, connection, log))
    const write = onSqlite(path, () => appendOver(path, connection))
    return {
      ...termReads(path, connection),
      append: async (step) => onSqlite(path, () => write(step)),
      close: async () => onSqlite(path, () => void connection.close()),
    }
  } catch (reason) {
    connection.close()
    throw reason
  }
}

/**
 * Opens the index of a log for reading, also while another thread or process writes to it. All that is read
 * shows the index as it was at the first read.
 */
export function openSearchReads(path: string, log: IndexedLog): SearchReads {
  const connection = openConnection(path, "read", searchDatabase)
  try {
    onSqlite(path, () => {
      connection.exec("BEGIN")
      assertIndexOf(path, connection, log)
    })
    return {
      ...termReads(path, connection),
      close: async () => onSqlite(path, () => void connection.close()),
    }
  } catch (reason) {
    connection.close()
    throw reason
  }
}
