// Checks a whole log from its entries: hashes every body again, rebuilds every tile and the root, and
// compares them with what is stored or served; over a store, the commits as well. Names each that is not right.

import { equalBytes } from "../core/base/bytes.ts"
import { Refusal, Trouble } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { decodeBundle } from "../core/tree/bundle.ts"
import { appendLeaf, edgeRoot, emptyEdge } from "../core/tree/edge.ts"
import { HASH_SIZE, type Head, type TreeHasher } from "../core/tree/hash.ts"
import {
  formatTilePath,
  partialTiles,
  TILE_WIDTH,
  type TileId,
  type TileNodes,
  tileBytes,
} from "../core/tree/tile.ts"
import { assertGuardedCommits, type CommitChain, openCommitChain } from "./commit-chain.ts"
import type { LogReads, TimedHead } from "./ports/store.ts"

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

export interface FsckFinding {
  readonly what: "entry" | "tile" | "bundle" | "root" | "commit" | "message" | "attachment"
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
  /** Told after each bundle how many entries it has. */
  readonly onProgress?: (entries: number) => void
  /** Stops after this many findings. */
  readonly findingLimit?: number
}

/** Reads everything once, in order; keeps one bundle and the edge of the tree in memory. */
export async function checkLog(options: FsckOptions): Promise<FsckReport> {
  const { source, findingLimit = 100 } = options
  const { size } = source.head
  const check = createCheck(options)
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
    await check.bundle(index, width)
    if (check.found() >= findingLimit) break
    options.onProgress?.(width)
  }
  return await check.end()
}

function hashesOf(tile: Uint8Array): Uint8Array[] {
  const count = tile.length / HASH_SIZE
  return Array.from({ length: count }, (_, i) => tile.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE))
}

function createCheck({ source, hasher }: FsckOptions) {
  const { head, hasPartialTiles } = source
  const findings: FsckFinding[] = []
  /** Entries whose body and stored leaf hash do not fit. */
  const disagreements: number[] = []
  const edge = emptyEdge()
  let tiles = 0

  function find(what: FsckFinding["what"], where: string, reason: string): undefined {
    findings.push({ what, where, reason })
  }

  async function readBundle(index: number, width: number): Promise<Uint8Array[] | undefined> {
    const where = formatTilePath({ kind: "entries", index, width })
    const bytes = await source.bundle(index, width)
    if (bytes === undefined) return find("bundle", where, "is missing")
    try {
      return decodeBundle(bytes, width)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return find("bundle", where, error.message)
    }
  }

  async function readTile(id: TileId, width: number): Promise<Uint8Array | undefined> {
    const hashes = await source.tile(id, width)
    tiles += 1
    if (hashes?.length === width * HASH_SIZE) return hashes
    const reason = hashes === undefined ? "is missing" : `has ${hashes.length} bytes`
    return find("tile", formatTilePath({ kind: "tile", ...id, width }), reason)
  }

  async function compareTile(id: TileId, nodes: TileNodes, width: number): Promise<void> {
    const stored = await readTile(id, width)
    if (stored === undefined || equalBytes(stored, tileBytes(nodes, width))) return
    const where = formatTilePath({ kind: "tile", ...id, width })
    find("tile", where, "differs from the tile that the entries give")
  }

  async function growBy(leaves: readonly Uint8Array[]): Promise<void> {
    for (const leaf of leaves) {
      for (const { id, nodes } of appendLeaf(edge, leaf, hasher)) {
        if (id.level > 0) await compareTile(id, nodes, TILE_WIDTH)
      }
    }
  }

  async function bundle(index: number, width: number): Promise<void> {
    const bodies = await readBundle(index, width)
    const isStored = width === TILE_WIDTH || hasPartialTiles
    const stored = isStored ? await readTile({ level: 0, index }, width) : undefined
    const kept = stored && hashesOf(stored)
    // The leaf hashes still tell the tree; without them nothing further can be said.
    if (bodies === undefined) return await growBy(kept ?? [])
    const leaves = bodies.map((body) => hasher.leaf(body))
    // Which of the two is wrong shows at the end.
    kept?.forEach((hash, i) => {
      if (!equalBytes(hash, leaves[i] as Uint8Array)) disagreements.push(index * TILE_WIDTH + i)
    })
    await growBy(leaves)
  }

  async function checkPartialTiles(): Promise<void> {
    for (const { tile, width } of partialTiles(edge.size)) {
      const nodes = edge.levels[tile.level]
      if (tile.level > 0 && nodes !== undefined) await compareTile(tile, nodes, width)
    }
  }

  function checkRoot(): boolean {
    const root = edgeRoot(edge, hasher)
    if (equalBytes(root, head.root)) return true
    const reason = `the entries give ${formatHex(root)}, the head says ${formatHex(head.root)}`
    find("root", `size ${head.size}`, reason)
    return false
  }

  /** If the entries give the signed root, they are all as they were, and the tiles are not. */
  function judgeDisagreements(entriesGiveRoot: boolean): void {
    for (const entry of disagreements) {
      const index = Math.floor(entry / TILE_WIDTH)
      const path = formatTilePath({ kind: "tile", level: 0, index, width: TILE_WIDTH })
      if (entriesGiveRoot) find("tile", path, `does not hold the leaf hash of entry ${entry}`)
      else find("entry", String(entry), `does not match its leaf hash in ${path}`)
    }
  }

  return {
    bundle,
    found: () => findings.length + disagreements.length,
    async end(): Promise<FsckReport> {
      const isComplete = edge.size === head.size
      if (isComplete && hasPartialTiles) await checkPartialTiles()
      judgeDisagreements(isComplete && checkRoot())
      return { size: head.size, entries: edge.size, tiles, findings }
    },
  }
}

interface CommitCheck {
  readonly reads: Pick<LogReads, "made" | "commits" | "commitBlocks">
  /** As the database has it, with what covers the commits. */
  readonly head: TimedHead
  /** As the head guard has it, if that is at hand; one that is ahead of the database is not judged here. */
  readonly guarded?: TimedHead
  readonly hasher: TreeHasher
  readonly findingLimit?: number
}

async function unlessDamaged(
  findings: FsckFinding[],
  where: string,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    findings.push({ what: "commit", where, reason: error.message })
  }
}

/**
 * Hashes every commit again, with the moment the log was made, and compares with what the head says and with what the
 * guard does. Names the blocks of commits that are not as they were written, by the size of the last one.
 */
export async function checkCommits(check: CommitCheck): Promise<readonly FsckFinding[]> {
  const { reads, head, guarded, hasher, findingLimit = 100 } = check
  const findings: FsckFinding[] = []
  const where = `size ${head.size}`
  let chain: CommitChain | undefined
  await unlessDamaged(findings, where, async () => {
    chain = await openCommitChain(reads, head, hasher)
  })
  if (chain === undefined) return findings
  const { timeOf } = chain
  for (const { size } of await reads.commitBlocks()) {
    if (size > head.size || findings.length >= findingLimit) break
    await unlessDamaged(findings, `size ${size}`, () => timeOf(size - 1))
  }
  if (findings.length === 0 && guarded !== undefined && guarded.size <= head.size) {
    const opened = chain
    await unlessDamaged(findings, where, () => assertGuardedCommits(opened, head, guarded))
  }
  return findings
}
