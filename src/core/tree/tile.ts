// Tiles of C2SP tlog-tiles: 256 sibling hashes of every eighth tree level, their canonical paths, and
// a tile with its interior nodes for making proofs. Leaves out entry bundles' content (bundle.ts).
import { refuse, shown } from "../base/errors.ts"
import { asHash, HASH_SIZE, type Hash, type TreeHasher } from "./hash.ts"
import type { NodeId } from "./tree.ts"

export const TILE_HEIGHT = 8
/** Hashes in a full tile, entries in a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256
export const FULL_TILE_BYTES = TILE_WIDTH * HASH_SIZE

/** Which tile of a tree (C2SP tlog-tiles). */
export interface TileId {
  /** 0 to 63; level 0 holds leaf hashes. */
  readonly level: number
  readonly index: number
}

// Powers from tables: they are looked up for every node of every proof, and `**` costs ten times more.
const HIGHEST_LEVEL = 63
const entriesOfHash = Array.from({ length: HIGHEST_LEVEL + 2 }, (_, level) => TILE_WIDTH ** level)
const nodesAtHeight = Array.from({ length: TILE_HEIGHT + 1 }, (_, h) => 2 ** (TILE_HEIGHT - h))

/** Hashes that exist at a tile level of a tree: complete subtrees of 256^level entries. */
export function hashesAtLevel(level: number, size: number): number {
  return Math.floor(size / (entriesOfHash[level] ?? Number.POSITIVE_INFINITY))
}

/**
 * How many hashes this tile has in the tree of `size` entries: 0 (does not exist) to 256 (full).
 *
 * @example
 * ```ts
 * import { tileWidth } from "countersign/audit"
 *
 * console.log(tileWidth({ level: 0, index: 1 }, 300), tileWidth({ level: 1, index: 0 }, 300)) // 44 1
 * ```
 */
export function tileWidth(tile: TileId, size: number): number {
  const available = hashesAtLevel(tile.level, size) - tile.index * TILE_WIDTH
  return Math.max(0, Math.min(TILE_WIDTH, available))
}

/** Where a node is: hash number `offset` at `height` (0 to 7) above the hashes of `tile`. */
export function nodePlace(node: NodeId) {
  const level = Math.floor(node.height / TILE_HEIGHT)
  const height = node.height - level * TILE_HEIGHT
  const nodesPerTile = nodesAtHeight[height] as number
  const index = Math.floor(node.index / nodesPerTile)
  return { tile: { level, index }, height, offset: node.index - index * nodesPerTile }
}

/** The right-edge resources of a tree: one tile a level, as far as the level has hashes there. */
export function partialTiles(size: number): { readonly tile: TileId; readonly width: number }[] {
  const tiles: { tile: TileId; width: number }[] = []
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    const hashes = hashesAtLevel(level, size)
    const index = Math.floor(hashes / TILE_WIDTH)
    const width = hashes - index * TILE_WIDTH
    if (width > 0) tiles.push({ tile: { level, index }, width })
  }
  return tiles
}

/** A tile or entry bundle as a path names it; `width` 256 is the full resource. */
export type TileResource =
  | {
      readonly kind: "tile"
      readonly level: number
      readonly index: number
      readonly width: number
    }
  | { readonly kind: "entries"; readonly index: number; readonly width: number }

function formatIndex(index: number): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? []
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/")
}

/**
 * The path of a tile or bundle (C2SP tlog-tiles, "Merkle Tree"), without a leading slash.
 *
 * @example
 * ```ts
 * import { formatTilePath } from "countersign/audit"
 *
 * console.log(formatTilePath({ kind: "tile", level: 0, index: 1067, width: 8 })) // tile/0/x001/067.p/8
 * ```
 */
export function formatTilePath(resource: TileResource): string {
  const row = resource.kind === "tile" ? String(resource.level) : "entries"
  const suffix = resource.width === TILE_WIDTH ? "" : `.p/${resource.width}`
  return `tile/${row}/${formatIndex(resource.index)}${suffix}`
}

const TILE_PATH =
  /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/
const LONGEST_PATH = 64

