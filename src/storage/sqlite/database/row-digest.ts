// One digest over a set of rows in any order: the SHA-256 of each row, all added up by XOR, so that a row that comes or
// goes changes the digest without a look at the others. It finds what a disk does to rows, and that one is missing; it
// is no proof against somebody who writes to the database, who can write the digest as well.
import { hash } from "node:crypto"
import type { Database } from "better-sqlite3"
import { equalBytes } from "../../../core/base/bytes.ts"

export const DIGEST_BYTES = 32

function plainValue(value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString("hex") } : value
}

export interface RowDigest {
  /** Takes a row in, or one that was taken in out again. */
  toggle(table: string, row: readonly unknown[]): void
  /** The digest as it is now. */
  bytes(): Uint8Array
}

/** Goes on from a digest of {@link DIGEST_BYTES}; of no rows by default. */
export function rowDigest(from: Uint8Array = new Uint8Array(DIGEST_BYTES)): RowDigest {
  const sum = from.slice()
  return {
    toggle(table, row) {
      const text = JSON.stringify([table, ...row.map(plainValue)])
      const digest = hash("sha256", text, "buffer")
      for (let i = 0; i < DIGEST_BYTES; i++) sum[i] = (sum[i] as number) ^ (digest[i] as number)
    },
    bytes: () => sum.slice(),
  }
}

/** An index by which rows are looked up, with the columns that it has of them. */
export interface IndexedRows {
  readonly table: string
  readonly index: string
  readonly columns: string
}

function digestBy(connection: Database, { table, columns }: IndexedRows, by: string): Uint8Array {
  const digest = rowDigest()
  const select = connection.prepare<[], unknown[]>(`SELECT ${columns} FROM ${table} ${by}`)
  for (const row of select.raw().iterate()) digest.toggle(table, row)
  return digest.bytes()
}

/** Whether an index has what its table has: who looks up by one that has rotted finds nothing that is there. */
export function isIndexWhole(connection: Database, indexed: IndexedRows): boolean {
  return equalBytes(
    digestBy(connection, indexed, "NOT INDEXED"),
    digestBy(connection, indexed, `INDEXED BY ${indexed.index}`),
  )
}
