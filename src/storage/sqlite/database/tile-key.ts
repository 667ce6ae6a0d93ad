// Packs the level and the index of a tile into the integer key of its row.
import type { TileId } from "../../../core/tree/tile.ts"

const LEVELS = 64
const INDEXES_A_LEVEL = 2 ** 46

/**
 * `level * 2^46 + index`, below 2^52; undefined for a tile that cannot exist, since a tree of up to
 * 2^53-1 entries has indexes below 2^45.
 */
export function tileKey({ level, index }: TileId): number | undefined {
  const inRange = isBelow(level, LEVELS) && isBelow(index, INDEXES_A_LEVEL)
  return inRange ? level * INDEXES_A_LEVEL + index : undefined
}

function isBelow(value: number, end: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < end
}
