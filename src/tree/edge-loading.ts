// Rebuilds the right edge of a tree from what is kept of it and compares its root with the head. It is how
// the sequencer, the log's readers and the monitor begin; a root that differs means damaged storage.
import { concat, equalBytes } from "../core/base/bytes.ts"
import { Trouble } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { type Edge, edgeRoot } from "../core/tree/edge.ts"
import type { Head, TreeHasher } from "../core/tree/hash.ts"
import {
  emptyTile,
  hashesAtLevel,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileFromHashes,
  tileRoot,
} from "../core/tree/tile.ts"
import type { LeafReads } from "./tile-reads.ts"

async function tailHashes(reads: LeafReads, size: number): Promise<Uint8Array> {
  const from = Math.floor(size / TILE_WIDTH) * TILE_WIDTH
  const hashes = await reads.leafHashes(from, size)
  if (hashes.length !== size - from) {
    throw new Trouble("damaged", `entries ${from + hashes.length} to ${size - 1} are missing`)
  }
  return concat(...hashes)
}

/** The hashes of the partial tile above full tiles: each is the root of one full tile below. */
async function rootsOfTiles(reads: LeafReads, ids: readonly TileId[], hasher: TreeHasher) {
  const tiles = await reads.tiles(ids)
  const roots = tiles.map((hashes, i) => {
    const id = ids[i] as TileId
    if (hashes === undefined) {
      throw new Trouble("damaged", `tile ${id.level}/${id.index} is missing`)
    }
    return tileRoot(tileFromHashes(hashes, hasher))
  })
  return concat(...roots)
}

function partialTileIds(level: number, size: number): TileId[] {
  const to = hashesAtLevel(level + 1, size)
  const from = Math.floor(to / TILE_WIDTH) * TILE_WIDTH
  return Array.from({ length: to - from }, (_, i) => ({ level, index: from + i }))
}

/**
 * The edge at `head`, from at most 255 leaf hashes and 255 full tiles a level (some 30 ms a level).
 * Throws Trouble `damaged` if anything is missing or the root is not the head's.
 */
export async function loadEdge(reads: LeafReads, head: Head, hasher: TreeHasher): Promise<Edge> {
  const levels: TileNodes[] = []
  for (let level = 0; hashesAtLevel(level, head.size) > 0; level++) {
    const hashes =
      level === 0
        ? await tailHashes(reads, head.size)
        : await rootsOfTiles(reads, partialTileIds(level - 1, head.size), hasher)
    levels.push(hashes.length === 0 ? emptyTile() : tileFromHashes(hashes, hasher))
  }
  const edge: Edge = { size: head.size, levels }
  const root = edgeRoot(edge, hasher)
  if (!equalBytes(root, head.root)) {
    throw new Trouble(
      "damaged",
      `the stored head says root ${formatHex(head.root)} at size ${head.size}, but the stored ` +
        `entries and tiles give ${formatHex(root)}; run "countersign fsck" to see what is damaged`,
    )
  }
  return edge
}
