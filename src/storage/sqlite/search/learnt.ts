// What was learnt of messages, in the database of the search index.
import type { Database } from "better-sqlite3"
import type {
  LearningStep,
  LearntMessage,
  LearntReads,
  MessageKeys,
  Progress,
} from "../../../log/ports/search.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { type RowDigest, rowDigest } from "../database/row-digest.ts"
import { learntDigest, pageRow, progressRow } from "./learnt-digest.ts"

interface KeyRow {
  readonly sequence: number
  readonly digest: Buffer
  readonly payload: Buffer
}

interface PageRow {
  readonly page: number
  readonly bytes: Buffer
}

const TERM_BYTES = 16
const PROGRESS =
  "SELECT opaque_up_to AS opaqueUpTo, attached_up_to AS attachedUpTo, redactions FROM learning"
const KEYS = "sequence, digest_key AS digest, payload_key AS payload"

function keysOf({ digest, payload }: KeyRow): MessageKeys {
  return { digest: plain(digest), payload: plain(payload) }
}

function joined(terms: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(terms.length * TERM_BYTES)
  terms.forEach((term, i) => {
    bytes.set(term, i * TERM_BYTES)
  })
  return bytes
}

export function learntReads(path: string, connection: Database): LearntReads {
  const selectProgress = connection.prepare<[], Progress>(PROGRESS)
  const selectPages = connection.prepare<[], PageRow>(
    "SELECT page, bytes FROM opaque_pages ORDER BY page",
  )
  const selectExplained = connection.prepare<[{ readonly key: Uint8Array }], number>(
    `SELECT EXISTS (SELECT 1 FROM message_keys WHERE digest_key = @key)
      OR EXISTS (SELECT 1 FROM message_keys WHERE payload_key = @key)`,
  )
  selectExplained.pluck()
  const selectSaying = connection.prepare<[Uint8Array, number, number], KeyRow>(
    `SELECT ${KEYS} FROM message_terms JOIN message_keys USING (sequence)
      WHERE term = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  )
  const selectKeys = connection.prepare<[number], KeyRow>(
    `SELECT ${KEYS} FROM message_keys WHERE sequence = ?`,
  )
  const selectTerms = connection
    .prepare<[number], Buffer>("SELECT term FROM message_terms WHERE sequence = ?")
    .pluck()

  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, work)

  return {
    progress: () =>
      read(() => selectProgress.get() ?? { opaqueUpTo: 0, attachedUpTo: 0, redactions: 0 }),
    opaquePages: () =>
      read(() => selectPages.all().map(({ page, bytes }) => ({ page, bytes: plain(bytes) }))),
    explained: (keys) => read(() => keys.map((key) => selectExplained.get({ key }) === 1)),
    saying: (terms, after, limit) =>
      read(() => {
        const found = new Map<number, MessageKeys>()
        for (const term of terms) {
          for (const row of selectSaying.all(term, after, limit)) {
            found.set(row.sequence, keysOf(row))
          }
        }
        const ordered = [...found].sort(([a], [b]) => a - b).slice(0, limit)
        return ordered.map(([sequence, keys]) => ({ sequence, keys }))
      }),
    learnt: (sequence) =>
      read((): LearntMessage | undefined => {
        const row = selectKeys.get(sequence)
        return row && { sequence, keys: keysOf(row), terms: joined(selectTerms.all(sequence)) }
      }),
  }
}

/** Writes a step in a transaction of its own, with the digest over all that was learnt. */
export function learningWriter(connection: Database): (step: LearningStep) => void {
  const insertKeys = connection.prepare(
    `INSERT INTO message_keys (sequence, digest_key, payload_key) VALUES (?, ?, ?)
      ON CONFLICT DO NOTHING`,
  )
  const insertTerm = connection.prepare(
    "INSERT INTO message_terms (term, sequence) VALUES (?, ?) ON CONFLICT DO NOTHING",
  )
  // By a look at all terms: redactions are rare, and an index of its own would be as large as these.
  const deleteTerms = connection.prepare<[Uint8Array], readonly unknown[]>(
    `DELETE FROM message_terms
      WHERE sequence IN (SELECT sequence FROM message_keys WHERE digest_key = ?)
      RETURNING term, sequence`,
  )
  const deleteKeys = connection.prepare<[Uint8Array], readonly unknown[]>(
    "DELETE FROM message_keys WHERE digest_key = ? RETURNING sequence, digest_key, payload_key",
  )
  const selectPage = connection
    .prepare<[number], Buffer>("SELECT bytes FROM opaque_pages WHERE page = ?")
    .pluck()
  const writePage = connection.prepare(
    `INSERT INTO opaque_pages (page, bytes) VALUES (?, ?)
      ON CONFLICT (page) DO UPDATE SET bytes = excluded.bytes`,
  )
  const selectProgress = connection.prepare<[], Progress>(PROGRESS)
  const moveOn = connection.prepare(
    "UPDATE learning SET opaque_up_to = ?, attached_up_to = ?, redactions = ?, digest = ?",
  )

  function insert({ sequence, keys, terms }: LearntMessage, digest: RowDigest): void {
    if (insertKeys.run(sequence, keys.digest, keys.payload).changes > 0) {
      digest.toggle("message_keys", [sequence, keys.digest, keys.payload])
    }
    for (let at = 0; at < terms.length; at += TERM_BYTES) {
      const term = terms.subarray(at, at + TERM_BYTES)
      if (insertTerm.run(term, sequence).changes > 0) {
        digest.toggle("message_terms", [term, sequence])
      }
    }
  }

  function forget(key: Uint8Array, digest: RowDigest): void {
    for (const row of deleteTerms.raw().all(key)) digest.toggle("message_terms", row)
    for (const row of deleteKeys.raw().all(key)) digest.toggle("message_keys", row)
  }

  function keepPage(page: number, bytes: Uint8Array, digest: RowDigest): void {
    const before = selectPage.get(page)
    if (before !== undefined) digest.toggle("opaque_pages", pageRow(page, before))
    writePage.run(page, bytes)
    digest.toggle("opaque_pages", pageRow(page, bytes))
  }

  return connection.transaction(({ message, forgotten, progress, pages }: LearningStep) => {
    const digest = rowDigest(learntDigest(connection))
    const before = selectProgress.get()
    if (before !== undefined) digest.toggle("learning", progressRow(before))
    if (message !== undefined) insert(message, digest)
    if (forgotten !== undefined) forget(forgotten, digest)
    for (const { page, bytes } of pages) keepPage(page, bytes, digest)
    digest.toggle("learning", progressRow(progress))
    const { opaqueUpTo, attachedUpTo, redactions } = progress
    moveOn.run(opaqueUpTo, attachedUpTo, redactions, digest.bytes())
  }).immediate
}
