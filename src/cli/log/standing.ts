// Compares a log's database with its head guard before anything opens the database for writing: what SQLite drops or
// moves when a writer opens and closes it is only then known not to be missed.

import { Refusal } from "../../core/base/errors.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { assertExtends, assertNotBehind, assertSameGuard, missingText } from "../../log/standing.ts"
import { type GuardContent, readGuardFile } from "../../storage/files/guard-file.ts"
import { type LogLook, lookAtLog, openLogReads, type StoredLog } from "../../storage/log-engine.ts"
import { closing } from "../command/closers.ts"
import type { DataDirectory } from "./data-directory.ts"

/** Looks at a database, and says what would be lost if its write-ahead log is broken. Throws as that does. */
export function lookGuarded(database: string, guarded: GuardContent | undefined): LogLook {
  return lookAtLog(database, (size) => guarded && missingText(size, guarded.head))
}

/**
 * Refuses and throws unless the database has the guarded tree and extends it; both stay as they are. The tree of a
 * database of an older version is compared once that is brought up to date.
 */
export async function assertStanding({
  database,
  guard,
}: Pick<DataDirectory, "database" | "guard">): Promise<void> {
  const guarded = readGuardFile(guard)
  const look = lookGuarded(database, guarded)
  assertSameGuard(look, guarded.identity)
  assertNotBehind(look.head, guarded.head)
  if (!look.isCurrent) return
  await closing(openLogReads(database), (reads) =>
    assertExtends({ reads, guarded: guarded.head, hasher: nativeHasher }),
  )
}

/** The guard of a log, read before its database; undefined where there is none, which is to be said. */
export function guardIfThere(path: string): GuardContent | undefined {
  try {
    return readGuardFile(path)
  } catch (reason) {
    if (reason instanceof Refusal && reason.code === "not-found") return undefined
    throw reason
  }
}

/** Why a database is not what its guard says was signed; undefined if it is. Throws Trouble as reading does. */
export async function unlikeGuard(
  reads: StoredLog,
  { identity, head: guarded }: GuardContent,
): Promise<string | undefined> {
  try {
    assertSameGuard(reads.identity, identity)
    const behind = missingText((await reads.head()).size, guarded)
    if (behind !== undefined) return `behind what was signed: ${behind}`
    await assertExtends({ reads, guarded, hasher: nativeHasher })
    return undefined
  } catch (reason) {
    if (reason instanceof Refusal) return reason.message
    throw reason
  }
}

export function notComparedText(path: string): string {
  return `it was not compared with its head guard, found none at ${path}: give --guard FILE`
}
