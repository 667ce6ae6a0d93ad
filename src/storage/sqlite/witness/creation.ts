// Makes the files of a new witness: its database with its identity, and the head guard beside it.
import { EMPTY_ROOT } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import { createGuardFile } from "../../files/guard-file.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { createDatabase } from "../database/creation.ts"
import { witnessDatabase } from "../database/database-kind.ts"

/** Where the files of a witness lie. */
export interface WitnessFiles {
  readonly database: string
  /** Never part of a backup: best on another disk. */
  readonly guard: string
}

/**
 * Makes a witness that has cosigned nothing, durable when this returns. In `identity` the origin is the
 * witness's name and the fingerprints are those of its keys; `time` is Unix milliseconds. Refuses
 * `conflict` if one of the files is there: nothing is ever overwritten.
 */
export function createWitnessStore(
  { database, guard }: WitnessFiles,
  identity: LogIdentity,
  { time }: { readonly time: number },
): void {
  const { origin, treeId, keyFingerprints } = parseIdentity(identity)
  createDatabase(database, witnessDatabase, (connection) => {
    connection
      .prepare(
        "INSERT INTO witness (id, name, tree_id, key_fingerprints, created) VALUES (1, ?, ?, ?, ?)",
      )
      .run(origin, treeId, JSON.stringify(keyFingerprints), time)
    connection
      .prepare("INSERT INTO history (id, changes, chain, previous) VALUES (1, 0, @root, @root)")
      .run({ root: EMPTY_ROOT })
  })
  // If we stop here, opening refuses for want of a guard and nothing was signed.
  createGuardFile(guard, identity, { size: 0, root: EMPTY_ROOT, time })
}
