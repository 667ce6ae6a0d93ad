// The right edge of a growing tree: for each tile level the tile that is not yet full, with its nodes.
// It is all that an append needs to know. Keeps 16 KB a level, so at most 112 KB.
import { bug } from "../base/errors.ts"
import type { Hash, TreeHasher } from "./hash.ts"
import {
  appendToTile,
  emptyTile,
  hashesAtLevel,
  nodeInTile,
  nodePlace,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileRoot,
} from "./tile.ts"
import { foldNodes, rootNodes } from "./tree.ts"

export interface Edge {
  size: number
  /** `levels[l]` is the tile of level l that the next hash of that level goes into. */
  readonly levels: TileNodes[]
}

/** A tile that an append has filled; it never changes again. */
export interface FilledTile {
  readonly id: TileId
  readonly nodes: TileNodes
}

export function emptyEdge(): Edge {
  return { size: 0, levels: [] }
}

/** Appends one leaf hash; gives the tiles that became full, lowest level first (usually none). */
export function appendLeaf(edge: Edge, leafHash: Uint8Array, hasher: TreeHasher): FilledTile[] {
  const filled: FilledTile[] = []
  let hash: Uint8Array = leafHash
  edge.size += 1
  for (let level = 0; ; level++) {
    const nodes = edge.levels[level] ?? emptyTile()
    edge.levels[level] = nodes
    appendToTile(nodes, hash, hasher)
    if (nodes.width < TILE_WIDTH) return filled
    const index = hashesAtLevel(level + 1, edge.size) - 1
    filled.push({ id: { level, index }, nodes })
    edge.levels[level] = emptyTile()
    hash = tileRoot(nodes)
  }
}

/** The edge's own tile at this id, or undefined if that tile is full and so no longer here. */
export function edgeTile(edge: Edge, id: TileId): TileNodes | undefined {
  const index = Math.floor(hashesAtLevel(id.level, edge.size) / TILE_WIDTH)
  return id.index === index ? edge.levels[id.level] : undefined
}

/** The root at the edge's size: at most 53 node hashes. All nodes that it needs are in the edge. */
export function edgeRoot(edge: Edge, hasher: TreeHasher): Hash {
  const hashes = rootNodes(edge.size).map((node) => {
    const { tile, height, offset } = nodePlace(node)
    const nodes = edgeTile(edge, tile) ?? bug(`tile ${tile.level}/${tile.index} is not on the edge`)
    return nodeInTile(nodes, height, offset)
  })
  return foldNodes(hashes, hasher)
}
