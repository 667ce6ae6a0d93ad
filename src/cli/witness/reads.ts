// Reads what a witness holds, also while it serves.
import type { LogIdentity } from "../../log/ports/store.ts"
import { openConnection } from "../../storage/sqlite/database/connection.ts"
import { witnessDatabase } from "../../storage/sqlite/database/database-kind.ts"
import { readWitnessIdentity, witnessReads } from "../../storage/sqlite/witness/reads.ts"
import type { WitnessStore } from "../../witness/store.ts"
import { assertWitness, type WitnessDirectory } from "./directory.ts"

interface WitnessReads extends Pick<WitnessStore, "heads" | "freezes" | "logs" | "evidence"> {
  readonly identity: LogIdentity
}

/** Refuses `not-found` if there is no witness, and as opening the database does. */
export async function readWitness<T>(
  directory: WitnessDirectory,
  read: (reads: WitnessReads) => Promise<T>,
): Promise<T> {
  assertWitness(directory)
  const { database } = directory
  const connection = openConnection(database, "read", witnessDatabase)
  try {
    const identity = readWitnessIdentity(database, connection)
    return await read({ ...witnessReads(database, connection), identity })
  } finally {
    connection.close()
  }
}
