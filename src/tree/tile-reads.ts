// What reading a tree needs of whoever keeps it: full tiles, and the leaf hashes behind the last full one.
import type { Hash } from "../core/tree/hash.ts"
import type { TileId } from "../core/tree/tile.ts"

export interface TileReads {
  /** Full tiles in the order asked for; undefined where there is none. */
  tiles(ids: readonly TileId[]): Promise<(Uint8Array | undefined)[]>
}

export interface LeafReads extends TileReads {
  /** The leaf hashes of entries `from` up to but without `to`; fewer if fewer are there. */
  leafHashes(from: number, to: number): Promise<readonly Hash[]>
}
