// The witness's store in SQLite, under its head guard. Everything happens on the calling thread, which
// waits for the disk: twice a change, however many heads it has.
import { realpathSync } from "node:fs"
import type { Database } from "better-sqlite3"
import { refuse } from "../../../core/base/errors.ts"
import { EMPTY_ROOT } from "../../../core/tree/hash.ts"
import type { HeadGuard } from "../../../log/ports/guard.ts"
import type { LogIdentity } from "../../../log/ports/store.ts"
import type { WitnessStore } from "../../../witness/store.ts"
import { onDisk } from "../../disk/durable-file.ts"
import { holdLock } from "../../disk/process-lock.ts"
import { asDamage, onSqlite } from "../../disk/trouble.ts"
import { createGuardFile, openGuardFile, readGuardFile } from "../../files/guard-file.ts"
import { parseIdentity } from "../../rules/identity.ts"
import { openConnection } from "../database/connection.ts"
import { createDatabase } from "../database/creation.ts"
import { witnessDatabase } from "../database/database-kind.ts"
import { createReadBack, type ReadBack } from "../database/read-back.ts"
import { coverRows } from "./carrying.ts"
import type { WitnessContents } from "./contents.ts"
import { chainOf, digestBytes } from "./digests.ts"
import { assertNotBehind, continueHistory, readHistory, settleGuard } from "./history.ts"
import { assertNotBehindGuard } from "./look.ts"
import { assertIntact, isUncovered, readVerified, type VerifiedWitness } from "./opening.ts"
import { digestsOf, identityOf, scanAll } from "./rows.ts"

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
  let root = EMPTY_ROOT
  createDatabase(database, witnessDatabase, (connection) => {
    connection
      .prepare(
        "INSERT INTO witness (id, name, tree_id, key_fingerprints, created) VALUES (1, ?, ?, ?, ?)",
      )
      .run(origin, treeId, JSON.stringify(keyFingerprints), time)
    const digests = digestsOf(scanAll(connection))
    root = chainOf(0, EMPTY_ROOT, digests)
    connection
      .prepare("INSERT INTO history (id, changes, chain, previous, digests) VALUES (1, 0, ?, ?, ?)")
      .run(root, EMPTY_ROOT, digestBytes(digests))
  })
  // If we stop here, opening refuses for want of a guard and nothing was signed.
  createGuardFile(guard, identity, { size: 0, root, time })
}

/** The store with the witness that it was made for: its name is the origin. */
export interface SqliteWitnessStore extends WitnessStore {
  readonly identity: LogIdentity
}

/**
 * Opens the files of a witness and locks them against other processes until the store is closed. All rows are read and
 * compared with what the guard covers, and kept in memory but for the texts of evidence. Refuses
 * `not-found`; `conflict` if they are in use, or if the database is not the newest one that its guard
 * knows; throws Trouble `damaged` if a row, an index or the history has rotted; else as openConnection does.
 */
export async function openWitnessStore(files: WitnessFiles): Promise<SqliteWitnessStore> {
  const { database: path } = files
  assertNotBehindGuard(path, files.guard)
  // Before the lock, which would make a file beside a database that is not there.
  const connection = openConnection(path, "upgrade", witnessDatabase)
  let readBack: ReadBack | undefined
  const closers: (() => Promise<void> | void)[] = [
    () => onSqlite(path, () => void (readBack ?? connection).close()),
  ]
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const place = onDisk(path, () => realpathSync(path))
    closers.push(holdLock(`${place}.lock`, `the witness's database ${path}`).release)
    const guard = openGuardFile(files.guard)
    closers.push(guard.close)
    assertIntact(path, connection)
    if (isUncovered(path, connection)) await bringUpToDate(path, connection, guard)
    readBack = onSqlite(path, () => createReadBack(path, connection))
    const verified = readVerified(path, connection)
    assertSameWitness(verified.identity, guard.identity)
    await settleGuard(path, verified.history, guard)
    const { settled, ...store } = storeOver({ path, connection, readBack }, verified, guard)
    closers.push(settled)
    return { ...store, close }
  } catch (reason) {
    await close()
    throw reason
  }
}

/** Changes nothing unless the database and the guard belong together. */
async function bringUpToDate(path: string, connection: Database, guard: HeadGuard): Promise<void> {
  const [identity, history] = onSqlite(path, () =>
    asDamage(
      path,
      () => [identityOf(path, scanAll(connection)), readHistory(path, connection)] as const,
    ),
  )
  assertSameWitness(identity, guard.identity)
  await settleGuard(path, history, guard)
  coverRows(path, connection)
}

interface WitnessDatabase {
  readonly path: string
  readonly connection: Database
  readonly readBack: ReadBack
}

function storeOver(
  database: WitnessDatabase,
  { identity, history, contents }: VerifiedWitness,
  guard: HeadGuard,
) {
  const { path } = database
  const options = { ...database, contents, guard }
  const { change, fail, settled } = onSqlite(path, () => continueHistory(history, options))
  const reads = readsOver(path, contents)
  return {
    ...reads,
    async evidence() {
      try {
        return await reads.evidence()
      } catch (reason) {
        // A disk that rots under us has perhaps more to forget.
        await fail(reason)
        throw reason
      }
    },
    advance: (advances) => change(() => contents.advance(advances)),
    setLog: (log) => change(() => contents.setLog(log)),
    convict: (origin, evidence, freeze) => change(() => contents.convict(origin, evidence, freeze)),
    stop: (origin, note) => change(() => contents.stop(origin, note)),
    unfreeze: (origin) => change(() => contents.unfreeze(origin)),
    identity,
    settled,
  } satisfies Omit<SqliteWitnessStore, "close"> & { settled(): Promise<void> }
}

type Reads = Pick<WitnessStore, "heads" | "freezes" | "logs" | "evidence">

function readsOver(path: string, contents: WitnessContents): Reads {
  return {
    heads: async () => contents.heads(),
    freezes: async () => contents.freezes(),
    logs: async () => contents.logs(),
    evidence: async () => onSqlite(path, () => asDamage(path, contents.evidence)),
  }
}

/** What a witness keeps, as it was at one moment. */
export interface WitnessReads extends Reads {
  readonly identity: LogIdentity
  close(): void
}

/**
 * Reads what a witness keeps, also while it serves. Without its guard nothing says whether the copy is the newest.
 * Refuses `conflict` and throws Trouble `damaged` as opening the store does; else as openConnection does.
 */
export function openWitnessReads({
  database: path,
  guard,
}: Pick<WitnessFiles, "database"> & Partial<WitnessFiles>): WitnessReads {
  const guarded = guard === undefined ? undefined : readGuardFile(guard)
  const connection = openConnection(path, "read", witnessDatabase)
  const close = () => void connection.close()
  try {
    // One state of the database for every table.
    onSqlite(path, () => connection.exec("BEGIN"))
    assertIntact(path, connection)
    const { identity, history, contents } = readVerified(path, connection)
    if (guard !== undefined && guarded !== undefined) {
      assertSameWitness(identity, guarded.identity)
      assertNotBehind(path, history, guarded.head, readGuardFile(guard).head)
    }
    return { ...readsOver(path, contents), identity, close }
  } catch (reason) {
    close()
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
