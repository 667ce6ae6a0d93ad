// What every store checks before it writes: that a commit is whole and follows the head it holds.

import { equalBytes } from "../../core/base/bytes.ts"
import { bug, refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { assertSize, type Head } from "../../core/tree/hash.ts"
import { FULL_TILE_BYTES, hashesAtLevel, TILE_WIDTH, type TileId } from "../../core/tree/tile.ts"
import type { Commit, StoredTile, TimedHead } from "../../log/ports/store.ts"

/** The most bodies that one read may ask for. */
const BODIES_AT_ONCE = 4_096

/** The first entry that no full bundle holds in a tree of `size`. */
export function firstUnbundled(size: number): number {
  return hashesAtLevel(1, size) * TILE_WIDTH
}

/** Throws a bug unless the commit has entries and exactly the tiles and bundles that they complete. */
export function assertCommit(commit: Commit): void {
  const { from, to, bodies } = commit
  assertSize(to.size, "the size of a commit")
  if (bodies.length === 0 || to.size !== from.size + bodies.length) {
    bug(`a commit from ${from.size} to ${to.size} has ${bodies.length} bodies`)
  }
  for (const body of bodies) assertBodyLength(body)
  assertPlaces(commit, "an attachment", commit.attachments)
  assertPlaces(commit, "side terms", commit.sideTerms)
  assertBundles(commit)
  assertTiles(commit)
}

function assertPlaces(
  { from, to }: Commit,
  what: string,
  placed: readonly { readonly index: number }[],
): void {
  let last = from.size - 1
  for (const { index } of placed) {
    if (!(index > last && index < to.size)) bug(`${what} of entry ${index}: out of place`)
    last = index
  }
}

function assertBundles({ from, to, bundles }: Commit): void {
  const first = hashesAtLevel(1, from.size)
  const complete = hashesAtLevel(1, to.size) - first
  const inOrder = bundles.every((bundle, i) => bundle.index === first + i)
  if (bundles.length !== complete || !inOrder) {
    bug(`a commit from ${from.size} to ${to.size} has not the ${complete} bundles it completes`)
  }
}

function assertTiles({ from, to, tiles }: Commit): void {
  const expected = completedTiles(from.size, to.size)
  if (areTiles(tiles, expected)) return
  bug(`a commit from ${from.size} to ${to.size} has not the ${expected.length} tiles it completes`)
}

/** Whether these are full tiles with exactly these places. */
export function areTiles(tiles: readonly StoredTile[], expected: readonly TileId[]): boolean {
  const given = new Map(tiles.map((tile) => [tileName(tile.id), tile.hashes.length]))
  const whole = expected.every((id) => given.get(tileName(id)) === FULL_TILE_BYTES)
  return whole && tiles.length === expected.length
}

/** Names a tile, so that it can be the key of a map. */
export function tileName(id: TileId): string {
  return `${id.level}/${id.index}`
}

/** The tiles that a tree of size `to` fills and one of size `from` does not. */
export function completedTiles(from: number, to: number): TileId[] {
  const ids: TileId[] = []
  for (let level = 0; hashesAtLevel(level + 1, to) > 0; level++) {
    const end = hashesAtLevel(level + 1, to)
    for (let index = hashesAtLevel(level + 1, from); index < end; index++)
      ids.push({ level, index })
  }
  return ids
}

/**
 * The check of every compare-and-swap: refuses `conflict` unless `held` is `from`; a head that would
 * shrink, stand still or go back in time is a bug.
 */
export function assertSuccessor(held: TimedHead, from: Head, to: TimedHead): void {
  if (held.size !== from.size || !equalBytes(held.root, from.root)) {
    refuse(
      "conflict",
      `expected to move on from size ${from.size} with root ${formatHex(from.root)}, found size ` +
        `${held.size} with root ${formatHex(held.root)}: another process has written`,
    )
  }
  if (to.size <= held.size || !Number.isSafeInteger(to.time) || to.time < held.time) {
    bug(`the head cannot go from ${held.size} at ${held.time} to ${to.size} at ${to.time}`)
  }
  if (held.commits !== undefined && to.commits === undefined) {
    bug(`the head at ${to.size} has nothing that covers its commits`)
  }
}

/** Throws a bug unless entries `from` to `to` may be asked for in one call. */
export function assertBodiesRange(from: number, to: number): void {
  assertSize(from, "the first entry")
  assertSize(to, "the end of the entries")
  if (to < from || to - from > BODIES_AT_ONCE) bug(`asked for the entries from ${from} to ${to}`)
}
