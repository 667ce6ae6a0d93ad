// Makes the database of a new log: its identity and the empty head.
import { EMPTY_ROOT } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { createDatabase } from "../database/creation.ts"
import { logDatabase } from "../database/database-kind.ts"

/**
 * Makes a database with an empty tree, durable when this returns; `time` is the time of its head in
 * Unix milliseconds. Refuses `conflict` if there is a file at `path`: nothing is ever overwritten.
 */
export function createSqliteStore(
  path: string,
  identity: LogIdentity,
  { time }: { readonly time: number },
): void {
  const { origin, treeId, keyFingerprints } = parseIdentity(identity)
  createDatabase(path, logDatabase, (connection) => {
    connection
      .prepare(
        "INSERT INTO log (id, origin, tree_id, key_fingerprints, created) VALUES (1, ?, ?, ?, ?)",
      )
      .run(origin, treeId, JSON.stringify(keyFingerprints), time)
    connection
      .prepare("INSERT INTO head (id, size, root, time) VALUES (1, 0, ?, ?)")
      .run(EMPTY_ROOT, time)
  })
}
