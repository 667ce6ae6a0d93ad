// One digest over what lies beside the tree and has nothing else that covers it: what messages say of themselves, and
// what was redacted. Changed in the transaction of each change, recomputed when the log is opened and by fsck: a row
// that rotted or is missing is refused by name, rather than taken for something that never was.
import type { Database } from "better-sqlite3"
import { equalBytes } from "../../../core/base/bytes.ts"
import { Trouble } from "../../../core/base/errors.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { DIGEST_BYTES, type IndexedRows, isIndexWhole, rowDigest } from "../database/row-digest.ts"

const covered = {
  messages: "SELECT sequence, digest, form, idx, time, checksum FROM messages",
  message_redactions: "SELECT digest, time FROM message_redactions",
  redactions: "SELECT idx, time FROM redactions",
} as const

const indexes: readonly IndexedRows[] = [
  {
    table: "messages",
    index: "sqlite_autoindex_messages_1",
    columns: "digest, checksum, sequence",
  },
  {
    table: "message_redactions",
    index: "sqlite_autoindex_message_redactions_1",
    columns: "digest, rowid",
  },
]

type Table = keyof typeof covered

/** Takes rows that were written into the digest, inside of their transaction; values in the order of `covered`. */
export function coverRow(connection: Database, table: Table, row: readonly unknown[]): void {
  const known = storedDigest(connection)
  // Not covered yet: opening the log's store reads all rows.
  if (known === undefined) return
  const digest = rowDigest(known)
  digest.toggle(table, row)
  connection.prepare("UPDATE beside SET digest = ?").run(digest.bytes())
}

function storedDigest(connection: Database): Uint8Array | undefined {
  const found = connection.prepare<[], unknown>("SELECT digest FROM beside").pluck().get()
  if (found === undefined) return undefined
  return found instanceof Uint8Array && found.length === DIGEST_BYTES
    ? new Uint8Array(found)
    : new Uint8Array(0)
}

function digestOfAll(connection: Database): Uint8Array {
  const digest = rowDigest()
  for (const [table, select] of Object.entries(covered)) {
    for (const row of connection.prepare<[], unknown[]>(select).raw().iterate()) {
      digest.toggle(table, row)
    }
  }
  return digest.bytes()
}

/** Throws Trouble `damaged` unless all rows are as they were written. Some 3 µs a row. */
export function assertBeside(path: string, connection: Database): void {
  onSqlite(path, () => {
    const known = storedDigest(connection)
    const isWhole = known === undefined || equalBytes(known, digestOfAll(connection))
    if (isWhole && indexes.every((indexed) => isIndexWhole(connection, indexed))) return
    throw new Trouble(
      "damaged",
      `${path}: the messages of the log or what was redacted are not as they were written. None of them can be ` +
        "given away, nor taken for missing: put a whole copy that is as new in the place of the database",
    )
  })
}

/** Covers the rows as they are, if nothing does yet; inside of a transaction. */
export function beginBeside(connection: Database): void {
  if (storedDigest(connection) !== undefined) return
  const insert = connection.prepare("INSERT INTO beside (id, digest) VALUES (1, ?)")
  insert.run(digestOfAll(connection))
}

/** Covers the rows of a database that an older version wrote, as they are, and checks those of any other. */
export function coverBeside(path: string, connection: Database): void {
  connection.transaction(beginBeside).immediate(connection)
  assertBeside(path, connection)
}
