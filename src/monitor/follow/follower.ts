// Follows a log from the monitor's own tree to a signed head: reads the tiles and bundles between and hands
// leaf hashes and entries over in steps. Nothing is handed over that does not lead to the signed root, so a
// stop at any moment leaves a sound tree.
import { equalBytes } from "../../core/base/bytes.ts"
import { settled } from "../../core/base/settled.ts"
import type { Hash, Head } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileWidth } from "../../core/tree/tile.ts"
import type { Grade } from "../findings/finding.ts"
import {
  auditBundle,
  type BundleAudit,
  type MatchedEntry,
  type Reading,
  treeFromBundles,
} from "./bundle-audit.ts"
import type { LogSource } from "./source.ts"
import { DataFault, faultOf, openTargetTree, type TargetTree } from "./target-tree.ts"

/** Bundles that are read ahead; one has 16 MB at most and some 200 KB mostly. */
const READ_AHEAD = 8
/** Leaf hashes that are handed over together, and the bytes of their entries. */
const STEP = 4_096
const STEP_BYTES = 8_388_608

/** Entries from `from` up to but without `to` that were not seen; `place` as the fault names it. */
export interface Gap {
  readonly place: string
  readonly from: number
  readonly to: number
}

export interface FollowStep {
  readonly leafHashes: readonly Hash[]
  /** Those that are what the leaf hashes say, in the order of their indexes. */
  readonly entries: readonly MatchedEntry[]
  readonly gaps: readonly Gap[]
}

export interface FollowOptions extends Reading {
  /** Authenticated by the caller; larger than the own tree. */
  readonly target: Head
  /** Reports what is wrong; gives how sure it is by now. */
  readonly report: (fault: DataFault) => Promise<Grade>
  /** Must append the leaf hashes to the own tree before it resolves. */
  readonly commit: (step: FollowStep, target: TargetTree) => Promise<void>
  /** Whether what is left is to be left to another time; asked between two bundles. */
  readonly isOver?: () => boolean
}

/**
 * `cut`: the time was over, and something is left. `fork`: the signed tree does not begin with the own one.
 */
export type FollowOutcome =
  | { readonly kind: "reached" | "cut" }
  | { readonly kind: "stopped"; readonly fault: DataFault }
  | { readonly kind: "fork"; readonly target: TargetTree }

/** Reads bundles, and the full tiles below them, some steps ahead of who takes them. */
function createReadAhead(source: LogSource, size: number) {
  async function read(index: number) {
    const width = tileWidth({ level: 0, index }, size)
    const isFull = width === TILE_WIDTH
    const [bundle, tile] = await Promise.all([
      source.bundle(index, width),
      isFull ? source.tile(0, index, TILE_WIDTH) : undefined,
    ])
    return { bundle, tile }
  }

  const begun = new Map<number, ReturnType<typeof read>>()
  return async (index: number) => {
    for (let next = index; next < index + READ_AHEAD && next * TILE_WIDTH < size; next++) {
      if (begun.has(next)) continue
      const reading = read(next)
      // Whoever takes it sees the error; until then it must not end the process.
      void settled(reading)
      begun.set(next, reading)
    }
    const taken = begun.get(index)
    begun.delete(index)
    return await (taken ?? read(index))
  }
}

async function openTarget(options: FollowOptions): Promise<TargetTree | DataFault> {
  const { source, target, hasher, report, isOver } = options
  const fromTiles = await faultOf(() => openTargetTree(source, target, hasher))
  if (!(fromTiles instanceof DataFault)) return fromTiles
  await report(fromTiles)
  return (await treeFromBundles(options, target, isOver)) ?? fromTiles
}

export async function follow(options: FollowOptions): Promise<FollowOutcome> {
  const target = await openTarget(options)
  if (target instanceof DataFault) return { kind: "stopped", fault: target }
  const { edge, head } = options.own
  const isOneTree = await faultOf(async () => equalBytes(await target.rootAt(edge.size), head.root))
  if (isOneTree instanceof DataFault) {
    await options.report(isOneTree)
    return { kind: "stopped", fault: isOneTree }
  }
  return isOneTree ? await walk(target, options) : { kind: "fork", target }
}

function nothingGathered() {
  return { leafHashes: [] as Hash[], entries: [] as MatchedEntry[], gaps: [] as Gap[], bytes: 0 }
}

async function walk(target: TargetTree, options: FollowOptions): Promise<FollowOutcome> {
  let gathered = nothingGathered()

  async function handOver(): Promise<void> {
    if (gathered.leafHashes.length === 0) return
    const step = gathered
    gathered = nothingGathered()
    await options.commit(step, target)
  }

  try {
    for await (const { index, from, audit } of audited(target, options)) {
      const fault = await reportAudit(audit, options)
      if (fault !== undefined) return { kind: "stopped", fault }
      gathered.gaps.push(...gapsOf(index, from, audit))
      gathered.leafHashes.push(...(audit.leafHashes ?? []).slice(from - index * TILE_WIDTH))
      for (const entry of audit.entries) {
        if (entry.index < from) continue
        gathered.entries.push(entry)
        gathered.bytes += entry.body.length
      }
      if (gathered.leafHashes.length >= STEP || gathered.bytes >= STEP_BYTES) await handOver()
      const isLast = (index + 1) * TILE_WIDTH >= target.head.size
      if (!isLast && options.isOver?.() === true) return { kind: "cut" }
    }
    return { kind: "reached" }
  } finally {
    // Whatever ended the walk, what was gathered before is sound.
    await handOver()
  }
}

/** Audits bundle after bundle; `from` is the first entry of each that the own tree has not. */
async function* audited(target: TargetTree, options: FollowOptions) {
  const { size } = target.head
  const first = options.own.edge.size
  const take = createReadAhead(options.source, size)

  for (let index = Math.floor(first / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
    const start = index * TILE_WIDTH
    const { bundle: bytes, tile } = await take(index)
    if (tile !== undefined) target.offer({ level: 0, index }, tile)
    const audit = await auditBundle(target, options, index, bytes)
    yield { index, from: Math.max(first, start), audit }
  }
}

/** Reports what is wrong; gives what keeps the walk from going on. */
async function reportAudit(
  { leafHashes, tileFault, bundleFault, entryFaults }: BundleAudit,
  { report }: FollowOptions,
): Promise<DataFault | undefined> {
  if (tileFault !== undefined) await report(tileFault)
  for (const fault of entryFaults) await report(fault)
  if (bundleFault !== undefined) {
    const grade = await report(bundleFault)
    // A bundle that may come back is waited for; one that does not is passed over.
    if (grade === "SUSPECTED") return bundleFault
  }
  return leafHashes === undefined ? (tileFault ?? bundleFault) : undefined
}

function gapsOf(bundle: number, from: number, audit: BundleAudit): Gap[] {
  const { bundleFault, entryFaults, leafHashes = [] } = audit
  const to = bundle * TILE_WIDTH + leafHashes.length
  if (bundleFault !== undefined) return [{ place: bundleFault.place, from, to }]
  return entryFaults.flatMap(({ place, index }): Gap[] => {
    if (index === undefined) return [{ place, from, to }]
    return index >= from ? [{ place, from: index, to: index + 1 }] : []
  })
}
