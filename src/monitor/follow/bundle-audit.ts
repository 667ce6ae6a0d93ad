// Compares the entries of one bundle with their leaf hashes in the tree of a signed head. Entries that do
// not match, or that cannot be had, are named; the tree's own leaf hashes stand in any case. Where tiles are damaged or
// missing the tree comes out of the bundles alone: every body is hashed, and only if the root comes out right is anything
// of it used.
import { equalBytes } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import { appendLeaf, type Edge, edgeRoot } from "../../core/tree/edge.ts"
import type { Hash, Head, TreeHasher } from "../../core/tree/hash.ts"
import {
  nodeInTile,
  TILE_WIDTH,
  tileBytes,
  tileFromHashes,
  tileRoot,
  tileWidth,
} from "../../core/tree/tile.ts"
import type { OwnTree } from "../state/tree.ts"
import type { LogSource } from "./source.ts"
import { DataFault, faultOf, type TargetTree, treeOverTiles } from "./target-tree.ts"

/** An entry whose body was compared with its leaf hash. */
export interface MatchedEntry {
  readonly index: number
  readonly leafHash: Hash
  /** A view into its bundle. */
  readonly body: Uint8Array
}

export interface BundleAudit {
  /** The leaf hashes of the whole bundle; undefined if neither tile nor bundle gives them. */
  readonly leafHashes: readonly Hash[] | undefined
  readonly entries: readonly MatchedEntry[]
  /** What is wrong with the tile; the bundle may stand in for it. */
  readonly tileFault: DataFault | undefined
  /** What is wrong with the bundle as a whole. */
  readonly bundleFault: DataFault | undefined
  /** Entries that are not the ones in the tree; if they are many, one fault without index for all. */
  readonly entryFaults: readonly DataFault[]
}

/** The monitor's own tree of a log, and where the log is read. */
export interface Reading {
  readonly own: OwnTree
  readonly source: LogSource
  readonly hasher: TreeHasher
}

/** Entries of one bundle that are named one by one. */
const MOST_NAMED = 16

interface Hashed {
  readonly bodies: readonly Uint8Array[]
  readonly leafHashes: readonly Hash[]
}

/** The bodies in a bundle; undefined for one that is missing or no bundle of this width. */
export function decodedBundle(bytes: Uint8Array | undefined, width: number) {
  return bytes && unlessRefused(() => decodeBundle(bytes, width))
}

function hashed(bytes: Uint8Array | undefined, width: number, hasher: TreeHasher) {
  const bodies = decodedBundle(bytes, width)
  return bodies && { bodies, leafHashes: bodies.map((body) => hasher.leaf(body)) }
}

/** Whether the bundle gives the hash that the tree has above it. */
async function isInTree(
  target: TargetTree,
  index: number,
  { leafHashes }: Hashed,
  hasher: TreeHasher,
): Promise<boolean> {
  if (leafHashes.length < TILE_WIDTH) return false
  const above = await faultOf(() =>
    target.tile({ level: 1, index: Math.floor(index / TILE_WIDTH) }),
  )
  if (above instanceof DataFault) return false
  const joined = new Uint8Array(TILE_WIDTH * 32)
  leafHashes.forEach((hash, i) => {
    joined.set(hash, i * 32)
  })
  const root = tileRoot(tileFromHashes(joined, hasher))
  const isSame = equalBytes(root, nodeInTile(above, 0, index % TILE_WIDTH))
  if (isSame) target.offer({ level: 0, index }, joined)
  return isSame
}

const nothing: readonly number[] = []

function differing(expected: readonly Hash[], found: Hashed): number[] {
  return expected.flatMap((hash, i) => {
    const other = found.leafHashes[i]
    return other !== undefined && equalBytes(hash, other) ? [] : [i]
  })
}

/**
 * Audits one bundle below the head of `target`, of which `bytes` were read; it is read again, past all caches, if
 * something is wrong with it.
 */
export async function auditBundle(
  target: TargetTree,
  { source, hasher }: Pick<Reading, "source" | "hasher">,
  index: number,
  bytes: Uint8Array | undefined,
): Promise<BundleAudit> {
  const start = index * TILE_WIDTH
  const width = tileWidth({ level: 0, index }, target.head.size)
  const tile = await faultOf(() => target.tile({ level: 0, index }))
  const tileFault = tile instanceof DataFault ? tile : undefined
  const expected =
    tile instanceof DataFault
      ? undefined
      : Array.from({ length: width }, (_, i) => nodeInTile(tile, 0, i))

  async function judge(found: Hashed | undefined) {
    if (found === undefined) return { found, hashes: expected, wrong: nothing }
    if (expected !== undefined) {
      return { found, hashes: expected, wrong: differing(expected, found) }
    }
    const isRight = await isInTree(target, index, found, hasher)
    return { found, hashes: isRight ? found.leafHashes : undefined, wrong: nothing }
  }

  let judged = await judge(hashed(bytes, width, hasher))
  if (judged.found === undefined || judged.hashes === undefined || judged.wrong.length > 0) {
    const again = hashed(await source.bundle(index, width, true), width, hasher)
    // Servers that know no way past their caches may answer with anything: it replaces nothing.
    if (again !== undefined) judged = await judge(again)
  }
  const { found, hashes, wrong } = judged
  const entries: MatchedEntry[] = []
  if (found !== undefined && hashes !== undefined) {
    found.bodies.forEach((body, i) => {
      if (!wrong.includes(i)) entries.push({ index: start + i, leafHash: hashes[i] as Hash, body })
    })
  }
  return {
    leafHashes: hashes,
    entries,
    tileFault,
    bundleFault: found === undefined ? missingBundle(index) : undefined,
    entryFaults:
      wrong.length > MOST_NAMED
        ? [bundleMismatch(index, wrong.length)]
        : wrong.map((i) => mismatch(start + i)),
  }
}

function missingBundle(index: number): DataFault {
  const place = `entry bundle ${index}`
  return new DataFault("missing-data", place, `${place} cannot be read below the signed size`)
}

function bundleMismatch(index: number, count: number): DataFault {
  const place = `entries of bundle ${index}`
  const message = `${count} ${place} are served with bodies that are not the ones in the signed tree`
  return new DataFault("entry-mismatch", place, message)
}

/** An entry that is not the one in the tree; `place` is the fault's, by default its own. */
export function mismatch(index: number, place = `entry ${index}`): DataFault {
  const said = `entry ${index} is served with a body that is not the one in the signed tree`
  return new DataFault("entry-mismatch", place, said, index)
}

/** Entries that are hashed in advance; their leaf hashes take 32 MB. */
const MOST_ENTRIES = 1_048_576

/** Undefined if a bundle is missing, the root comes out wrong, or it would take too long. */
export async function treeFromBundles(
  { own, source, hasher }: Reading,
  head: Head,
  isOver?: () => boolean,
): Promise<TargetTree | undefined> {
  if (head.size - own.edge.size > MOST_ENTRIES) return undefined
  const levels = own.edge.levels.map(({ width, slab }) => ({ width, slab: slab.slice() }))
  const edge: Edge = { size: own.edge.size, levels }
  const full = new Map<string, Uint8Array>()
  while (edge.size < head.size) {
    if (isOver?.() === true) return undefined
    const index = Math.floor(edge.size / TILE_WIDTH)
    const width = tileWidth({ level: 0, index }, head.size)
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
