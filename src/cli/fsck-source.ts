// Where fsck, backup and export read a log from: the database of a data directory, or a URL.

import { encodeBundle } from "../core/bundle.ts"
import type { Head } from "../core/hash.ts"
import { TILE_WIDTH, type TileId } from "../core/tile.ts"
import type { FsckSource } from "../log/fsck.ts"
import type { LogReads } from "../log/store.ts"

/** A database as it is stored; its partial tiles follow from the entries. */
export function sourceFromReads(reads: LogReads, head: Head): FsckSource {
  return {
    head,
    hasPartialTiles: false,
    async tile(id: TileId, width: number) {
      if (width < TILE_WIDTH) return undefined
      const [hashes] = await reads.tiles([id])
      return hashes
    },
    async bundle(index, width) {
      if (width === TILE_WIDTH) return await reads.bundle(index)
      const bodies = await reads.bodies(index * TILE_WIDTH, index * TILE_WIDTH + width)
      return encodeBundle(bodies)
    },
  }
}
