// Checks a whole log from its entries: hashes every body again, rebuilds every tile and the root, and
// compares them with what is stored or served. Names each entry, tile or bundle that is not right.

import { equalBytes } from "../core/base/bytes.ts"
import { Refusal } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { decodeBundle } from "../core/tree/bundle.ts"
import { appendLeaf, type Edge, edgeRoot, emptyEdge, type FilledTile } from "../core/tree/edge.ts"
import { HASH_SIZE, type Head, type TreeHasher } from "../core/tree/hash.ts"
import {
  formatTilePath,
  partialTiles,
  TILE_WIDTH,
  type TileId,
  tileBytes,
} from "../core/tree/tile.ts"

/** What is to be checked: a data directory or a log behind a URL. */
export interface FsckSource {
  readonly head: Head
  /** The tile at exactly this width; undefined if there is none. */
  tile(id: TileId, width: number): Promise<Uint8Array | undefined>
  /** The bundle at exactly this width; undefined if there is none. */
  bundle(index: number, width: number): Promise<Uint8Array | undefined>
  /** False where partial tiles are not stored but follow from the entries. */
  readonly hasPartialTiles: boolean
}

interface FsckFinding {
  readonly what: "entry" | "tile" | "bundle" | "root"
  /** Which one: an index, a tile path, or a size. */
  readonly where: string
  readonly reason: string
}

export interface FsckReport {
  readonly size: number
  readonly entries: number
  readonly tiles: number
  readonly findings: readonly FsckFinding[]
}

interface FsckOptions {
  readonly source: FsckSource
  readonly hasher: TreeHasher
  readonly onProgress?: (checked: number, size: number) => void
  /** Stops after this many findings. */
  readonly findingLimit?: number
}

interface Check {
  readonly source: FsckSource
  readonly hasher: TreeHasher
  readonly findings: FsckFinding[]
  /** Entries whose body and stored leaf hash do not fit. */
  readonly disagreements: number[]
  readonly edge: Edge
  tiles: number
}

/** Reads everything once, in order; keeps one bundle and the edge of the tree in memory. */
export async function checkLog(options: FsckOptions): Promise<FsckReport> {
  const { source, hasher } = options
  const { size } = source.head
  const check: Check = {
    source,
    hasher,
    findings: [],
    disagreements: [],
    edge: emptyEdge(),
    tiles: 0,
  }
  const limit = options.findingLimit ?? 100
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
    await checkBundle(check, index, width)
    if (check.findings.length + check.disagreements.length >= limit) break
    options.onProgress?.(index * TILE_WIDTH + width, size)
  }
  const complete = check.edge.size === size
  if (complete && source.hasPartialTiles) await checkPartialTiles(check)
  judgeDisagreements(check, complete && checkRoot(check))
  const { findings, edge, tiles } = check
  return { size, entries: edge.size, tiles, findings }
}

async function checkBundle(check: Check, index: number, width: number): Promise<void> {
  const bodies = await readBundle(check, index, width)
  const id = { level: 0, index }
  const stored = await readLeafTile(check, id, width)
  if (bodies === undefined) {
    // The leaf hashes still tell the tree; without them nothing further can be said.
    if (stored !== undefined) await growBy(check, hashesOf(stored))
    return
  }
  const leaves = bodies.map((body) => check.hasher.leaf(body))
  if (stored !== undefined) compareLeaves(check, index, leaves, stored)
  await growBy(check, leaves)
}

async function readBundle(
  check: Check,
  index: number,
  width: number,
): Promise<Uint8Array[] | undefined> {
  const where = formatTilePath({ kind: "entries", index, width })
  const bytes = await check.source.bundle(index, width)
  if (bytes === undefined) {
    check.findings.push({ what: "bundle", where, reason: "is missing" })
    return undefined
  }
  try {
    return decodeBundle(bytes, width)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    check.findings.push({ what: "bundle", where, reason: error.message })
    return undefined
  }
}

async function readLeafTile(
  check: Check,
  id: TileId,
  width: number,
): Promise<Uint8Array | undefined> {
  if (width < TILE_WIDTH && !check.source.hasPartialTiles) return undefined
  return await readTile(check, id, width)
}

async function readTile(check: Check, id: TileId, width: number): Promise<Uint8Array | undefined> {
  const where = formatTilePath({ kind: "tile", ...id, width })
  const hashes = await check.source.tile(id, width)
  check.tiles += 1
  if (hashes?.length === width * HASH_SIZE) return hashes
  const reason = hashes === undefined ? "is missing" : `has ${hashes.length} bytes`
  check.findings.push({ what: "tile", where, reason })
  return undefined
}

function hashesOf(tile: Uint8Array): Uint8Array[] {
  const count = tile.length / HASH_SIZE
  return Array.from({ length: count }, (_, i) => tile.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE))
}

/** Remembers where an entry and its leaf hash disagree; which of the two is wrong shows at the end. */
function compareLeaves(
  check: Check,
  tile: number,
  leaves: readonly Uint8Array[],
  stored: Uint8Array,
): void {
  hashesOf(stored).forEach((hash, i) => {
    if (equalBytes(hash, leaves[i] as Uint8Array)) return
    check.disagreements.push(tile * TILE_WIDTH + i)
  })
}

/** If the entries give the signed root, they are all as they were, and the tiles are not. */
function judgeDisagreements(check: Check, entriesGiveRoot: boolean): void {
  for (const index of check.disagreements) {
    const tile = Math.floor(index / TILE_WIDTH)
    const path = formatTilePath({ kind: "tile", level: 0, index: tile, width: TILE_WIDTH })
    check.findings.push(
      entriesGiveRoot
        ? { what: "tile", where: path, reason: `does not hold the leaf hash of entry ${index}` }
        : {
            what: "entry",
            where: String(index),
            reason: `does not match its leaf hash in ${path}`,
          },
    )
  }
}

async function growBy(check: Check, leaves: readonly Uint8Array[]): Promise<void> {
  for (const leaf of leaves) {
    for (const filled of appendLeaf(check.edge, leaf, check.hasher)) {
      if (filled.id.level > 0) await compareTile(check, filled)
    }
  }
}

async function compareTile(check: Check, filled: FilledTile): Promise<void> {
  const stored = await readTile(check, filled.id, TILE_WIDTH)
  if (stored === undefined || equalBytes(stored, tileBytes(filled.nodes, TILE_WIDTH))) return
  reportTile(check, filled.id, TILE_WIDTH)
}

function reportTile(check: Check, id: TileId, width: number): void {
  const where = formatTilePath({ kind: "tile", ...id, width })
  check.findings.push({
    what: "tile",
    where,
    reason: "differs from the tile that the entries give",
  })
}

async function checkPartialTiles(check: Check): Promise<void> {
  for (const { tile, width } of partialTiles(check.edge.size)) {
    if (tile.level === 0) continue
    const stored = await readTile(check, tile, width)
    const nodes = check.edge.levels[tile.level]
    if (stored === undefined || nodes === undefined) continue
    if (!equalBytes(stored, tileBytes(nodes, width))) reportTile(check, tile, width)
  }
}

function checkRoot(check: Check): boolean {
  const { head } = check.source
  const root = edgeRoot(check.edge, check.hasher)
  if (equalBytes(root, head.root)) return true
  const reason = `the entries give ${formatHex(root)}, the head says ${formatHex(head.root)}`
  check.findings.push({ what: "root", where: `size ${head.size}`, reason })
  return false
}
