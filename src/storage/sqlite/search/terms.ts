// The tables of the search index: terms by batch, and the runs that take their place.
import type { Database } from "better-sqlite3"
import type { FoldStep, IndexStep, StoredRun, TermReads } from "../../../log/ports/search.ts"
import { optional, plain } from "../../disk/plain-bytes.ts"
import { onSqlite } from "../../disk/trouble.ts"

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

  async function read<T>(work: () => T): Promise<T> {
    return onSqlite(path, work)
  }

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
export function termWriter(connection: Database): (step: IndexStep) => void {
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
