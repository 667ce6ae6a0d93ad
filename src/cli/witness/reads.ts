// Reads what a witness holds, also while it serves.
import type { LogIdentity } from "../../log/ports/store.ts"
import { openConnection } from "../../storage/sqlite/database/connection.ts"
import { witnessDatabase } from "../../storage/sqlite/database/database-kind.ts"
import { readWitnessIdentity, witnessReads } from "../../storage/sqlite/witness/reads.ts"
import type { WitnessStore } from "../../witness/store.ts"
import type { WitnessDirectory } from "./directory.ts"

export interface WitnessReads
  extends Pick<WitnessStore, "heads" | "freezes" | "logs" | "evidence"> {
  readonly identity: LogIdentity
  close(): void
}

/** Refuses and throws as opening the database does. */
export function openWitnessReads({ database }: WitnessDirectory): WitnessReads {
  const connection = openConnection(database, "read", witnessDatabase)
  try {
    const identity = readWitnessIdentity(database, connection)
    const close = (): void => void connection.close()
    return { ...witnessReads(database, connection), identity, close }
  } catch (reason) {
    connection.close()
    throw reason
  }
}
