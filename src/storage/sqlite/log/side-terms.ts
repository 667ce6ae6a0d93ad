// The table of side terms: written with their entries, never changed.
import type { Database } from "better-sqlite3"
import type { LogReads, StoredSideTerms } from "../../../log/ports/store.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { assertBodiesRange } from "../../rules/commit.ts"

interface SideRow {
  readonly index: number
  readonly bytes: Buffer
}

export function sideTermReader(path: string, connection: Database): LogReads["sideTerms"] {
  const select = connection.prepare<[number, number], SideRow>(
    'SELECT idx AS "index", bytes FROM side_terms WHERE idx >= ? AND idx < ? ORDER BY idx',
  )
  return async (from, to) =>
    onSqlite(path, () => {
      assertBodiesRange(from, to)
      return select.all(from, to).map(({ index, bytes }) => ({ index, bytes: plain(bytes) }))
    })
}

/** Writes side terms inside of a transaction that is open. */
export function sideTermWriter(
  connection: Database,
): (sideTerms: readonly StoredSideTerms[]) => void {
  const insert = connection.prepare("INSERT INTO side_terms (idx, bytes) VALUES (?, ?)")
  return (sideTerms) => {
    for (const { index, bytes } of sideTerms) insert.run(index, bytes)
  }
}
