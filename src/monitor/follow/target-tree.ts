// The tree of a signed head that the monitor's own tree has not reached: its tiles as the log serves them, each compared
// with the one above it and so with the signed root before anything of it is used. And what can be wrong with the tiles
// and entry bundles that a log serves below a head that it signed.
import { equalBytes } from "../../core/base/bytes.ts"
import { bug, Trouble } from "../../core/base/errors.ts"
import { type Edge, edgeRoot } from "../../core/tree/edge.ts"
import {
  EMPTY_ROOT,
  HASH_SIZE,
  type Hash,
  type Head,
  type TreeHasher,
} from "../../core/tree/hash.ts"
import type { ProofPlan } from "../../core/tree/proof.ts"
import {
  emptyTile,
  FULL_TILE_BYTES,
  hashesAtLevel,
  nodePlace,
  partialTiles,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileFromHashes,
} from "../../core/tree/tile.ts"
import { rootNodes } from "../../core/tree/tree.ts"
import { createBoundedMap } from "../../tree/bounded-map.ts"
import { createTreeReader } from "../../tree/tree-reader.ts"
import type { LogSource } from "./source.ts"

/** Full tiles kept in memory, 16 KB each. */
const CACHED_TILES = 256

/** Rejects with {@link DataFault} where the tiles do not lead to the head. */
export interface TargetTree {
  readonly head: Head
  tile(id: TileId): Promise<TileNodes>
  prove(plan: ProofPlan): Promise<Hash[]>
  rootAt(size: number): Promise<Hash>
  /** Says what a full tile is, so that it need not be asked for; it is checked like any other. */
  offer(id: TileId, hashes: Uint8Array): void
}

function tileName({ level, index }: TileId): string {
  return `${level}/${index}`
}

function missing(id: TileId): DataFault {
  const place = `tile ${tileName(id)}`
  return new DataFault("missing-data", place, `${place} is missing below the signed size`)
}

function mismatched(id: TileId): DataFault {
  const place = `tile ${tileName(id)}`
  return new DataFault("tile-mismatch", place, `${place} does not lead to the signed root`)
}

/** Reads full tiles of a tree from wherever they are; `isFresh` past all caches. */
type FullTiles = (id: TileId, isFresh: boolean) => Promise<Uint8Array | undefined>

/** A tree whose edge leads to its head, over full tiles that are not checked yet. */
export function treeOverTiles(edge: Edge, tiles: FullTiles, hasher: TreeHasher): TargetTree {
  const offered = createBoundedMap<string, Uint8Array>(CACHED_TILES)
  const fresh = new Set<string>()

  async function readTile(id: TileId): Promise<Uint8Array | undefined> {
    const name = tileName(id)
    const isFresh = fresh.has(name)
    const hashes = (isFresh ? undefined : offered.get(name)) ?? (await tiles(id, isFresh))
    if (hashes === undefined || hashes.length === FULL_TILE_BYTES) return hashes
    throw new Trouble("damaged", `tile ${name}: ${hashes.length} bytes instead of a full tile`)
  }

  const reads = { tiles: (ids: readonly TileId[]) => Promise.all(ids.map(readTile)) }
  const reader = createTreeReader({ edge, reads, hasher, cachedTiles: CACHED_TILES })
  const head = { size: edge.size, root: edgeRoot(edge, hasher) }

  async function believed(id: TileId): Promise<TileNodes> {
    const name = tileName(id)
    for (const isFresh of [false, true]) {
      if (isFresh) fresh.add(name)
      try {
        return await reader.tile(id)
      } catch (error) {
        if (!(error instanceof Trouble) || error.code !== "damaged") throw error
      } finally {
        if (isFresh) fresh.delete(name)
      }
    }
    throw (await tiles(id, true)) === undefined ? missing(id) : mismatched(id)
  }

  /** From the top, so that a fault is that of the tile it lies in. */
  async function tile(id: TileId): Promise<TileNodes> {
    const known = reader.tileInMemory(id)
    if (known !== undefined) return known
    await tile({ level: id.level + 1, index: Math.floor(id.index / TILE_WIDTH) })
    return await believed(id)
  }

  async function prove(plan: ProofPlan): Promise<Hash[]> {
    for (const node of plan.flat()) await tile(nodePlace(node).tile)
    return await reader.prove(plan)
  }

  return {
    head,
    tile,
    prove,
    async rootAt(size) {
      if (size === 0) return EMPTY_ROOT
      const [root] = await prove([rootNodes(size)])
      return root as Hash
    },
    offer: (id, hashes) => offered.set(tileName(id), hashes),
  }
}

async function edgeFromTiles(
  source: LogSource,
  size: number,
  isFresh: boolean,
  hasher: TreeHasher,
): Promise<Edge> {
  const partial = partialTiles(size)
  const nodes = await Promise.all(
    partial.map(async ({ tile, width }) => {
      const hashes = await source.tile(tile.level, tile.index, width, isFresh)
      if (hashes === undefined) throw missing(tile)
      if (hashes.length !== width * HASH_SIZE) throw mismatched(tile)
      return tileFromHashes(hashes, hasher)
    }),
  )
  const levels: TileNodes[] = []
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    levels.push(nodes[partial.findIndex(({ tile }) => tile.level === level)] ?? emptyTile())
  }
  return { size, levels }
}

/**
 * The tree of `head` out of the tiles that the log serves. Rejects with {@link DataFault} if they do not
 * lead to its root, after a second attempt past all caches.
 */
export async function openTargetTree(source: LogSource, head: Head, hasher: TreeHasher) {
  for (const isFresh of [false, true]) {
    const edge = await faultOf(() => edgeFromTiles(source, head.size, isFresh, hasher))
    if (!(edge instanceof DataFault) && equalBytes(edgeRoot(edge, hasher), head.root)) {
      const tiles: FullTiles = (id, isAgain) =>
        source.tile(id.level, id.index, TILE_WIDTH, isAgain || undefined)
      return treeOverTiles(edge, tiles, hasher)
    }
    if (isFresh) throw edge instanceof DataFault ? edge : edgeFault(head.size)
  }
  return bug("the second attempt neither gave a tree nor a fault")
}

function edgeFault(size: number): DataFault {
  const said = `the partial tiles do not give the signed root at size ${size}`
  return new DataFault("tile-mismatch", "the edge", said)
}

export type FaultKind = "tile-mismatch" | "missing-data" | "entry-mismatch"

/** `place` names the tile, bundle or entry, the same at every look: `tile 0/17`, `entry 4711`. */
export class DataFault extends Error {
  override readonly name = "DataFault"
  readonly kind: FaultKind
  readonly place: string
  /** The entry that it is about. */
  readonly index: number | undefined
  constructor(kind: FaultKind, place: string, message: string, index?: number) {
    super(message)
    this.kind = kind
    this.place = place
    this.index = index
  }
}

/** Gives the fault that `work` throws; anything else is thrown on. */
export async function faultOf<T>(work: () => Promise<T>): Promise<T | DataFault> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DataFault) return error
    throw error
  }
}
