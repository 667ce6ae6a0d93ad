// Reads the tree for proofs and tiles: the right edge from memory, full tiles from a bounded cache that
// only ever holds tiles whose hashes were checked against the tree in this process.
import { equalBytes } from "../core/base/bytes.ts"
import { Trouble } from "../core/base/errors.ts"
import { appendLeaf, type Edge, edgeTile } from "../core/tree/edge.ts"
import type { Hash, TreeHasher } from "../core/tree/hash.ts"
import { type ProofPlan, proofFromNodes } from "../core/tree/proof.ts"
import {
  nodeInTile,
  nodePlace,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileFromHashes,
  tileRoot,
} from "../core/tree/tile.ts"
import { foldNodes, type NodeId } from "../core/tree/tree.ts"
import { createBoundedMap } from "./bounded-map.ts"
import type { TileReads } from "./tile-reads.ts"

export interface TreeReader {
  readonly edge: Edge
  /** Grows the edge by one leaf hash and keeps the tiles that it fills. */
  append(leafHash: Hash): void
  /** The nodes of a tile that has at least one hash in the tree. */
  tile(id: TileId): Promise<TileNodes>
  /** The same without waiting, if the tile is in memory. */
  tileInMemory(id: TileId): TileNodes | undefined
  /** Computes a planned proof; without any wait for the disk when all its tiles are in memory. */
  prove(plan: ProofPlan): Promise<Hash[]>
}

interface TreeReaderOptions {
  readonly edge: Edge
  readonly reads: TileReads
  readonly hasher: TreeHasher
  /** Full tiles kept in memory, 16 KB each. */
  readonly cachedTiles: number
}

const LEVEL_STEP = 2 ** 46

function cacheKey(id: TileId): number {
  return id.level * LEVEL_STEP + id.index
}

export function createTreeReader(options: TreeReaderOptions): TreeReader {
  const { edge, reads, hasher } = options
  const cache = createBoundedMap<number, TileNodes>(options.cachedTiles)

  function tileInMemory(id: TileId): TileNodes | undefined {
    return edgeTile(edge, id) ?? cache.get(cacheKey(id))
  }

  async function tile(id: TileId): Promise<TileNodes> {
    return tileInMemory(id) ?? (await loadTile(id))
  }

  /** A full tile is believed only if its root is its hash in the tile above, and so up to the edge. */
  async function loadTile(id: TileId): Promise<TileNodes> {
    const above = await tile({ level: id.level + 1, index: Math.floor(id.index / TILE_WIDTH) })
    const [hashes] = await reads.tiles([id])
    if (hashes === undefined) {
      throw new Trouble("damaged", `tile ${id.level}/${id.index} is missing`)
    }
    const nodes = tileFromHashes(hashes, hasher)
    if (!equalBytes(tileRoot(nodes), nodeInTile(above, 0, id.index % TILE_WIDTH))) {
      throw new Trouble("damaged", `tile ${id.level}/${id.index} does not match the tile above it`)
    }
    cache.set(cacheKey(id), nodes)
    return nodes
  }

  async function loadNodes(plan: ProofPlan): Promise<(node: NodeId) => Hash> {
    const hashes = new Map<NodeId, Hash>()
    for (const node of plan.flat()) {
      const { tile: id, height, offset } = nodePlace(node)
      hashes.set(node, nodeInTile(await tile(id), height, offset))
    }
    return (node) => hashes.get(node) as Hash
  }

  /** Adjacent nodes of a proof mostly share a tile, so the last one is looked at first. */
  function memoryReader(): (node: NodeId) => Hash | undefined {
    let lastId: TileId = { level: -1, index: -1 }
    let lastTile: TileNodes | undefined
    return (node) => {
      const { tile: id, height, offset } = nodePlace(node)
      if (id.index !== lastId.index || id.level !== lastId.level) {
        lastId = id
        lastTile = tileInMemory(id)
      }
      return lastTile && nodeInTile(lastTile, height, offset)
    }
  }

  function proveFromMemory(plan: ProofPlan): Hash[] | undefined {
    const hashInMemory = memoryReader()
    const terms: Hash[] = []
    for (const nodes of plan) {
      const hashes: Hash[] = []
      for (const node of nodes) {
        const hash = hashInMemory(node)
        if (hash === undefined) return undefined
        hashes.push(hash)
      }
      terms.push(foldNodes(hashes, hasher))
    }
    return terms
  }

  return {
    edge,
    append(leafHash) {
      for (const filled of appendLeaf(edge, leafHash, hasher)) {
        cache.set(cacheKey(filled.id), filled.nodes)
      }
    },
    tile,
    tileInMemory,
    async prove(plan) {
      return proveFromMemory(plan) ?? proofFromNodes(plan, await loadNodes(plan), hasher)
    },
  }
}
