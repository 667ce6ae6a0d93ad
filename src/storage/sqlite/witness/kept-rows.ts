// Rows of one table by origin, as they were when they were verified or written last. What is decided and served comes
// from here, never from a page that may have rotted since; a row is compared with it before it is written over.
import type { Database } from "better-sqlite3"
import { Trouble } from "../../../core/base/errors.ts"
import { exchanged, type Row, rowDigest } from "./digests.ts"
import { COLUMNS, type FoundRow } from "./rows.ts"

/** Sums of rows that the changes of one transaction move, and how each of these changes is taken back. */
export interface Ledger {
  /** Of the tables that change. */
  readonly sums: Record<keyof typeof COLUMNS, bigint>
  readonly undo: (() => void)[]
}

interface Kept<Value> {
  readonly rowid: number
  readonly digest: bigint
  readonly value: Value
}

interface KeptRowsOptions<Value> {
  readonly path: string
  readonly connection: Database
  /** A table whose rows have an origin each, in the first column. */
  readonly table: "heads" | "logs" | "freezes"
  readonly found: readonly FoundRow[]
  readonly ledger: Ledger
  read(row: Row): Value
  write(value: Value): Row
}

interface KeptRows<Value> {
  get(origin: string): Value | undefined
  /** In the order of the origins' bytes. */
  list(): readonly Value[]
  /** Both inside of a transaction. Throw Trouble `damaged` if the row that is replaced is not the kept one. */
  put(origin: string, value: Value): void
  remove(origin: string): void
}

/** Statements by row number: no index is asked which row an origin has. */
function statementsOf(connection: Database, table: "heads" | "logs" | "freezes") {
  const columns = COLUMNS[table]
  const places = columns.map(() => "?").join(", ")
  const changed = columns.slice(1).map((column) => `${column} = ?`)
  return {
    select: connection
      .prepare<[number], unknown[]>(`SELECT ${columns.join(", ")} FROM ${table} WHERE rowid = ?`)
      .raw(),
    insert: connection.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`),
    update: connection.prepare(`UPDATE ${table} SET ${changed.join(", ")} WHERE rowid = ?`),
    remove: connection.prepare(`DELETE FROM ${table} WHERE rowid = ?`),
  }
}

export function createKeptRows<Value>(options: KeptRowsOptions<Value>): KeptRows<Value> {
  const { path, connection, table, found, ledger, read, write } = options
  const { select, insert, update, remove } = statementsOf(connection, table)
  const rows = new Map<string, Kept<Value>>()
  for (const { rowid, row, digest } of found) {
    rows.set(String(row[0]), { rowid, digest, value: read(row) })
  }

  function assertUnchanged(origin: string, { rowid, digest }: Kept<Value>): void {
    const row = select.get(rowid)
    if (row !== undefined && rowDigest(table, row) === digest) return
    throw new Trouble(
      "damaged",
      `${path}: the row of ${origin} in the table ${table} is not what this process read or wrote there ` +
        `before: the disk or another program has changed it. Nothing was written over it`,
    )
  }

  function keep(origin: string, after: Kept<Value> | undefined): void {
    const before = rows.get(origin)
    const sum = ledger.sums[table]
    ledger.undo.push(() => {
      ledger.sums[table] = sum
      if (before === undefined) rows.delete(origin)
      else rows.set(origin, before)
    })
    ledger.sums[table] = exchanged(sum, before?.digest ?? 0n, after?.digest ?? 0n)
    if (after === undefined) rows.delete(origin)
    else rows.set(origin, after)
  }

  return {
    get: (origin) => rows.get(origin)?.value,
    list: () => inOrder([...rows]).map(([, { value }]) => value),
    put(origin, value) {
      const row = write(value)
      const digest = rowDigest(table, row)
      const before = rows.get(origin)
      if (before !== undefined) assertUnchanged(origin, before)
      if (before !== undefined) update.run(...row.slice(1), before.rowid)
      const rowid = before?.rowid ?? Number(insert.run(...row).lastInsertRowid)
      keep(origin, { rowid, digest, value })
    },
    remove(origin) {
      const before = rows.get(origin)
      if (before === undefined) return
      assertUnchanged(origin, before)
      remove.run(before.rowid)
      keep(origin, undefined)
    },
  }
}

/** In the order that SQLite gives text: that of its bytes. */
export function inOrder<T>(pairs: readonly (readonly [origin: string, T])[]) {
  return pairs.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
