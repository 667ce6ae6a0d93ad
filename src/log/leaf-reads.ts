// The store's tiles and bodies as the tree they give.
import type { TreeHasher } from "../core/tree/hash.ts"
import type { LeafReads } from "../tree/tile-reads.ts"
import type { LogReads } from "./ports/store.ts"

export function leafReads(reads: LogReads, hasher: TreeHasher): LeafReads {
  return {
    tiles: (ids) => reads.tiles(ids),
    async leafHashes(from, to) {
      return (await reads.bodies(from, to)).map((body) => hasher.leaf(body))
    },
  }
}