/** Reads a path that {@link formatTilePath} would print; refuses `malformed` for any other. */
export function parseTilePath(path: string): TileResource {
  const match = path.length <= LONGEST_PATH ? TILE_PATH.exec(path) : null
  if (match !== null) {
    const [, row = "", digits = "", partial] = match
    const index = Number(digits.replaceAll(/[x/]/g, ""))
    const width = partial === undefined ? TILE_WIDTH : Number(partial)
    const resource: TileResource =
      row === "entries"
        ? { kind: "entries", index, width }
        : { kind: "tile", level: Number(row), index, width }
    const allowed = width >= 1 && (resource.kind === "entries" || resource.level <= HIGHEST_LEVEL)
    // Printing it again outlaws leading zeros, `x000/`, `.p/0` and `.p/256` in one comparison.
    if (allowed && Number.isSafeInteger(index) && formatTilePath(resource) === path) {
      return resource
    }
  }
  return refuse(
    "malformed",
    `tile path: expected tile/LEVEL/INDEX or tile/entries/INDEX with an optional .p/WIDTH, found ${shown(path)}`,
  )
}

/**
 * A tile that grows to the right, with the nodes inside it. `slab` holds 511 hashes: 256 of height 0,
 * then 128 of height 1, and so on; the last one is the tile's root once `width` is 256.
 */
export interface TileNodes {
  width: number
  readonly slab: Uint8Array
}

const NODES_IN_TILE = 2 * TILE_WIDTH - 1

/** Position in the slab of the first node of each height. */
const rowStart = Array.from(
  { length: TILE_HEIGHT + 1 },
  (_, height) => 2 * TILE_WIDTH - 2 ** (TILE_HEIGHT + 1 - height),
)

export function emptyTile(): TileNodes {
  return { width: 0, slab: new Uint8Array(NODES_IN_TILE * HASH_SIZE) }
}

/** Adds one hash and every node that it completes: two node hashes on average, none kept from others. */
export function appendToTile(tile: TileNodes, hash: Uint8Array, hasher: TreeHasher): void {
  const slab = tile.slab
  let position = tile.width
  slab.set(hash, position * HASH_SIZE)
  tile.width += 1
  for (let height = 0; height < TILE_HEIGHT && position % 2 === 1; height++) {
    const left = ((rowStart[height] as number) + position - 1) * HASH_SIZE
    position = (position - 1) / 2
    hasher.nodeInto(slab, left, slab, ((rowStart[height + 1] as number) + position) * HASH_SIZE)
  }
}

/** Builds the nodes over `hashes`, which are 1 to 256 hashes side by side. 255 node hashes if full. */
export function tileFromHashes(hashes: Uint8Array, hasher: TreeHasher): TileNodes {
  const width = hashes.length / HASH_SIZE
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    refuse("malformed", `tile: expected 1 to 256 hashes of 32 bytes, found ${hashes.length} bytes`)
  }
  const tile = emptyTile()
  tile.slab.set(hashes)
  tile.width = width
  for (let height = 0; height < TILE_HEIGHT; height++) {
    const complete = Math.floor(width / 2 ** (height + 1))
    for (let i = 0; i < complete; i++) {
      const left = ((rowStart[height] as number) + 2 * i) * HASH_SIZE
      const at = ((rowStart[height + 1] as number) + i) * HASH_SIZE
      hasher.nodeInto(tile.slab, left, tile.slab, at)
    }
  }
  return tile
}

/** A view of the node at `height` (0 to 8) and `offset`, which must be complete at `tile.width`. */
export function nodeInTile(tile: TileNodes, height: number, offset: number): Hash {
  if ((offset + 1) * TILE_WIDTH > tile.width * (nodesAtHeight[height] as number)) {
    const node = `node ${offset} at height ${height}`
    refuse("beyond-tree", `the tile of width ${tile.width} has no ${node}`)
  }
  const at = ((rowStart[height] as number) + offset) * HASH_SIZE
  return asHash(tile.slab.subarray(at, at + HASH_SIZE))
}

/** A view of the first `width` hashes: the bytes of the tile as it is served. */
export function tileBytes(tile: TileNodes, width: number): Uint8Array {
  return tile.slab.subarray(0, width * HASH_SIZE)
}

/** A view of a full tile's root, which is its entry in the tile above. */
export function tileRoot(tile: TileNodes): Hash {
  return nodeInTile(tile, TILE_HEIGHT, 0)
}
