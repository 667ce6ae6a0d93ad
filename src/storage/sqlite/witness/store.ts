// The witness's store in SQLite, under its head guard. Everything happens on the calling thread, which
// waits for the disk: twice a change, however many heads it has.
import { refuse } from "../../../core/base/errors.ts"
import { EMPTY_ROOT } from "../../../core/tree/hash.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import type { WitnessStore } from "../../../witness/store.ts"
import { holdLock } from "../../disk/process-lock.ts"
import { onSqlite } from "../../disk/trouble.ts"
import { createGuardFile, openGuardFile } from "../../files/guard-file.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { openConnection } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { witnessDatabase } from "../database/database-kind.ts"
import { openHistory } from "./history.ts"
import { assertNotBehindGuard } from "./look.ts"
import { readWitnessIdentity, witnessReads } from "./reads.ts"
import { witnessWrites } from "./writes.ts"

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

/** The store with the witness that it was made for: its name is the origin. */
export interface SqliteWitnessStore extends WitnessStore {
  readonly identity: LogIdentity
}

/**
 * Opens the files of a witness and locks them against other processes until the store is closed. Refuses
 * `not-found`; `conflict` if they are in use, or if the database is not the newest one that its guard
 * knows; else as openConnection does.
 */
export async function openWitnessStore(files: WitnessFiles): Promise<SqliteWitnessStore> {
  const { database: path } = files
  assertNotBehindGuard(path, files.guard)
  // Before the lock, which would make a file beside a database that is not there.
  const connection = openConnection(path, "write", witnessDatabase)
  const closers: (() => Promise<void> | void)[] = [() => void connection.close()]
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    closers.push(holdLock(`${path}.lock`, `the witness's database ${path}`).release)
    const guard = openGuardFile(files.guard)
    closers.push(guard.close)
    const identity = onSqlite(path, () => readWitnessIdentity(path, connection))
    assertSameWitness(identity, guard.identity)
    const { change, settled } = await openHistory(path, connection, guard)
    closers.push(settled)
    const writes = onSqlite(path, () => witnessWrites(connection))
    return {
      ...onSqlite(path, () => witnessReads(path, connection)),
      advance: (advances) => change(() => writes.advance(advances)),
      setLog: (log) => change(() => writes.setLog(log)),
      convict: (origin, evidence, freeze) => change(() => writes.convict(origin, evidence, freeze)),
      stop: (origin, note) => change(() => writes.stop(origin, note)),
      unfreeze: (origin) => change(() => writes.unfreeze(origin)),
      identity,
      close,
    }
  } catch (reason) {
    await close()
    throw reason
  }
}

function assertSameWitness(stored: LogIdentity, guarded: LogIdentity): void {
  if (stored.treeId === guarded.treeId && stored.origin === guarded.origin) return
  refuse(
    "conflict",
    `the head guard belongs to the witness ${guarded.origin} (${guarded.treeId}), the database to ` +
      `${stored.origin} (${stored.treeId}); give the guard that was made with this database`,
  )
}
