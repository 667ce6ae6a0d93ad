// Read access to the log's database over a connection that writes nothing.
import type { Database } from "better-sqlite3"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { parseJson } from "../../../core/base/json-value.ts"
import { decodeBundle } from "../../../core/tree/bundle.ts"
import { asHash } from "../../../core/tree/hash.ts"
import { hashesAtLevel, TILE_WIDTH } from "../../../core/tree/tile.ts"
import type { LogReads, MadeLog, TimedHead } from "../../../log/ports/store.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { assertBodiesRange } from "../../rules/commit.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { bytesIn, countIn, textIn } from "../database/columns.ts"
import { openOver } from "../database/connection.ts"
import { logDatabase } from "../database/database-kind.ts"
import { tileKey } from "../database/tile-key.ts"
import { attachedReader, attachmentReader, sideTermReader } from "./beside-entries.ts"
import { commitReads } from "./commits.ts"
import { messageReads } from "./messages.ts"

/** Reads of one database, with the log that it was made for. */
export interface SqliteReads extends LogReads {
  readonly identity: MadeLog
  /** The bytes of a full bundle, without reading them; undefined where `bundle` gives nothing. */
  bundleLength(index: number): Promise<number | undefined>
}

/** Characters of the longest list of fingerprints that is read. */
const LONGEST_FINGERPRINTS = 4_096

interface Row {
  readonly idx: number
  readonly bytes: Buffer
}

/** A row of the table `head`. */
export interface HeadRow {
  readonly size: number
  readonly root: Buffer
  readonly time: number
  readonly commits?: Buffer | null
}

/**
 * Opens a database for reading, also while another thread or process writes to it. Each call sees
 * what is committed by then. Refuses and throws as openConnection does.
 */
export function openSqliteReads(path: string): SqliteReads {
  return openOver(path, "read", logDatabase, (connection) => readsOver(path, connection))
}

/** Reads over a connection that is open, and closed along with them. */
export function readsOver(path: string, connection: Database): SqliteReads {
  const identity = readIdentity(path, connection)
  const selectHead = connection.prepare<[], HeadRow>("SELECT * FROM head")
  const selectTile = connection
    .prepare<[number], Buffer>("SELECT hashes FROM tiles WHERE id = ?")
    .pluck()
  const selectBundle = connection
    .prepare<[number], Buffer>("SELECT bytes FROM bundles WHERE idx = ?")
    .pluck()
  // SQLite knows a length without reading what is that long.
  const selectBundleLength = connection
    .prepare<[number], number>("SELECT length(bytes) FROM bundles WHERE idx = ?")
    .pluck()
  const selectBundles = connection.prepare<[number, number], Row>(
    "SELECT idx, bytes FROM bundles WHERE idx >= ? AND idx < ? ORDER BY idx",
  )
  const selectEntries = connection.prepare<[number, number], Row>(
    "SELECT idx, body AS bytes FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx",
  )

  function bytesAt(what: string, found: unknown): Uint8Array | undefined {
    if (found === undefined) return undefined
    return asDamage(`${path}: ${what}`, () => bytesIn(found, "bytes"))
  }

  function assertNext(found: number, expected: number): void {
    if (found <= expected) return
    throw new Trouble("damaged", `${path}: expected entry ${expected}, found entry ${found}`)
  }

  // One transaction, because a commit between the two queries would move entries into a bundle.
  const selectBodies = connection.transaction((from: number, to: number): Uint8Array[] => {
    const bodies: Uint8Array[] = []
    for (const row of selectBundles.iterate(hashesAtLevel(1, from), to / TILE_WIDTH)) {
      const start = row.idx * TILE_WIDTH
      assertNext(start, from + bodies.length)
      const decoded = decodeStored(path, row)
      bodies.push(...decoded.slice(Math.max(0, from - start), to - start))
    }
    for (const row of selectEntries.iterate(from, to)) {
      assertNext(row.idx, from + bodies.length)
      bodies.push(asDamage(`${path}: entry ${row.idx}`, () => bytesIn(row.bytes, "body")))
    }
    return bodies
  })

  const read = async <T>(work: () => T): Promise<T> => onSqlite(path, work)

  return {
    identity,
    made: identity,
    head: () => read(() => headOf(path, selectHead.get())),
    tiles: (ids) =>
      read(() =>
        ids.map((id) => {
          const key = tileKey(id)
          return key === undefined ? undefined : bytesAt("a tile", selectTile.get(key))
        }),
      ),
    bundle: (index) => read(() => bytesAt(`entry bundle ${index}`, selectBundle.get(index))),
    bundleLength: (index) => read(() => selectBundleLength.get(index)),
    bodies: (from, to) =>
      read(() => {
        assertBodiesRange(from, to)
        return selectBodies(from, to)
      }),
    ...commitReads(path, connection),
    attachment: attachmentReader(path, connection),
    attached: attachedReader(path, connection),
    messages: messageReads(path, connection),
    sideTerms: sideTermReader(path, connection),
    close: () => read(() => void connection.close()),
  }
}

/** The head in a row; throws Trouble `damaged` if there is no row, or one of other types. */
export function headOf(path: string, row: HeadRow | undefined): TimedHead {
  if (row === undefined) throw new Trouble("damaged", `${path}: the head is missing`)
  return asDamage(`${path}: the head`, () => {
    const head = {
      size: countIn(row.size, "size"),
      root: asHash(bytesIn(row.root, "root")),
      time: countIn(row.time, "time"),
    }
    // A table of an older version has no such column, and one that was just brought up to date nothing in it.
    const { commits = null } = row
    return commits === null ? head : { ...head, commits: asHash(bytesIn(commits, "commits")) }
  })
}

type LogRow = Readonly<Record<"origin" | "treeId" | "keys" | "created", unknown>>

function readIdentity(path: string, connection: Database): MadeLog {
  const row = connection
    .prepare<[], LogRow>(
      "SELECT origin, tree_id AS treeId, key_fingerprints AS keys, created FROM log",
    )
    .get()
  if (row === undefined) throw new Trouble("damaged", `${path}: the log's identity is missing`)
  return asDamage(`${path}: the log's identity`, () => ({
    ...parseIdentity({
      origin: textIn(row.origin, "origin"),
      treeId: textIn(row.treeId, "tree ID"),
      keyFingerprints: fingerprintsIn(textIn(row.keys, "key fingerprints")),
    }),
    created: countIn(row.created, "the moment it was made"),
  }))
}

function fingerprintsIn(text: string): readonly unknown[] {
  const value = parseJson(text, "key fingerprints", LONGEST_FINGERPRINTS)
  return Array.isArray(value) ? value : refuse("malformed", "key fingerprints: expected a list")
}

function decodeStored(path: string, { idx, bytes }: Row): Uint8Array[] {
  return asDamage(`${path}: entry bundle ${idx}`, () =>
    decodeBundle(bytesIn(bytes, "bytes"), TILE_WIDTH),
  )
}
