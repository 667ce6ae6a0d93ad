// The monitor's own tree of one log: leaf hashes and tiles in its store, the right edge in memory. Every
// tile that is read is compared with the edge, which the monitor's signature covers.
import { refuse } from "../../core/base/errors.ts"
import type { Origin } from "../../core/note/origin.ts"
import { appendLeaf, type Edge, edgeRoot } from "../../core/tree/edge.ts"
import {
  EMPTY_ROOT,
  HASH_SIZE,
  type Hash,
  type Head,
  type TreeHasher,
} from "../../core/tree/hash.ts"
import { planConsistency, planInclusion } from "../../core/tree/proof.ts"
import {
  nodeInTile,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileBytes,
  tileWidth,
} from "../../core/tree/tile.ts"
import { rootNodes } from "../../core/tree/tree.ts"
import { loadEdge } from "../../tree/edge-loading.ts"
import { createLeafIndex } from "../../tree/leaf-index.ts"
import { createTreeReader } from "../../tree/tree-reader.ts"
import type { LeafChange, MonitorStore } from "./store.ts"

/** Full tiles kept in memory, 16 KB each. */
const CACHED_TILES = 512

export interface OwnTree extends TreeView {
  readonly edge: Edge
  /** The nodes of a tile that has at least one hash in the tree. */
  tile(id: TileId): Promise<TileNodes>
  /** Indexes that may hold this leaf hash: nearly always none, or the one it is at. */
  candidates(leafHash: Hash): readonly number[]
  /** Grows the tree in memory; gives what the store needs beside the leaf hashes. */
  append(leafHashes: readonly Hash[]): LeafChange["tiles"]
}

/**
 * Opens the tree at `head` and reads all of it, some second for a million entries. Throws Trouble
 * `damaged` if any tile or leaf hash is not what the root says.
 */
export async function openTree(
  store: MonitorStore,
  origin: Origin,
  opened: Head,
  hasher: TreeHasher,
): Promise<OwnTree> {
  const reads = {
    tiles: (ids: readonly TileId[]) => store.tiles(origin, ids),
    leafHashes: (from: number, to: number) => store.leafHashes(origin, from, to),
  }
  const edge = await loadEdge(reads, opened, hasher)
  const reader = createTreeReader({ edge, reads, hasher, cachedTiles: CACHED_TILES })
  const index = createLeafIndex()
  let head = opened

  function assertWithin(size: number): void {
    if (size > edge.size) {
      refuse("beyond-tree", `expected a size up to ${edge.size}, found ${size}`)
    }
  }

  async function rootAt(size: number): Promise<Hash> {
    assertWithin(size)
    if (size === edge.size) return head.root
    if (size === 0) return EMPTY_ROOT
    const [root] = await reader.prove([rootNodes(size)])
    return root as Hash
  }

  async function leafHash(at: number): Promise<Hash> {
    assertWithin(at + 1)
    const number = Math.floor(at / TILE_WIDTH)
    return nodeInTile(await reader.tile({ level: 0, index: number }), 0, at - number * TILE_WIDTH)
  }

  for (let number = 0; number * TILE_WIDTH < edge.size; number++) {
    const id = { level: 0, index: number }
    const width = tileWidth(id, edge.size)
    const hashes = tileBytes(await reader.tile(id), width)
    for (let i = 0; i < width; i++) index.add(hashes, number * TILE_WIDTH + i, i * HASH_SIZE)
  }

  return {
    edge,
    get head() {
      return head
    },
    tile: reader.tile,
    rootAt,
    async consistency(oldSize, newSize) {
      assertWithin(newSize)
      return await reader.prove(planConsistency(oldSize, newSize))
    },
    async inclusion(at, size) {
      assertWithin(size)
      return await reader.prove(planInclusion(at, size))
    },
    leafHash,
    candidates: index.candidates,
    append(leafHashes) {
      const upper: LeafChange["tiles"][number][] = []
      for (const hash of leafHashes) {
        index.add(hash, edge.size)
        for (const { id, nodes } of appendLeaf(edge, hash, hasher)) {
          if (id.level > 0) upper.push({ id, hashes: tileBytes(nodes, TILE_WIDTH).slice() })
        }
      }
      head = { size: edge.size, root: edgeRoot(edge, hasher) }
      return upper
    },
  }
}

export interface TreeView {
  /** As far as the tree is verified against a signed head. */
  readonly head: Head
  /** The root of the first `size` entries; refuses `beyond-tree`. */
  rootAt(size: number): Promise<Hash>
  consistency(oldSize: number, newSize: number): Promise<readonly Hash[]>
  inclusion(index: number, size: number): Promise<readonly Hash[]>
  leafHash(index: number): Promise<Hash>
}
