// What is checked of a witness's database before anything is decided on it or given from it: indexes against tables,
// every row against the chain.
import type { Database } from "better-sqlite3"
import { Trouble } from "../../../core/base/errors.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { asDamage, foundTrouble, onSqlite } from "../../disk/trouble.ts"
import { witnessDatabase } from "../database/database-kind.ts"
import { newestVersion, schemaVersion } from "../database/migration.ts"
import { createContents, type WitnessContents } from "./contents.ts"
import { type History, NO_GOOD_COPY, verifiedHistory } from "./history.ts"
import { digestsOf, identityOf, scanAll } from "./rows.ts"

/** The version before rows were covered. */
const UNCOVERED = 1

/** Throws Trouble `damaged` if a page, or an index and its table, contradict each other; costs a read of all pages. */
export function assertIntact(path: string, connection: Database): void {
  const found = onSqlite(path, () => connection.pragma("integrity_check(1)", { simple: true }))
  if (found === "ok") return
  throw foundTrouble(path, String(found), `. ${NO_GOOD_COPY}`)
}

/** Whether the database is of the version that is carried over; throws Trouble `damaged` for one that never was. */
export function isUncovered(path: string, connection: Database): boolean {
  const version = onSqlite(path, () => schemaVersion(connection))
  const newest = newestVersion(witnessDatabase)
  if (version === UNCOVERED || version === newest) return version === UNCOVERED
  throw new Trouble(
    "damaged",
    `${path}: expected schema version ${UNCOVERED} to ${newest}, found ${version}. ${NO_GOOD_COPY}`,
  )
}

export interface VerifiedWitness {
  readonly identity: LogIdentity
  readonly history: History
  readonly contents: WitnessContents
}

/** Reads all rows and compares them with the chain; throws Trouble `damaged` for any difference. */
export function readVerified(path: string, connection: Database): VerifiedWitness {
  return onSqlite(path, () =>
    asDamage(path, () => {
      const found = scanAll(connection)
      const history = verifiedHistory(path, connection, digestsOf(found))
      const identity = identityOf(path, found)
      return { identity, history, contents: createContents(path, connection, found) }
    }),
  )
}
