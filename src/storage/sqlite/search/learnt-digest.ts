// One digest over what the search index has learnt of messages: without it a row that rotted would hide an entry from
// an answer that says that it is whole. Changed in the transaction of each step, recomputed when the index is opened.
import type { Database } from "better-sqlite3"
import { equalBytes } from "../../../core/base/bytes.ts"
import { Trouble } from "../../../core/base/errors.ts"
import type { Progress } from "../../../log/ports/search.ts"
import { onSqlite } from "../../disk/trouble.ts"
import {
  type IndexedRows,
  isIndexWhole,
  type RowDigest,
  rowDigest,
} from "../database/row-digest.ts"

const covered = {
  message_keys: "SELECT sequence, digest_key, payload_key FROM message_keys",
  message_terms: "SELECT term, sequence FROM message_terms",
} as const

const indexes: readonly IndexedRows[] = ["digest", "payload"].map((key) => {
  return {
    table: "message_keys",
    index: `message_keys_${key}`,
    columns: `${key}_key, sequence`,
  }
})

/** Bytes at the end of a page's that are a checksum over the others. */
const CHECKSUM_BYTES = 16

/** What a page is taken in by: its number, which its checksum does not know, and that checksum. */
export function pageRow(page: number, bytes: Uint8Array): readonly unknown[] {
  return [page, bytes.subarray(-CHECKSUM_BYTES)]
}

export function progressRow({
  opaqueUpTo,
  attachedUpTo,
  redactions,
}: Progress): readonly unknown[] {
  return [opaqueUpTo, attachedUpTo, redactions]
}

function digestOfAll(connection: Database): Uint8Array {
  const digest: RowDigest = rowDigest()
  for (const [table, select] of Object.entries(covered)) {
    for (const row of connection.prepare<[], unknown[]>(select).raw().iterate()) {
      digest.toggle(table, row)
    }
  }
  const pages = connection.prepare<[], [number, unknown]>("SELECT page, bytes FROM opaque_pages")
  for (const [page, bytes] of pages.raw().iterate()) {
    const row = bytes instanceof Uint8Array ? pageRow(page, bytes) : [page, bytes]
    digest.toggle("opaque_pages", row)
  }
  const progress = connection.prepare<[], unknown[]>(
    "SELECT opaque_up_to, attached_up_to, redactions FROM learning",
  )
  digest.toggle("learning", progress.raw().get() ?? [])
  return digest.bytes()
}

/** Undefined for an index of an older version. */
export function learntDigest(connection: Database): Uint8Array | undefined {
  const found = connection.prepare<[], unknown>("SELECT digest FROM learning").pluck().get()
  if (found === null) return undefined
  return found instanceof Uint8Array ? new Uint8Array(found) : new Uint8Array(0)
}

/** Throws Trouble `damaged` unless all that was learnt is as it was written. Some 3 µs a term of a message. */
export function assertLearnt(path: string, connection: Database): void {
  onSqlite(path, () => {
    const known = learntDigest(connection)
    const isWhole = known === undefined || equalBytes(known, digestOfAll(connection))
    if (isWhole && indexes.every((indexed) => isIndexWhole(connection, indexed))) return
    throw new Trouble(
      "damaged",
      `${path}: what the index has learnt of messages is not as it was written`,
    )
  })
}

/** Covers what an older version has learnt, as it is, and checks what any other has. */
export function coverLearnt(path: string, connection: Database): void {
  const work = connection.transaction(() => {
    if (learntDigest(connection) !== undefined) return
    connection.prepare("UPDATE learning SET digest = ?").run(digestOfAll(connection))
  })
  onSqlite(path, () => work.immediate())
  assertLearnt(path, connection)
}
