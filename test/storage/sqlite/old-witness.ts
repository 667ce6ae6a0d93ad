// Databases of a witness as they were while the chain covered changes and no rows (schema version 1), with their guards.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import Database from "better-sqlite3"
import { asHash } from "../../../src/core/tree/hash.ts"
import { createGuardFile } from "../../../src/storage/files/guard-file.ts"
import { witnessDatabase } from "../../../src/storage/sqlite/database/database-kind.ts"
import type { WitnessFiles } from "../../../src/storage/sqlite/witness/store.ts"
import { identity, startTime } from "../../contracts/commits.ts"
import { createTestLog } from "../../witness/test-log.ts"

export const oldLog = createTestLog({ origin: "log.example/old" })
export const oldTime = 1_700_000_000
export const oldEvidence = { id: "e".repeat(64), kind: "fork" as const, text: "evidence\n" }

const chainAfter = (step: string): Buffer => createHash("sha256").update(step).digest()

/** One log at size 5, accepted, and one that is frozen for evidence; four changes, all known to the guard. */
export function makeOldWitness({ database, guard }: WitnessFiles): void {
  const raw = new Database(database)
  raw.pragma("page_size = 8192")
  raw.pragma("journal_mode = WAL")
  raw.pragma(`application_id = ${witnessDatabase.applicationId}`)
  const tables = new URL("../../../migrations/witness/0001-witness.sql", import.meta.url)
  raw.exec(readFileSync(tables, "utf8"))
  raw.pragma("user_version = 1")
  const { origin, treeId, keyFingerprints } = identity
  raw
    .prepare("INSERT INTO witness VALUES (1, ?, ?, ?, ?)")
    .run(origin, treeId, JSON.stringify(keyFingerprints), startTime)
  raw
    .prepare("INSERT INTO heads VALUES (?, 5, ?, ?, ?)")
    .run(oldLog.origin, oldLog.root(5), oldLog.note(5), oldTime)
  raw.prepare("INSERT INTO logs VALUES (?, ?)").run(oldLog.origin, '["a"]')
  raw
    .prepare("INSERT INTO evidence VALUES (1, 'liar.example', ?, ?, ?)")
    .run(oldEvidence.id, oldEvidence.kind, oldEvidence.text)
  raw.prepare("INSERT INTO freezes VALUES ('liar.example', 'proven', ?)").run(oldEvidence.id)
  const root = chainAfter("4")
  raw.prepare("INSERT INTO history VALUES (1, 4, ?, ?)").run(root, chainAfter("3"))
  raw.close()
  createGuardFile(guard, identity, {
    ...{ size: 4, root: asHash(new Uint8Array(root)), time: startTime },
  })
}
