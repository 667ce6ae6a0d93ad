// The numbered SQL files that make and change the tables of a kind of database. PRAGMA user_version counts
// those applied. All that are missing are applied in one transaction with their number: an update that stops
// half-way has changed nothing.
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Database } from "better-sqlite3"
import { bug } from "../../../core/base/errors.ts"
import { type DatabaseKind, logDatabase } from "./database-kind.ts"

/** The folder of the package; equally far from here in the sources and in the built program. */
const folder = new URL("../../../../migrations/", import.meta.url)

const NAME = /^([0-9]{4})-[a-z0-9-]+\.sql$/

function migrationFiles(kind: DatabaseKind): URL[] {
  const own = new URL(kind.folder, folder)
  // The folders of the other kinds lie in that of the log's.
  const files = readdirSync(fileURLToPath(own), { withFileTypes: true }).filter((found) =>
    found.isFile(),
  )
  const names = files.map(({ name }) => name).sort()
  names.forEach((name, i) => {
    if (Number(NAME.exec(name)?.[1]) !== i + 1) bug(`migration ${i + 1} is called ${name}`)
  })
  return names.map((name) => new URL(name, own))
}

/** The schema version that this program works with. */
export function newestVersion(kind: DatabaseKind = logDatabase): number {
  return migrationFiles(kind).length
}

export function schemaVersion(connection: Database): number {
  return Number(connection.pragma("user_version", { simple: true }))
}

/** Brings the tables to version `to`, or to the newest. Inside a transaction it becomes part of that. */
export function migrate(connection: Database, kind: DatabaseKind, to = newestVersion(kind)): void {
  const files = migrationFiles(kind).slice(0, to)
  const apply = connection.transaction(() => {
    // Read under the write lock: another process may have applied some meanwhile.
    const version = schemaVersion(connection)
    if (version >= to) return
    for (const file of files.slice(version)) connection.exec(readFileSync(file, "utf8"))
    connection.pragma(`user_version = ${to}`)
  })
  apply.immediate()
}
