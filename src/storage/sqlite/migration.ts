// The numbered SQL files that make and change the tables. PRAGMA user_version counts those applied; each
// is applied in one transaction together with its number.
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Database } from "better-sqlite3"
import { bug } from "../../core/errors.ts"

/** The folder of the package; equally far from here in the sources and in the built program. */
const folder = new URL("../../../migrations/", import.meta.url)

const NAME = /^([0-9]{4})-[a-z0-9-]+\.sql$/

function migrationFiles(): string[] {
  const names = readdirSync(fileURLToPath(folder)).sort()
  names.forEach((name, i) => {
    if (Number(NAME.exec(name)?.[1]) !== i + 1) bug(`migration ${i + 1} is called ${name}`)
  })
  return names
}

/** The schema version that this program works with. */
export function newestVersion(): number {
  return migrationFiles().length
}

export function schemaVersion(connection: Database): number {
  return Number(connection.pragma("user_version", { simple: true }))
}

/** Brings the tables to the newest version. Inside a transaction it becomes part of that. */
export function migrate(connection: Database): void {
  migrationFiles().forEach((name, i) => {
    const apply = connection.transaction(() => {
      // Read under the write lock: another process may have applied it meanwhile.
      if (schemaVersion(connection) > i) return
      connection.exec(readFileSync(new URL(name, folder), "utf8"))
      connection.pragma(`user_version = ${i + 1}`)
    })
    apply.immediate()
  })
}
