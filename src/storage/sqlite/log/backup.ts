// Copies and checks a database as a whole. Both keep the calling thread for as long as they take, some
// seconds a gigabyte: run them in a process or thread of their own.
import { existsSync, renameSync, rmSync } from "node:fs"
import type { Database } from "better-sqlite3"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { hashesAtLevel } from "../../../core/tree/tile.ts"
import { onDisk, syncNameOf } from "../../disk/durable-file.ts"
import { foundTrouble } from "../../disk/trouble.ts"
import { firstUnbundled } from "../../rules/commit.ts"
import { withConnection } from "../database/connection.ts"
import { assertBeside } from "./beside-digest.ts"
import { type HeadRow, headOf } from "./reads.ts"

/**
 * Writes a consistent copy of a database, which may be in use, and checks it as {@link integrityCheck}
 * does. The copy appears under its name when it is whole and is durable when this resolves. Meanwhile
 * the write-ahead log of the original cannot shrink. Refuses `conflict` if there is a file at `toFile`.
 */
export async function backupSqlite(fromPath: string, toFile: string): Promise<void> {
  const partial = `${toFile}.partial`
  for (const path of [toFile, partial]) {
    if (!existsSync(path)) continue
    refuse("conflict", `expected no file at ${path}, found one: a backup never overwrites`)
  }
  try {
    withConnection(fromPath, "read", (source) => {
      // To SQLite this is writing, though it writes nothing but the copy.
      source.pragma("query_only = 0")
      source.prepare("VACUUM INTO ?").run(partial)
    })
    // VACUUM leaves WAL mode out. Opening the copy for writing puts it back, which syncs the file.
    withConnection(partial, "write", (copy) => assertIntact(copy, partial))
    onDisk(toFile, () => renameSync(partial, toFile))
  } catch (reason) {
    rmSync(partial, { force: true })
    throw reason
  }
  syncNameOf(toFile)
}

/**
 * Checks the pages and constraints of a database, and that it has exactly the rows its head calls for.
 * Nothing is hashed: a flipped bit in a body is for `countersign fsck` to find. Throws Trouble
 * `damaged` with what was found.
 */
export async function integrityCheck(path: string): Promise<void> {
  withConnection(path, "read", (connection) => assertIntact(connection, path))
}

function assertIntact(connection: Database, path: string): void {
  const findings = connection.pragma("integrity_check(10)") as {
    readonly integrity_check: string
  }[]
  const text = findings.map((finding) => finding.integrity_check).join("; ")
  if (text !== "ok") throw foundTrouble(path, text)
  // One transaction, so that a commit meanwhile does not change the counts.
  connection.transaction(() => {
    assertRows(connection, path)
    assertBeside(path, connection)
  })()
}

function assertRows(connection: Database, path: string): void {
  const head = headOf(path, connection.prepare<[], HeadRow>("SELECT * FROM head").get())
  const expected = {
    bundles: hashesAtLevel(1, head.size),
    entries: head.size - firstUnbundled(head.size),
    tiles: fullTiles(head.size),
    // Of the newest commit.
    size: head.size,
    // Messages that are missing from between others.
    gaps: 0,
  }
  const found = connection
    .prepare<[], typeof expected>(
      `SELECT (SELECT count(*) FROM bundles) AS bundles, (SELECT count(*) FROM entries) AS entries,
        (SELECT count(*) FROM tiles) AS tiles, ifnull((SELECT max(size) FROM commits), 0) AS size,
        (SELECT ifnull(max(sequence), 0) - count(*) FROM messages) AS gaps`,
    )
    .get()
  if (JSON.stringify(found) === JSON.stringify(expected)) return
  throw new Trouble(
    "damaged",
    `${path}: at size ${head.size} expected the rows ${JSON.stringify(expected)}, found ` +
      JSON.stringify(found),
  )
}

function fullTiles(size: number): number {
  let count = 0
  for (let level = 1; hashesAtLevel(level, size) > 0; level++) count += hashesAtLevel(level, size)
  return count
}
