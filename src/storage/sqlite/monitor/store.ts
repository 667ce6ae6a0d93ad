// The monitor's store in SQLite, on one connection. Everything happens on the calling thread, which waits
// for the disk.
import type { Database } from "better-sqlite3"
import { bug } from "../../../core/base/errors.ts"
import type { Origin } from "../../../core/note/origin.ts"
import type { TileId } from "../../../core/tree/tile.ts"
import type {
  DocumentChange,
  LeafChange,
  MonitorCommit,
  MonitorStore,
  StoredDocument,
  TagChange,
} from "../../../monitor/state/store.ts"
import { optional, plain } from "../../disk/plain-bytes.ts"
import { onSqlite, untilFailure } from "../../disk/trouble.ts"
import { cutLeaves, pickLeaves } from "../../rules/leaf-tiles.ts"
import { type ConnectionRole, openOver } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { monitorDatabase } from "../database/database-kind.ts"
import { createReadBack, type ReadBack } from "../database/read-back.ts"
import { tileKey } from "../database/tile-key.ts"

/** Makes an empty database, durable when this returns; refuses `conflict` where a file is. */
export function createMonitorDatabase(path: string): void {
  createDatabase(path, monitorDatabase, () => {})
}

/**
 * Opens a database; for `write` the caller holds the lock of the data directory. Refuses and throws as
 * openConnection does. After a commit that failed with anything but a refusal the state is
 * unknown: the store takes no other commit, and the caller ends the process.
 */
export function openMonitorStore(path: string, role: ConnectionRole = "write"): MonitorStore {
  return openOver(path, role, monitorDatabase, (connection) => {
    // A reader sees one commit until it closes: documents and statement must belong together.
    if (role === "read") connection.exec("BEGIN")
    const readBack = role === "read" ? undefined : createReadBack(path, connection)
    return storeOver(path, connection, readBack)
  })
}

interface LogRow {
  readonly id: number
  readonly size: number
  readonly tail: Buffer
}

// Named here, as all columns of rows: a definition that has rotted may spell the names otherwise.
const LOG = "id AS id, size AS size, tail AS tail"

function logReads(connection: Database) {
  const selectLog = connection.prepare<[string], LogRow>(`SELECT ${LOG} FROM logs WHERE origin = ?`)
  const selectTile = connection
    .prepare<[number, number], Buffer>("SELECT hashes FROM tiles WHERE log = ? AND tile = ?")
    .pluck()
  return {
    logOf: (origin: Origin) => selectLog.get(origin),
    tileOf(log: LogRow, id: TileId): Uint8Array | undefined {
      const key = tileKey(id)
      return key === undefined ? undefined : optional(selectTile.get(log.id, key))
    },
  }
}

type LogReads = ReturnType<typeof logReads>

function leafWriter(connection: Database, { logOf }: LogReads): (change: LeafChange) => void {
  const insertLog = connection.prepare(
    `INSERT INTO logs (origin, size, tail) VALUES (?, 0, x'') RETURNING ${LOG}`,
  )
  const insertTile = connection.prepare("INSERT INTO tiles (log, tile, hashes) VALUES (?, ?, ?)")
  const updateLog = connection.prepare("UPDATE logs SET size = ?, tail = ? WHERE id = ?")
  return (change) => {
    const log = logOf(change.origin) ?? (insertLog.get(change.origin) as LogRow)
    const { size, tiles, tail } = cutLeaves(log.size, plain(log.tail), change)
    for (const { id, hashes } of tiles) {
      insertTile.run(log.id, tileKey(id) ?? bug(`no tile ${id.level}/${id.index}`), hashes)
    }
    updateLog.run(size, tail, log.id)
  }
}

function tagWriter(connection: Database, { logOf }: LogReads): (change: TagChange) => void {
  const put = connection.prepare(
    "INSERT INTO tags (log, block, tags) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET tags = excluded.tags",
  )
  return ({ origin, block, tags }) => {
    const log = logOf(origin) ?? bug(`tags of ${origin}, which has no leaf hashes`)
    put.run(log.id, block, tags)
  }
}

