// What every monitor store does with new leaf hashes: checks that they follow the ones it has, and cuts
// them into full tiles of level 0 and a tail of at most 255.
import { bug, refuse } from "../../core/base/errors.ts"
import { asHash, assertSize, HASH_SIZE, type Hash } from "../../core/tree/hash.ts"
import { FULL_TILE_BYTES, hashesAtLevel, TILE_WIDTH } from "../../core/tree/tile.ts"
import type { StoredTile } from "../../log/ports/store.ts"
import type { LeafChange } from "../../monitor/state/store.ts"
import { areTiles, completedTiles } from "./commit.ts"

/** The most leaf hashes that one read may ask for. */
const LEAVES_AT_ONCE = 4_096

export interface CutLeaves {
  readonly size: number
  readonly tiles: readonly StoredTile[]
  readonly tail: Uint8Array
}

/** Refuses `conflict` unless `change` begins at `size`, whose leaf hashes end with `tail`. */
export function cutLeaves(size: number, tail: Uint8Array, change: LeafChange): CutLeaves {
  const { origin, from, leafHashes, tiles } = change
  if (from !== size) {
    refuse("conflict", `expected ${size} leaf hashes of ${origin}, found ${from}`)
  }
  const to = from + leafHashes.length
  assertUpperTiles(change, to)
  const joined = joinedLeaves(tail, leafHashes)
  const first = hashesAtLevel(1, from)
  const complete = hashesAtLevel(1, to) - first
  const level0 = Array.from({ length: complete }, (_, i) => ({
    id: { level: 0, index: first + i },
    hashes: joined.subarray(i * FULL_TILE_BYTES, (i + 1) * FULL_TILE_BYTES),
  }))
  return { size: to, tiles: [...level0, ...tiles], tail: joined.slice(complete * FULL_TILE_BYTES) }
}

function joinedLeaves(tail: Uint8Array, leafHashes: readonly Hash[]): Uint8Array {
  const joined = new Uint8Array(tail.length + leafHashes.length * HASH_SIZE)
  joined.set(tail)
  leafHashes.forEach((hash, i) => {
    joined.set(hash, tail.length + i * HASH_SIZE)
  })
  return joined
}

function assertUpperTiles({ origin, from, leafHashes, tiles }: LeafChange, to: number): void {
  const expected = completedTiles(from, to).filter(({ level }) => level > 0)
  if (leafHashes.length > 0 && areTiles(tiles, expected)) return
  bug(
    `a change of ${origin} from ${from} to ${to} has not the ${expected.length} tiles it completes`,
  )
}

/** Throws a bug unless leaf hashes `from` to `to` may be asked for in one call. */
function assertLeafRange(from: number, to: number): void {
  assertSize(from, "the first leaf hash")
  assertSize(to, "the end of the leaf hashes")
  if (to < from || to - from > LEAVES_AT_ONCE) bug(`asked for leaf hashes from ${from} to ${to}`)
}

/** The hashes from `from` to `to`, out of full tiles by index and the tail; fewer if fewer are there. */
export function pickLeaves(
  size: number,
  [from, to]: readonly [number, number],
  tileAt: (index: number) => Uint8Array | undefined,
  tail: () => Uint8Array | undefined,
): Hash[] {
  assertLeafRange(from, to)
  const found: Hash[] = []
  const end = Math.min(to, size)
  const full = hashesAtLevel(1, size)
  for (let at = from; at < end; ) {
    const index = hashesAtLevel(1, at)
    const hashes = index < full ? tileAt(index) : tail()
    if (hashes === undefined) return found
    const stop = Math.min(end, (index + 1) * TILE_WIDTH)
    for (; at < stop; at++) {
      const place = (at - index * TILE_WIDTH) * HASH_SIZE
      found.push(asHash(hashes.slice(place, place + HASH_SIZE)))
    }
  }
  return found
}
