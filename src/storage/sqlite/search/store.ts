// The store of the search index in SQLite: a database of its own beside the log's. It can be made again, so its
// commits do not wait for the disk; SQLite keeps each of them whole or drops it, and the index goes on from
// what it has. Its tables: terms by batch, the
// runs that take their place, and what was learnt of messages (learnt.ts).
import { existsSync, renameSync, rmSync } from "node:fs"
import type { Database } from "better-sqlite3"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import type {
  FoldStep,
  IndexStep,
  LearntReads,
  SearchStore,
  StoredRun,
  TermReads,
} from "../../../log/ports/search.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { onDisk, syncNameOf } from "../../disk/durable-file.ts"
import { optional, plain } from "../../disk/plain-bytes.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { openOver } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { searchDatabase } from "../database/database-kind.ts"
import { faultOf } from "../database/wal-refusal.ts"
import { learningWriter, learntReads } from "./learnt.ts"
import { assertLearnt, coverLearnt } from "./learnt-digest.ts"

/** The log that an index is of. */
type IndexedLog = Pick<LogIdentity, "origin" | "treeId">

interface SearchReads extends TermReads, LearntReads {
  close(): Promise<void>
}

/** Throws Trouble `damaged` for the index of another log. */
function readsOf(path: string, connection: Database, { origin, treeId }: IndexedLog): SearchReads {
  const found = connection
    .prepare<[], IndexedLog>("SELECT origin, tree_id AS treeId FROM search_index")
    .get()
  if (found?.origin === origin && found.treeId === treeId) {
    const close = async () => onSqlite(path, () => void connection.close())
    return { ...termReads(path, connection), ...learntReads(path, connection), close }
  }
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

/**
 * Makes an index without entries. It gets its name once it is whole: who reads it meanwhile, or starts behind a crash,
 * finds none rather than half of one.
 */
function createSearchStore(path: string, log: IndexedLog): void {
  const made = `${path}.new`
  removeSearchStore(made)
  createDatabase(made, searchDatabase, (connection) => {
    connection
      .prepare("INSERT INTO search_index (id, origin, tree_id) VALUES (1, ?, ?)")
      .run(log.origin, log.treeId)
  })
  // If we stop here, the next start removes what was made.
  onDisk(path, () => renameSync(made, path))
  syncNameOf(path)
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
 * Trouble `damaged` for another log's, and else as openConnection does.
 */
export function openSearchStore(path: string, log: IndexedLog): SearchStore {
  // One whose write-ahead log has rotted is made again: SQLite would go on from the frames before the break, perhaps
  // among newer pages.
  if (!existsSync(path) || faultOf(path) !== undefined) {
    removeSearchStore(path)
    createSearchStore(path, log)
  }
  return openOver(path, "write", searchDatabase, (connection) => {
    const reads = readsOf(path, connection, log)
    coverLearnt(path, connection)
    const write = appendOver(path, connection)
    const learn = learningWriter(connection)
    return {
      ...reads,
      append: async (step) => onSqlite(path, () => write(step)),
      learn: async (step) => onSqlite(path, () => learn(step)),
    }
  })
}

/**
 * Opens the index of a log for reading, also while another thread or process writes to it. All that is read
 * shows the index as it was at the first read.
 */
export function openSearchReads(path: string, log: IndexedLog): SearchReads {
  return openOver(path, "read", searchDatabase, (connection) => {
    connection.exec("BEGIN")
    assertLearnt(path, connection)
    return readsOf(path, connection, log)
  })
}

const PAGES_A_RUN = 2 ** 20
const ROWS_AT_ONCE = 1_024

interface TermRow {
  readonly firstIndex: number
  readonly endIndex: number
  readonly bytes: Buffer
}

export function termReads(path: string, connection: Database): TermReads {
  const selectTerms = connection.prepare<[number, number], TermRow>(
    `SELECT first_index AS firstIndex, end_index AS endIndex, bytes FROM term_batches
      WHERE first_index >= ifnull(
        (SELECT max(first_index) FROM term_batches WHERE first_index <= ?), 0) AND end_index > ?
      ORDER BY first_index LIMIT ${ROWS_AT_ONCE}`,
  )
  const selectRuns = connection.prepare<[number], StoredRun>(
    "SELECT run, end_index AS endIndex, pages FROM term_runs WHERE run >= ? ORDER BY run",
  )
  const selectDirectory = connection
    .prepare<[number], Buffer>("SELECT directory FROM term_runs WHERE run = ?")
    .pluck()
  const selectPage = connection
    .prepare<[number], Buffer>("SELECT bytes FROM term_pages WHERE id = ?")
    .pluck()

  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, work)

  return {
    terms: (from) =>
      read(() =>
        selectTerms.all(from, from).map((row) => {
          return { ...row, bytes: plain(row.bytes) }
        }),
      ),
    runs: (from) => read(() => selectRuns.all(from)),
    directory: (run) => read(() => optional(selectDirectory.get(run))),
    page: (run, page) => read(() => optional(selectPage.get(run * PAGES_A_RUN + page))),
  }
}

/** Writes the terms and the fold of a step, inside of its transaction. */
function termWriter(connection: Database): (step: IndexStep) => void {
  const insertTerms = connection.prepare(
    "INSERT INTO term_batches (first_index, end_index, bytes) VALUES (?, ?, ?)",
  )
  const deleteUnfinished = connection.prepare("DELETE FROM term_pages WHERE id >= ?")
  const insertPage = connection.prepare("INSERT INTO term_pages (id, bytes) VALUES (?, ?)")
  const insertRun = connection.prepare(
    "INSERT INTO term_runs (run, end_index, pages, directory) VALUES (?, ?, ?, ?)",
  )
  const selectFolded = connection
    .prepare<[], number>("SELECT ifnull(max(end_index), 0) FROM term_runs")
    .pluck()
  // A run may cover 65,536 rows; so many at once would hold up the step.
  const deleteFolded = connection.prepare(
    `DELETE FROM term_batches WHERE first_index IN (
      SELECT first_index FROM term_batches WHERE first_index < @folded AND end_index <= @folded
      ORDER BY first_index LIMIT ${ROWS_AT_ONCE})`,
  )
  let folded = selectFolded.get() ?? 0

  function writeStep({ run, firstPage, pages, finished }: FoldStep): void {
    const id = run * PAGES_A_RUN + firstPage
    // A run that was begun before a crash begins anew.
    if (firstPage === 0) deleteUnfinished.run(id)
    pages.forEach((bytes, i) => {
      insertPage.run(id + i, bytes)
    })
    if (finished === undefined) return
    const { endIndex, directory } = finished
    insertRun.run(run, endIndex, firstPage + pages.length, directory)
    folded = endIndex
  }

  return ({ firstIndex, endIndex, bytes, fold }) => {
    insertTerms.run(firstIndex, endIndex, bytes)
    if (fold !== undefined) writeStep(fold)
    deleteFolded.run({ folded })
  }
}
