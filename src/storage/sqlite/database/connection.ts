// Opens connections to SQLite databases of Countersign's with settings that keep what was acknowledged, and
// refuses files that are not this program's. Nothing else may open the database or its -shm: when a process
// closes any descriptor of theirs, SQLite's locks on them are gone.
//
// Recovery drops what follows a broken frame of the write-ahead log, and the connection that closes last takes the
// file away. So the log is checked before anything is opened, and what only reads takes nothing away.
import { existsSync } from "node:fs"
import Database from "better-sqlite3"
import { bug, refuse, Trouble } from "../../../core/base/errors.ts"
import { assertWritable } from "../../disk/durable-file.ts"
import { assertSoleName } from "../../disk/sole-name.ts"
import { onSqlite } from "../../disk/trouble.ts"
import {
  type DatabaseKind,
  logDatabase,
  PAGE_SIZE,
  PAGES_BETWEEN_CHECKPOINTS,
} from "./database-kind.ts"
import { migrate, newestVersion, schemaVersion } from "./migration.ts"
import { createReadBack } from "./read-back.ts"
import { hasFrames } from "./wal-file.ts"
import { assertWholeWal } from "./wal-refusal.ts"

const BUSY_TIMEOUT_MS = 5_000

/**
 * `look` reads tables of whatever version. `upgrade` writes to tables of an older version and leaves it to the caller
 * to bring them up to date.
 */
export type ConnectionRole = "read" | "look" | "write" | "upgrade"

/** Settings of a connection, each set and read back; a database keeps none of them by itself. */
const settings = {
  // A file that shrinks under a memory map kills the process.
  mmap_size: 0,
  trusted_schema: 0,
  cell_size_check: 1,
  foreign_keys: 1,
  // Without it INSERT OR REPLACE deletes rows behind the back of the DELETE triggers.
  recursive_triggers: 1,
} as const

/**
 * FULL, and NORMAL, which forgets commits on power loss, for what can be made again. better-sqlite3 is built to
 * fall back to NORMAL whenever an existing database is opened; a new one does not show it.
 */
const SYNCHRONOUS = { full: 2, normal: 1 } as const

const writing: Readonly<Record<string, number>> = {
  cache_size: -8_192,
  wal_autocheckpoint: PAGES_BETWEEN_CHECKPOINTS,
  journal_size_limit: PAGES_BETWEEN_CHECKPOINTS * PAGE_SIZE,
}

/** A negative cache size counts KiB. */
const reading: Readonly<Record<string, number>> = { cache_size: -4_096, query_only: 1 }

const roleSettings: Readonly<Record<ConnectionRole, Readonly<Record<string, number>>>> = {
  read: reading,
  look: reading,
  write: writing,
  upgrade: writing,
}

/**
 * Opens an existing database. `write` brings an older schema up to date; `read` executes no SQL that
 * writes. Refuses `not-found` where there is no file, `mismatch` for another program's database and
 * `unsupported` for a schema that this program cannot use; throws Trouble `damaged` for a write-ahead log that is
 * broken before its end, and Trouble for anything else.
 */
export function openConnection(
  path: string,
  role: ConnectionRole,
  kind: DatabaseKind = logDatabase,
): Database.Database {
  if (!existsSync(path)) {
    refuse(
      "not-found",
      `expected the ${kind.owner}'s database at ${path}, found no file. Give the right data ` +
        `directory, or make a new ${kind.owner} with "${kind.made}"`,
    )
  }
  assertSoleName(path)
  // SQLite would open it all the same, and the first commit would fail.
  if (role !== "read") assertWritable(path)
  // What can be made again may lose its newest commits; who writes it looks at its log before.
  if (kind.isDerived !== true) assertWholeWal(path)
  const options = { fileMustExist: true, timeout: BUSY_TIMEOUT_MS, readonly: readsOnly(path, role) }
  const connection = onSqlite(path, () => new Database(path, options))
  try {
    onSqlite(path, () => {
      assertOurs(connection, path, kind)
      assertVersion(connection, path, role, kind)
      applySettings(connection, role, kind)
      applyJournalMode(connection, path, role, kind)
      if (role === "write") migrate(connection, kind)
    })
    return connection
  } catch (reason) {
    connection.close()
    throw reason
  }
}

