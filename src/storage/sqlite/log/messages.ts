// Attached messages in the log's database. Statements are prepared when they are first needed: a database that is
// being carried over has no such tables yet.
import type { Database, Statement } from "better-sqlite3"
import { asHash } from "../../../core/tree/hash.ts"
import type {
  Attached,
  ListedMessage,
  MessageReads,
  NewMessage,
  StoredMessage,
} from "../../../log/ports/message.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { assertMessageLimit } from "../../rules/messages.ts"
import { bytesIn } from "../database/columns.ts"
import { coverRow } from "./beside-digest.ts"

interface MessageRow extends Omit<StoredMessage, "checksum" | "bytes"> {
  readonly checksum: Buffer
  readonly bytes: Buffer | null
}

const LISTED = 'sequence, digest, form, idx AS "index"'

export function prepared<Parameters extends unknown[], Row>(
  connection: Database,
  sql: string,
  pluck = false,
): () => Statement<Parameters, Row> {
  let statement: Statement<Parameters, Row> | undefined
  return () => {
    statement ??= connection.prepare<Parameters, Row>(sql).pluck(pluck)
    return statement
  }
}

export function messageReads(path: string, connection: Database): MessageReads {
  const selectNewest = prepared<[], number>(
    connection,
    "SELECT ifnull(max(sequence), 0) FROM messages",
    true,
  )
  const selectListed = prepared<[number, number], ListedMessage>(
    connection,
    `SELECT ${LISTED}, ifnull(length(bytes), 0) AS size FROM messages
      WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  )
  const selectMessage = prepared<[number], MessageRow>(
    connection,
    `SELECT ${LISTED}, checksum, bytes FROM messages WHERE sequence = ?`,
  )
  const selectNumbers = prepared<[string, number], number>(
    connection,
    "SELECT sequence FROM messages WHERE digest = ? ORDER BY idx <> ?, sequence LIMIT 16",
    true,
  )
  const selectRedacted = prepared<[string], number>(
    connection,
    "SELECT time FROM message_redactions WHERE digest = ?",
    true,
  )
  const selectEntries = prepared<[], number>(
    connection,
    "SELECT idx FROM redactions ORDER BY idx",
    true,
  )
  const selectDigests = prepared<[], string>(
    connection,
    "SELECT digest FROM message_redactions ORDER BY digest",
    true,
  )

  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, work)

  return {
    newest: () => read(() => selectNewest().get() ?? 0),
    list: (after, limit) =>
      read(() => {
        assertMessageLimit(limit)
        return selectListed().all(after, limit)
      }),
    at: (sequence) =>
      read(() => {
        const row = selectMessage().get(sequence)
        if (row === undefined) return undefined
        return asDamage(`${path}: message ${sequence}`, () => ({
          ...row,
          checksum: asHash(bytesIn(row.checksum, "checksum")),
          bytes: row.bytes === null ? undefined : bytesIn(row.bytes, "bytes"),
        }))
      }),
    numbersOf: (digest, index) => read(() => selectNumbers().all(digest, index)),
    redacted: (digest) => read(() => selectRedacted().get(digest)),
    redactions: () =>
      read(() => ({ entries: selectEntries().all(), digests: selectDigests().all() })),
  }
}

/** Writes messages in a transaction of its own. */
export function messageWriter(
  connection: Database,
): (messages: readonly NewMessage[], time: number) => readonly Attached[] {
  const selectKnown = connection
    .prepare<[string, Uint8Array], number>(
      "SELECT sequence FROM messages WHERE digest = ? AND checksum = ?",
    )
    .pluck()
  const selectRedacted = connection
    .prepare<[string], number>("SELECT time FROM message_redactions WHERE digest = ?")
    .pluck()
  const selectNewest = connection
    .prepare<[], number>("SELECT ifnull(max(sequence), 0) FROM messages")
    .pluck()
  const insert = connection.prepare(
    `INSERT INTO messages (sequence, digest, form, idx, time, checksum, bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )

  function write({ digest, form, index, bytes, checksum }: NewMessage, time: number): Attached {
    const redacted = selectRedacted.get(digest)
    if (redacted !== undefined) return { redacted }
    const known = selectKnown.get(digest, checksum)
    if (known !== undefined) return { sequence: known, isNew: false }
    const sequence = (selectNewest.get() ?? 0) + 1
    insert.run(sequence, digest, form, index, time, checksum, bytes)
    coverRow(connection, "messages", [sequence, digest, form, index, time, checksum])
    return { sequence, isNew: true }
  }

  return connection.transaction((messages: readonly NewMessage[], time: number) =>
    messages.map((message) => write(message, time)),
  ).immediate
}

/** Takes the bytes of all messages of a digest away, inside of a transaction; false if there are none. */
export function redactMessages(connection: Database, digest: string, time: number): boolean {
  const known = connection
    .prepare<[string], number>("SELECT 1 FROM messages WHERE digest = ? AND bytes IS NOT NULL")
    .get(digest)
  if (known === undefined) return false
  rememberRedaction(connection, digest, time)
  connection.prepare("UPDATE messages SET bytes = NULL WHERE digest = ?").run(digest)
  return true
}

/** From now on no message of this digest is taken; the first time stays. */
export function rememberRedaction(connection: Database, digest: string, time: number): void {
  const { changes } = connection
    .prepare(
      `INSERT INTO message_redactions (digest, time) SELECT @digest, @time
        WHERE NOT EXISTS (SELECT 1 FROM message_redactions WHERE digest = @digest)`,
    )
    .run({ digest, time })
  if (changes > 0) coverRow(connection, "message_redactions", [digest, time])
}