function tagReads(connection: Database, { logOf }: LogReads) {
  const select = connection
    .prepare<[number, number], Buffer>("SELECT tags FROM tags WHERE log = ? AND block = ?")
    .pluck()
  const selectTagged = connection.prepare<
    [number, Uint8Array],
    { readonly block: number; readonly tags: Buffer }
  >(
    "SELECT block AS block, tags AS tags FROM tags WHERE log = ? AND instr(tags, ?) > 0 ORDER BY block",
  )
  return {
    tagsOf(origin: Origin, block: number): Uint8Array | undefined {
      const log = logOf(origin)
      return log && optional(select.get(log.id, block))
    },
    taggedOf(origin: Origin, tag: Uint8Array) {
      const log = logOf(origin)
      const found = log === undefined ? [] : selectTagged.all(log.id, tag)
      return found.map(({ block, tags }) => ({ block, tags: plain(tags) }))
    },
  }
}

function documentWriter(connection: Database): (change: DocumentChange) => void {
  const put = connection.prepare(
    "INSERT INTO documents (kind, key, value) VALUES (?, ?, ?) " +
      "ON CONFLICT DO UPDATE SET value = excluded.value",
  )
  const remove = connection.prepare("DELETE FROM documents WHERE kind = ? AND key = ?")
  return ({ kind, key, value }) => {
    if (value === undefined) remove.run(kind, key)
    else put.run(kind, key, value)
  }
}

function commitOver(connection: Database, reads: LogReads): (commit: MonitorCommit) => void {
  const writeLeaves = leafWriter(connection, reads)
  const writeTags = tagWriter(connection, reads)
  const writeDocument = documentWriter(connection)
  const putStatement = connection.prepare(
    "INSERT INTO statement (id, text) VALUES (1, ?) ON CONFLICT DO UPDATE SET text = excluded.text",
  )
  // BEGIN IMMEDIATE takes the write lock first, so that nothing is written on an outdated snapshot.
  return connection.transaction((commit: MonitorCommit) => {
    for (const change of commit.leaves) writeLeaves(change)
    for (const change of commit.tags ?? []) writeTags(change)
    for (const change of commit.documents) writeDocument(change)
    putStatement.run(commit.statement)
  }).immediate
}

function storeOver(
  path: string,
  connection: Database,
  readBack: ReadBack | undefined,
): MonitorStore {
  const reads = logReads(connection)
  const tags = tagReads(connection, reads)
  const selectDocuments = connection.prepare<[], StoredDocument>(
    "SELECT kind AS kind, key AS key, value AS value FROM documents ORDER BY kind, key",
  )
  const selectStatement = connection.prepare<[], string>("SELECT text FROM statement").pluck()
  const write = commitOver(connection, reads)
  const change = untilFailure(path, "commit")
  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, work)

  return {
    documents: () => read(() => selectDocuments.all()),
    statement: () => read(() => selectStatement.get()),
    size: (origin) => read(() => reads.logOf(origin)?.size ?? 0),
    tiles: (origin, ids) =>
      read(() => {
        const log = reads.logOf(origin)
        return ids.map((id) => (log === undefined ? undefined : reads.tileOf(log, id)))
      }),
    leafHashes: (origin, from, to) =>
      read(() => {
        const log = reads.logOf(origin)
        const tileAt = (index: number) => log && reads.tileOf(log, { level: 0, index })
        return pickLeaves(log?.size ?? 0, [from, to], tileAt, () => log && plain(log.tail))
      }),
    tags: (origin, block) => read(() => tags.tagsOf(origin, block)),
    taggedBlocks: (origin, tag) => read(() => tags.taggedOf(origin, tag)),
    commit: (commit) =>
      change(() => {
        onSqlite(path, () => write(commit))
        readBack?.committed()
      }),
    close: () => read(() => void (readBack ?? connection).close()),
  }
}
