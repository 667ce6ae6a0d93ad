// The store's tiles and bodies as the tree they give, and the index of leaf hashes that is made of it when a log is
// opened.
import { Trouble } from "../core/base/errors.ts"
import { HASH_SIZE, type TreeHasher } from "../core/tree/hash.ts"
import { hashesAtLevel, TILE_WIDTH, tileBytes } from "../core/tree/tile.ts"
import { createLeafIndex, type LeafIndex } from "../tree/leaf-index.ts"
import type { LeafReads, TileReads } from "../tree/tile-reads.ts"
import type { TreeReader } from "../tree/tree-reader.ts"
import type { LogReads } from "./ports/store.ts"

export function leafReads(reads: LogReads, hasher: TreeHasher): LeafReads {
  return {
    tiles: (ids) => reads.tiles(ids),
    async leafHashes(from, to) {
      return (await reads.bodies(from, to)).map((body) => hasher.leaf(body))
    },
  }
}

const TILES_AT_ONCE = 256

/** The index of all leaf hashes of the tree. Throws Trouble `damaged` for a tile that is missing. */
export async function loadLeafIndex(reads: TileReads, tree: TreeReader): Promise<LeafIndex> {
  const index = createLeafIndex(tree.edge.size)
  const fullTiles = hashesAtLevel(1, tree.edge.size)
  const addAll = (hashes: Uint8Array, first: number): void => {
    for (let i = 0; i * HASH_SIZE < hashes.length; i++) {
      index.add(hashes, first + i, i * HASH_SIZE)
    }
  }
  for (let from = 0; from < fullTiles; from += TILES_AT_ONCE) {
    const count = Math.min(TILES_AT_ONCE, fullTiles - from)
    const ids = Array.from({ length: count }, (_, i) => ({ level: 0, index: from + i }))
    const tiles = await reads.tiles(ids)
    tiles.forEach((hashes, i) => {
      if (hashes === undefined) throw new Trouble("damaged", `tile 0/${from + i} is missing`)
      addAll(hashes, (from + i) * TILE_WIDTH)
    })
  }
  const last = tree.edge.levels[0]
  if (last !== undefined) addAll(tileBytes(last, last.width), fullTiles * TILE_WIDTH)
  return index
}
