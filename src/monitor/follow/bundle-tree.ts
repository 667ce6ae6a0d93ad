// The tree of a signed head out of the entry bundles alone, for a log whose tiles are damaged or missing:
// every body is hashed, and only if the root comes out right is anything of it used.

import { equalBytes } from "../../core/base/bytes.ts"
import { appendLeaf, type Edge, edgeRoot } from "../../core/tree/edge.ts"
import type { Head, TreeHasher } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileBytes } from "../../core/tree/tile.ts"
import type { OwnTree } from "../state/tree.ts"
import { decodedBundle } from "./bundle-audit.ts"
import type { LogSource } from "./source.ts"
import { type TargetTree, treeOverTiles } from "./target-tree.ts"

/** Entries that are hashed in advance; their leaf hashes take 32 MB. */
const MOST_ENTRIES = 1_048_576

function copyEdge({ size, levels }: Edge): Edge {
  return { size, levels: levels.map(({ width, slab }) => ({ width, slab: slab.slice() })) }
}

interface BundlesToHash {
  readonly own: OwnTree
  readonly source: LogSource
  readonly head: Head
  readonly hasher: TreeHasher
  /** Whether to give up. */
  readonly isOver?: (() => boolean) | undefined
}

/** Undefined if a bundle is missing, the root comes out wrong, or it would take too long. */
export async function treeFromBundles({
  own,
  source,
  head,
  hasher,
  isOver,
}: BundlesToHash): Promise<TargetTree | undefined> {
  if (head.size - own.edge.size > MOST_ENTRIES) return undefined
  const edge = copyEdge(own.edge)
  const full = new Map<string, Uint8Array>()
  while (edge.size < head.size) {
    if (isOver?.() === true) return undefined
    const index = Math.floor(edge.size / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, head.size - index * TILE_WIDTH)
    const bodies = decodedBundle(await source.bundle(index, width), width)
    if (bodies === undefined) return undefined
    for (const body of bodies.slice(edge.size - index * TILE_WIDTH)) {
      for (const { id, nodes } of appendLeaf(edge, hasher.leaf(body), hasher)) {
        full.set(`${id.level}/${id.index}`, tileBytes(nodes, TILE_WIDTH).slice())
      }
    }
  }
  if (!equalBytes(edgeRoot(edge, hasher), head.root)) return undefined
  return treeOverTiles(
    edge,
    async (id) => full.get(`${id.level}/${id.index}`) ?? tileBytes(await own.tile(id), TILE_WIDTH),
    hasher,
  )
}
