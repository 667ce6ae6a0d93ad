// Databases of the log as they were while the search index lay in them (schema version 2), written with the
// tables and rows of that version.
import { readFileSync } from "node:fs"
import Database from "better-sqlite3"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { Term } from "../../../src/entry/term.ts"
import type { FoldStep } from "../../../src/log/ports/search.ts"
import type { LogIdentity } from "../../../src/log/ports/store.ts"
import { encodeTerms } from "../../../src/log/search/batch.ts"
import { createTermHasher } from "../../../src/log/search/hash.ts"
import { createRunBuilder, type RunBuilder } from "../../../src/log/search/run.ts"
import { addEntry, emptySegment, type Segment } from "../../../src/log/search/segment.ts"
import { logDatabase } from "../../../src/storage/sqlite/database/database-kind.ts"
import { tileKey } from "../../../src/storage/sqlite/database/tile-key.ts"
import { createReference, startTime } from "../../contracts/commits.ts"

export interface OldEntry {
  readonly body: Uint8Array
  readonly terms: readonly Term[]
}

export interface OldLogOptions {
  readonly identity: LogIdentity
  readonly entries: readonly OldEntry[]
  readonly batchEntries: number
  readonly runEntries: number
}

const PAGES_A_RUN = 2 ** 20

function emptyDatabase(path: string, identity: LogIdentity): Database.Database {
  const raw = new Database(path)
  raw.pragma("page_size = 8192")
  raw.pragma("journal_mode = WAL")
  raw.pragma(`application_id = ${logDatabase.applicationId}`)
  for (const name of ["0001-log.sql", "0002-search.sql"]) {
    raw.exec(readFileSync(new URL(`../../../migrations/${name}`, import.meta.url), "utf8"))
  }
  raw.pragma("user_version = 2")
  const { origin, treeId, keyFingerprints } = identity
  raw
    .prepare("INSERT INTO log VALUES (1, ?, ?, ?, ?)")
    .run(origin, treeId, JSON.stringify(keyFingerprints), startTime)
  const { size, root, time } = createReference().head
  raw.prepare("INSERT INTO head VALUES (1, ?, ?, ?)").run(size, root, time)
  return raw
}

function writeFold(raw: Database.Database, { run, firstPage, pages, finished }: FoldStep): void {
  const id = run * PAGES_A_RUN + firstPage
  const insertPage = raw.prepare("INSERT INTO term_pages VALUES (?, ?)")
  for (const [i, bytes] of pages.entries()) insertPage.run(id + i, bytes)
  if (finished === undefined) return
  const { endIndex, directory } = finished
  const count = firstPage + pages.length
  raw.prepare("INSERT INTO term_runs VALUES (?, ?, ?, ?)").run(run, endIndex, count, directory)
  raw.prepare("DELETE FROM term_batches WHERE end_index <= ?").run(endIndex)
}

/** Makes one at `path`, with runs and with terms that no run has. */
export function writeOldLog(path: string, options: OldLogOptions): void {
  const { entries, batchEntries, runEntries } = options
  const raw = emptyDatabase(path, options.identity)
  const reference = createReference()
  const hashTerms = createTermHasher(portableHasher)
  const closed: Segment[] = []
  let growing = emptySegment(0)
  let runs = 0
  let builder: RunBuilder | undefined

  function nextFold(terms: number): FoldStep | undefined {
    const [segment] = closed
    if (segment === undefined) return undefined
    builder ??= createRunBuilder(runs, segment, portableHasher)
    const step = builder.step(2 * terms)
    if (step?.finished === undefined) return step
    closed.shift()
    builder = undefined
    runs += 1
    return step
  }

  function writeBatch(batch: readonly OldEntry[]): void {
    const commit = reference.next(batch.map(({ body }) => body))
    const { from, to, tiles, bundles } = commit
    raw.prepare("UPDATE head SET size = ?, root = ?, time = ?").run(to.size, to.root, to.time)
    raw.prepare("INSERT INTO commits VALUES (?, ?)").run(to.size, to.time)
    for (const { index, bytes } of bundles)
      raw.prepare("INSERT INTO bundles VALUES (?, ?)").run(index, bytes)
    const tail = Math.floor(to.size / 256) * 256
    if (bundles.length > 0) raw.prepare("DELETE FROM entries WHERE idx < ?").run(tail)
    for (let index = Math.max(from.size, tail); index < to.size; index++) {
      raw.prepare("INSERT INTO entries VALUES (?, ?)").run(index, commit.bodies[index - from.size])
    }
    for (const { id, hashes } of tiles)
      raw.prepare("INSERT INTO tiles VALUES (?, ?)").run(tileKey(id), hashes)
    const terms = batch.map((entry) => hashTerms(entry.terms))
    const bytes = encodeTerms(from.size, terms, portableHasher)
    raw.prepare("INSERT INTO term_batches VALUES (?, ?, ?)").run(from.size, to.size, bytes)
    const fold = nextFold(terms.length)
    if (fold !== undefined) writeFold(raw, fold)
    for (const hashes of terms) {
      addEntry(growing, hashes)
      if (growing.end - growing.first < runEntries) continue
      closed.push(growing)
      growing = emptySegment(growing.end)
    }
  }

  raw.transaction(() => {
    for (let from = 0; from < entries.length; from += batchEntries) {
      writeBatch(entries.slice(from, from + batchEntries))
    }
  })()
  raw.close()
}
