// A first look at a witness's database, before anything opens it for writing: what SQLite drops or moves when a writer
// opens and closes it is only then known not to be missed.
import { existsSync } from "node:fs"
import { refuse } from "../../../core/base/errors.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { readGuardFile } from "../../files/guard-file.ts"
import { openConnection } from "../database/connection.ts"
import { witnessDatabase } from "../database/database-kind.ts"

/**
 * Refuses `conflict` for a database that is behind its guard, and leaves it as it is; all else that does not fit is
 * for opening to find.
 */
export function assertNotBehindGuard(path: string, guardPath: string): void {
  if (!existsSync(guardPath)) return
  const { head } = readGuardFile(guardPath)
  const connection = openConnection(path, "look", witnessDatabase)
  try {
    const changes = onSqlite(path, () =>
      connection.prepare<[], number>("SELECT changes FROM history").pluck().get(),
    )
    if (changes === undefined || changes >= head.size) return
    refuse(
      "conflict",
      `the database ${path} is at change ${changes}, its head guard at change ${head.size}: an older copy of the ` +
        "database was put in place, perhaps a backup was restored, or the end of its write-ahead log was lost. This " +
        "witness may have cosigned what it no longer knows. Nothing was changed: bring back the newer database, or " +
        "make a new witness with new keys",
    )
  } finally {
    connection.close()
  }
}