/**
 * A connection that was opened read-only moves nothing of the log into the database and leaves its file when it is
 * closed last: that is for whoever has compared them with a guard. Where there is nothing to move it would leave an empty log.
 */
function readsOnly(path: string, role: ConnectionRole): boolean {
  return (role === "read" || role === "look") && hasFrames(path, PAGE_SIZE)
}

/** What `open` makes of a new connection, which is closed if that fails. */
export function openOver<T>(
  path: string,
  role: ConnectionRole,
  kind: DatabaseKind,
  open: (connection: Database.Database) => T,
): T {
  const connection = openConnection(path, role, kind)
  try {
    return onSqlite(path, () => open(connection))
  } catch (reason) {
    connection.close()
    throw reason
  }
}

/**
 * Reads what SQLite takes of a database, whatever its log is like; changes neither file. Undefined if that cannot be
 * read.
 */
export function readPast<T>(
  path: string,
  read: (connection: Database.Database) => T,
): T | undefined {
  try {
    const connection = new Database(path, { fileMustExist: true, readonly: true })
    try {
      return read(connection)
    } finally {
      connection.close()
    }
  } catch {
    return undefined
  }
}

/**
 * Does something to a log's database over a connection that is closed afterwards. What was written is read back first:
 * throws Trouble `damaged` if it is not there.
 */
export function withConnection<T>(
  path: string,
  role: ConnectionRole,
  work: (connection: Database.Database) => T,
): T {
  return openOver(path, role, logDatabase, (connection) => {
    const isWriting = role === "write" || role === "upgrade"
    const written = isWriting ? createReadBack(path, connection) : connection
    const result = work(connection)
    written.close()
    return result
  })
}

/** Sets everything that a connection forgets when it is closed; a setting that fails is a bug. */
export function applySettings(
  connection: Database.Database,
  role: ConnectionRole,
  { isDerived }: DatabaseKind,
): void {
  const synchronous = SYNCHRONOUS[isDerived === true ? "normal" : "full"]
  const wanted = { ...settings, ...roleSettings[role], synchronous }
  for (const [name, value] of Object.entries(wanted)) {
    connection.pragma(`${name} = ${value}`)
    const found = connection.pragma(name, { simple: true })
    if (found !== value) bug(`PRAGMA ${name}: expected ${value}, found ${found}`)
  }
}

/** The write-ahead log; the database remembers it, so that a reader needs only to look. */
export function applyJournalMode(
  connection: Database.Database,
  path: string,
  role: ConnectionRole,
  { opened }: DatabaseKind,
): void {
  const isReading = role === "read" || role === "look"
  const pragma = isReading ? "journal_mode" : "journal_mode = WAL"
  const found = connection.pragma(pragma, { simple: true })
  if (found === "wal") return
  throw new Trouble(
    "disk",
    `${path}: expected the journal mode "wal", found "${found}"; put the database on a local disk ` +
      `and open it once with "${opened}"`,
  )
}

function assertOurs(
  connection: Database.Database,
  path: string,
  { applicationId, owner }: DatabaseKind,
): void {
  const found = connection.pragma("application_id", { simple: true })
  if (found === applicationId) return
  refuse(
    "mismatch",
    `${path}: expected a ${owner}'s database of Countersign's (application ID ${applicationId}), ` +
      `found application ID ${found}; it was left as it is. Give the right data directory`,
  )
}

/** Whether a database of this version may only be brought up to date by what opens it for an `upgrade`. */
export function mustBeCarried(version: number, { carried }: DatabaseKind): boolean {
  return carried !== undefined && version >= carried.from && version < carried.to
}

function assertVersion(
  connection: Database.Database,
  path: string,
  role: ConnectionRole,
  kind: DatabaseKind,
): void {
  const newest = newestVersion(kind)
  const found = schemaVersion(connection)
  if (found > newest) {
    refuse(
      "unsupported",
      `${path}: expected a schema version up to ${newest}, found ${found}: a newer Countersign has ` +
        `written this database. Use that version or a later one`,
    )
  }
  if (found < newest && (role === "read" || (role === "write" && mustBeCarried(found, kind)))) {
    refuse(
      "unsupported",
      `${path}: expected schema version ${newest}, found ${found}. Back the database up and start ` +
        `"${kind.opened}" once, which brings it up to date`,
    )
  }
}
