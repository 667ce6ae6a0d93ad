// What is kept beside the entries: side terms, which never change, and attachments, which can be taken away again.
import type { Database } from "better-sqlite3"
import { refuse } from "../../../core/base/errors.ts"
import { asHash } from "../../../core/tree/hash.ts"
import type { Commit, LogReads, StoredSideTerms } from "../../../log/ports/store.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { assertBodiesRange } from "../../rules/commit.ts"
import { bytesIn, textIn } from "../database/columns.ts"
import { withConnection } from "../database/connection.ts"
import { coverRow } from "./beside-digest.ts"
import { redactMessages, rememberRedaction } from "./messages.ts"

interface AttachmentRow {
  readonly digest: Buffer
  readonly mediaType: string
  readonly bytes: Buffer
}

export function attachmentReader(path: string, connection: Database): LogReads["attachment"] {
  const select = connection.prepare<[number], AttachmentRow>(
    "SELECT digest, media_type AS mediaType, bytes FROM attachments WHERE idx = ?",
  )
  const selectRedaction = connection
    .prepare<[number], number>("SELECT time FROM redactions WHERE idx = ?")
    .pluck()
  return async (index) =>
    onSqlite(path, () => {
      const row = select.get(index)
      if (row !== undefined) {
        return asDamage(`${path}: the attachment of entry ${index}`, () => ({
          index,
          digest: asHash(bytesIn(row.digest, "digest")),
          mediaType: textIn(row.mediaType, "media type"),
          bytes: bytesIn(row.bytes, "bytes"),
        }))
      }
      const redacted = selectRedaction.get(index)
      return redacted === undefined ? undefined : { redacted }
    })
}

/** Writes the attachments of a commit, inside of its transaction. */
export function attachmentWriter(connection: Database): (commit: Commit) => void {
  const insert = connection.prepare(
    "INSERT INTO attachments (idx, digest, media_type, bytes) VALUES (?, ?, ?, ?)",
  )
  return ({ attachments }) => {
    for (const { index, digest, mediaType, bytes } of attachments) {
      insert.run(index, digest, mediaType, bytes)
    }
  }
}

/** Which entries of a range have an attachment; its bytes are not read. */
export function attachedReader(path: string, connection: Database): LogReads["attached"] {
  const select = connection
    .prepare<[number, number], number>(
      "SELECT idx FROM attachments WHERE idx >= ? AND idx < ? ORDER BY idx",
    )
    .pluck()
  return async (from, to) =>
    onSqlite(path, () => {
      assertBodiesRange(from, to)
      return select.all(from, to)
    })
}

/** What is to be taken away of an entry. */
interface Redacted {
  readonly index: number
  /** The digest in its body, whose messages are taken away and never taken again; undefined if it has none. */
  readonly digest: string | undefined
}

/**
 * Takes the attachment of an entry and the messages of its digest away and leaves marks with `time` (Unix
 * milliseconds); their bytes are overwritten in the database and its write-ahead log, not in backups. The
 * caller holds the lock of the data directory. Refuses `not-found` if there is neither (any more).
 */
export function redactEntry(path: string, redacted: Redacted, time: number): void {
  withConnection(path, "write", (connection) => {
    connection.pragma("secure_delete = ON")
    connection.transaction(() => redact(connection, redacted, time)).immediate()
    connection.pragma("wal_checkpoint(TRUNCATE)")
  })
}

function redact(connection: Database, { index, digest }: Redacted, time: number): void {
  const hadAttachment = redactAttachment(connection, index, time)
  const hadMessages = digest !== undefined && redactMessages(connection, digest, time)
  if (!hadAttachment && !hadMessages) {
    refuse("not-found", `expected an attachment or a message of entry ${index}, found none`)
  }
  // What was taken away as an attachment must not come back as a message.
  if (digest !== undefined) rememberRedaction(connection, digest, time)
}

function redactAttachment(connection: Database, index: number, time: number): boolean {
  const select = connection.prepare<[number], number>("SELECT 1 FROM attachments WHERE idx = ?")
  if (select.get(index) === undefined) return false
  connection.prepare("INSERT INTO redactions (idx, time) VALUES (?, ?)").run(index, time)
  coverRow(connection, "redactions", [index, time])
  connection.prepare("DELETE FROM attachments WHERE idx = ?").run(index)
  return true
}

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
      return select.all(from, to).map(({ index, bytes }) =>
        asDamage(`${path}: the side terms of entry ${index}`, () => {
          return { index, bytes: bytesIn(bytes, "bytes") }
        }),
      )
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
