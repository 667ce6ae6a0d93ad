// Where a stored log stands to its head guard, told from reads alone: before anything opens the log for writing, and for
// what only checks or copies it.

import { refuse } from "../core/base/errors.ts"
import type { Head, TreeHasher } from "../core/tree/hash.ts"
import { planConsistency, verifyConsistency } from "../core/tree/proof.ts"
import { loadEdge } from "../tree/edge-loading.ts"
import { createTreeReader } from "../tree/tree-reader.ts"
import { sameHead, shownHead } from "./held-head.ts"
import { leafReads } from "./leaf-reads.ts"
import type { LogIdentity, LogReads } from "./ports/store.ts"

type Named = Pick<LogIdentity, "origin" | "treeId">

/** Refuses `conflict` for the guard of another log. */
export function assertSameGuard(store: Named, guard: Named): void {
  if (guard.origin !== store.origin || guard.treeId !== store.treeId) {
    refuse(
      "conflict",
      `the head guard belongs to the log ${guard.origin} (tree ${guard.treeId}), the database to ` +
        `${store.origin} (tree ${store.treeId}); give the guard that was made with this database`,
    )
  }
}

/**
 * Refuses `conflict` for a database that lacks what was signed. The order of the checks matters for the message: a
 * database that is behind was restored.
 */
export function assertNotBehind(stored: Head, guarded: Head): void {
  if (stored.size < guarded.size) {
    refuse(
      "conflict",
      `the database is at ${shownHead(stored)}, but the log has already signed ` +
        `${shownHead(guarded)}: an older copy of the database was put in place, or the end of ` +
        `its write-ahead log was lost. Signing on would fork the log. Nothing was changed: bring back the newer ` +
        `database, or start a new log under a new origin`,
    )
  }
  if (stored.size === guarded.size && !sameHead(stored, guarded)) {
    refuse(
      "conflict",
      `the database and the head guard hold different trees: ${shownHead(stored)} and ` +
        `${shownHead(guarded)}. Bring back the database that belongs to this guard`,
    )
  }
}

/** Which entries a database at `size` lacks of those that were signed; undefined if it is not behind. */
export function missingText(size: number, guarded: Head): string | undefined {
  if (size >= guarded.size) return undefined
  return (
    `the database is at size ${size}, the head guard at ${guarded.size}: entries ${size} to ` +
    `${guarded.size - 1} are missing, which were signed`
  )
}

interface Standing {
  readonly reads: LogReads
  readonly guarded: Head
  readonly hasher: TreeHasher
}

/**
 * Refuses unless the stored tree, up to its head, extends the guarded one: `conflict` if it is behind or is another one,
 * else as proofs do. Reads the edge and the tiles of one proof. Throws Trouble `damaged` for tiles that do not fit.
 */
export async function assertExtends({ reads, guarded, hasher }: Standing): Promise<void> {
  const stored = await reads.head()
  assertNotBehind(stored, guarded)
  const edge = await loadEdge(leafReads(reads, hasher), stored, hasher)
  if (sameHead(guarded, stored)) return
  const reader = createTreeReader({ edge, reads, hasher, cachedTiles: CACHED_TILES })
  const path = await reader.prove(planConsistency(guarded.size, stored.size))
  verifyConsistency(guarded, stored, path, hasher)
}

const CACHED_TILES = 8
