// Brings a witness's database of version 1, whose chain covers changes and no rows, to the form in which it covers
// all rows. It is one change of the history, in one transaction: whatever stops it before its end leaves
// the database as it was, and whatever stops it afterwards is one change ahead of its guard, as any other. What had
// rotted before this step cannot be told from the chain; what contradicts itself is refused.
import type { Database } from "better-sqlite3"
import { equalBytes } from "../../../core/base/bytes.ts"
import { refuse } from "../../../core/base/errors.ts"
import { parseCheckpointText } from "../../../core/note/checkpoint.ts"
import { parseNote } from "../../../core/note/note.ts"
import type { WitnessedHead } from "../../../witness/store.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { witnessDatabase } from "../database/database-kind.ts"
import { migrate } from "../database/migration.ts"
import { digestBytes } from "./digests.ts"
import { nextOf, readHistory } from "./history.ts"
import { digestsOf, evidenceOf, freezeOf, headOf, identityOf, logOf, scanAll } from "./rows.ts"

/** Refuses `malformed` for a note of another head, which could not be cosigned either. */
function assertOwnNote({ origin, size, root, note }: WitnessedHead): void {
  const stated = parseCheckpointText(parseNote(note).text)
  if (stated.origin === origin && stated.size === size && equalBytes(stated.root, root)) return
  refuse("malformed", `the note that is kept of ${origin} is of another head`)
}

/** Refuses `malformed` for a row that cannot be read, or is about what is not there. */
function assertReadable(path: string, connection: Database): void {
  const found = scanAll(connection)
  identityOf(path, found)
  for (const { row } of found.heads) assertOwnNote(headOf(row))
  for (const { row } of found.logs) logOf(row)
  const kept = new Set(found.evidence.map(({ row }) => evidenceOf(row).evidence.id))
  for (const { row } of found.freezes) {
    const freeze = freezeOf(row)
    if (freeze.cause === "proven" && !kept.has(freeze.evidence)) {
      refuse("malformed", `the evidence for which ${freeze.origin} is frozen is not there`)
    }
  }
}

/** Over a database whose indexes were checked and whose guard is settled. Throws Trouble if it fails. */
export function coverRows(path: string, connection: Database): void {
  const carry = connection.transaction(() => {
    asDamage(path, () => assertReadable(path, connection))
    migrate(connection, witnessDatabase)
    const digests = digestsOf(scanAll(connection))
    const next = nextOf(readHistory(path, connection), digests)
    connection
      .prepare(
        "UPDATE history SET changes = @size, chain = @root, previous = @previous, digests = @digests",
      )
      .run({ ...next, digests: digestBytes(digests) })
  })
  onSqlite(path, () => carry.immediate())
}
