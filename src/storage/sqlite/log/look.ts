// A first look at a log's database, of whatever version, before anything opens it: nothing is changed by it, whatever
// state the database and its write-ahead log are in.
import type { Database } from "better-sqlite3"
import { refuse } from "../../../core/base/errors.ts"
import { parseOrigin } from "../../../core/note/origin.ts"
import { asHash, type Head } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { readPast, withConnection } from "../database/connection.ts"
import { logDatabase, PAGE_SIZE } from "../database/database-kind.ts"
import { newestVersion, schemaVersion } from "../database/migration.ts"
import { checkWal } from "../database/wal-check.ts"
import { assertWholeWal } from "../database/wal-refusal.ts"
import { type HeadRow, headOf } from "./reads.ts"

export { mendWal } from "../database/wal-refusal.ts"

export interface Look extends Pick<LogIdentity, "origin" | "treeId"> {
  readonly head: Head
  /** Whether its tables are those that this program reads. */
  readonly isCurrent: boolean
}

interface LogRow {
  readonly origin: string
  readonly treeId: string
}

function sizeOf(connection: Database): number {
  return connection.prepare<[], number>("SELECT size FROM head").pluck().get() ?? 0
}

/**
 * Throws Trouble `damaged` if the write-ahead log is broken in its middle, and then says what `stakes` says of the size
 * that would be left; else as openConnection does.
 */
export function lookAtLog(path: string, stakes: (size: number) => string | undefined): Look {
  assertWholeWal(path, () => {
    const size = readPast(path, sizeOf)
    const text = size === undefined ? undefined : stakes(size)
    return text === undefined ? "" : `; without them ${text}`
  })
  return withConnection(path, "look", (connection) => {
    const { size, root } = headOf(
      path,
      connection.prepare<[], HeadRow>("SELECT size, root, time FROM head").get(),
    )
    const row = connection
      .prepare<[], LogRow>("SELECT origin, tree_id AS treeId FROM log")
      .get() as LogRow
    const isCurrent = schemaVersion(connection) === newestVersion(logDatabase)
    const head = { size, root: asHash(plain(Buffer.from(root))) }
    return { origin: parseOrigin(row.origin), treeId: row.treeId, head, isCurrent }
  })
}

/**
 * Refuses `conflict` for a log that was not started again since it was cut off in the middle of a change: only starting
 * compares what is left with the head guard.
 */
export function assertSettled(path: string): void {
  assertWholeWal(path)
  if (checkWal(path, PAGE_SIZE).broken === undefined) return
  refuse(
    "conflict",
    `${path}: the log was cut off while it wrote. Start it once with "${logDatabase.opened}", then stop it and try again`,
  )
}
