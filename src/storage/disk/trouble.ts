// Turns errors of SQLite into Trouble. What SQLite refuses because of a constraint or a trigger counts
// as damage: commits are checked before they are written, so then the rows do not fit the head.
//
// SQLite often says "corrupt" where a disk only failed to read, and keeps that to itself. So nobody is told to put
// another database in the place of one before it has been read once more.
import Database from "better-sqlite3"
import { Refusal, Trouble, type TroubleCode } from "../../core/base/errors.ts"
import { bindingTrouble } from "./sqlite-binding.ts"

const DAMAGED = /^SQLITE_(CORRUPT|NOTADB|CONSTRAINT|MISMATCH|ERROR)/
const BUSY = /^SQLITE_(BUSY|LOCKED)/

const advice: Readonly<Record<"damaged" | "busy" | "disk", string>> = {
  damaged:
    "the database could not be read from the disk, is damaged, or is not one of Countersign's; leave it where it is, " +
    "look for errors of the disk in the system's log and try again. If it stays, see docs/operating.md, " +
    '"When a database cannot be read"',
  busy: "another process holds the database; stop it or try again",
  disk: "the disk refused; check its free space, its health and the permissions",
}

function codeOf(sqliteCode: string): keyof typeof advice & TroubleCode {
  if (DAMAGED.test(sqliteCode)) return "damaged"
  return BUSY.test(sqliteCode) ? "busy" : "disk"
}

/** An error of SQLite as Trouble that names `path`, and that there is no SQLite; any other error unchanged. */
export function sqliteTrouble(path: string, reason: unknown): unknown {
  if (!(reason instanceof Database.SqliteError)) return bindingTrouble(reason) ?? reason
  const code = codeOf(reason.code)
  const message = `${path}: ${advice[code]} (${reason.code}: ${reason.message})`
  return new Trouble(code, message, { cause: reason })
}

/** In what integrity_check finds: an error that the operating system gave, by the number that SQLite gives it. */
const FOUND_IN_READING = /error code=(\d+)/g
const SQLITE_IOERR = 10

/**
 * What integrity_check found in the database at `path`, as Trouble: pages that could not be read are for it as pages
 * that are damaged. `then` is what to do about damage.
 */
export function foundTrouble(path: string, found: string, then = ""): Trouble {
  const codes = [...found.matchAll(FOUND_IN_READING)].map(([, code]) => Number(code) & 0xff)
  if (codes.includes(SQLITE_IOERR)) return new Trouble("disk", `${path}: ${advice.disk} (${found})`)
  return new Trouble("damaged", `${path}: SQLite finds damage: ${found}${then}`)
}

/** Runs `work` and translates what SQLite throws. */
export function onSqlite<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (reason) {
    throw sqliteTrouble(path, reason)
  }
}

/** What is refused from a stranger is damage when it comes from our own disk; `what` is what cannot be read. */
export function asDamage<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason
    throw new Trouble("damaged", `${what} cannot be read: ${reason.message}`, { cause: reason })
  }
}

/**
 * Does changes of a store until one fails with anything but a refusal: what is on the disk is unknown then, and
 * all others are rejected.
 */
export function untilFailure(
  path: string,
  what: string,
): <T>(change: () => T | Promise<T>) => Promise<T> {
  let failed = false
  return async (change) => {
    if (failed) throw new Trouble("disk", `${path}: an earlier ${what} failed; end this process`)
    try {
      return await change()
    } catch (reason) {
      failed = !(reason instanceof Refusal)
      throw reason
    }
  }
}
