// A lock between processes that the operating system frees when its holder dies: a small SQLite file
// with an exclusive transaction that is never finished. It is a file of its own, because SQLite's locks
// vanish when the process closes any other descriptor of the locked file.
import { closeSync, existsSync, openSync, readdirSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { bug, refuse, Trouble } from "../../core/base/errors.ts"
import { onDisk } from "./durable-file.ts"
import { giveToFolderOwner } from "./folder-owner.ts"
import { onSqlite } from "./trouble.ts"

interface ProcessLock {
  /** Lets others have it; once is enough. */
  release(): void
}

/** A connection that nothing refers to is closed when memory is collected, and its lock with it. */
const held = new Set<Database.Database>()

/**
 * Takes a data directory for this process until it ends or releases it. Refuses `conflict` at once if
 * it is taken, also by this process.
 */
export function lockDataDirectory(directory: string): ProcessLock {
  const what = `the data directory ${directory}`
  const locks: ProcessLock[] = []
  const release = (): void => {
    for (const lock of locks.splice(0)) lock.release()
  }
  try {
    for (const folder of [directory, ...elsewhere(directory)]) {
      locks.push(holdLock(join(folder, "lock.db"), what))
    }
    return { release }
  } catch (reason) {
    release()
    throw reason
  }
}

/** The folders of databases that a data directory has by symbolic links: another one may have links to the same. */
function elsewhere(directory: string): readonly string[] {
  const own = realpathSync(directory)
  const places = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink() && entry.name.endsWith(".db"))
    .map(({ name }) => join(directory, name))
    .filter((path) => existsSync(path))
    .map((path) => dirname(realpathSync(path)))
  return [...new Set(places)].filter((place) => place !== own).toSorted()
}

/**
 * The same with the lock file at `path`; `what` names the locked thing in the refusal. Waits up to `patience`
 * milliseconds for who has it, and blocks the thread meanwhile.
 */
export function holdLock(path: string, what: string, patience = 0): ProcessLock {
  const isNew = !existsSync(path)
  // SQLite would let everyone read it, and so lock it.
  if (isNew) onDisk(path, () => closeSync(openSync(path, "a", 0o600)))
  const connection = onSqlite(path, () => new Database(path, { timeout: patience }))
  try {
    if (isNew) giveToFolderOwner(path)
    onSqlite(path, () => lockForLife(connection, path, what))
  } catch (reason) {
    connection.close()
    throw reason
  }
  held.add(connection)
  return {
    release() {
      held.delete(connection)
      connection.close()
    },
  }
}

function lockForLife(connection: Database.Database, path: string, what: string): void {
  try {
    const mode = connection.pragma("journal_mode = DELETE", { simple: true })
    // In WAL mode an exclusive transaction does not keep others out.
    if (mode !== "delete") bug(`PRAGMA journal_mode: expected delete, found ${mode}`)
    connection.exec("BEGIN EXCLUSIVE")
  } catch (reason) {
    if (hasCode(reason, "SQLITE_NOTADB") || hasCode(reason, "SQLITE_CORRUPT")) {
      const advice = "it holds nothing: make sure that no process uses it, then delete it"
      throw new Trouble("damaged", `${path} is damaged; ${advice}`, { cause: reason })
    }
    if (!hasCode(reason, "SQLITE_BUSY")) throw reason
    refuse(
      "conflict",
      `${what} is in use by another process; stop that one first, or use another one`,
      { cause: reason },
    )
  }
}

function hasCode(reason: unknown, code: string): boolean {
  return reason instanceof Database.SqliteError && reason.code.startsWith(code)
}
