// Entries are read again from the log and examined again: all of them when the watch file has changed, and single ones
// of which something is known that was not known before. What the log gives must have the leaf hashes that the monitor
// keeps, so no log can show other entries the second time; what differs or is missing is a finding and is asked for
// again like any other gap.
import { settled } from "../../core/base/settled.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileWidth } from "../../core/tree/tile.ts"
import { commitEntries, type ExaminationTools } from "../entries/examination.ts"
import type { RemarkGround } from "../entries/remark-finding.ts"
import type { Grade } from "../findings/finding.ts"
import { settle } from "../findings/settle.ts"
import { auditBundle, type BundleAudit, type MatchedEntry } from "../follow/bundle-audit.ts"
import { faultCase, keepGap } from "../follow/fault-memory.ts"
import type { Gap } from "../follow/follower.ts"
import type { LogSource } from "../follow/source.ts"
import type { DataFault, TargetTree } from "../follow/target-tree.ts"
import { dueBlocks } from "../pending/due.ts"
import { testEntries } from "../pending/standing.ts"
import type { Documents } from "../state/documents.ts"
import type { OwnTree } from "../state/tree.ts"
import { advance, isUnfinished, rescanOf } from "./progress.ts"

/** Bundles that make one commit, and their entries' bytes beyond which it is made earlier. */
const BLOCKS = 16
const STEP_BYTES = 8_388_608
/** Bundles that are read ahead. */
const READ_AHEAD = 4
/** Entries that are asked for again in one turn. */
const MOST_DUE = 512

export interface RescanTools extends ExaminationTools {
  readonly hasher: TreeHasher
}

export interface RescanTurn {
  readonly origin: Origin
  readonly source: LogSource
  readonly own: OwnTree
  /** Below which head entries stand; those above it are examined when there is one. */
  readonly ground: RemarkGround
  /** Unix milliseconds. */
  readonly now: number
  readonly isOver: () => boolean
}

/** The own tree in the place of the one that a log serves. */
function asTarget(own: OwnTree): TargetTree {
  return {
    head: own.head,
    tile: own.tile,
    prove: () => Promise.reject(new Error("bug: nothing is proven of the own tree here")),
    rootAt: own.rootAt,
    offer: () => {},
  }
}

/** Reads bundles some steps ahead of who takes them. */
function createReadAhead({ source, own }: RescanTurn, end: number) {
  const begun = new Map<number, Promise<Uint8Array | undefined>>()
  const read = (block: number) =>
    source.bundle(block, tileWidth({ level: 0, index: block }, own.head.size))
  return async (block: number): Promise<Uint8Array | undefined> => {
    for (let next = block; next < block + READ_AHEAD && next * TILE_WIDTH < end; next++) {
      if (begun.has(next)) continue
      const reading = read(next)
      // Whoever takes it sees the error; until then it must not end the process.
      void settled(reading)
      begun.set(next, reading)
    }
    const taken = begun.get(block)
    begun.delete(block)
    return await (taken ?? read(block))
  }
}

/** Reports what is wrong with a bundle; gives whether it is worth waiting for. */
async function reportFaults(
  { state }: RescanTools,
  { origin, now }: RescanTurn,
  { bundleFault, entryFaults }: BundleAudit,
): Promise<boolean> {
  async function report(fault: DataFault): Promise<Grade> {
    return await state.change((documents) => {
      const [found] = settle(documents, [faultCase(origin, fault, "log", now)], now)
      return found?.grade ?? "SUSPECTED"
    })
  }
  for (const fault of entryFaults) await report(fault)
  return bundleFault !== undefined && (await report(bundleFault)) === "SUSPECTED"
}

function gapsOf(block: number, { bundleFault, entryFaults }: BundleAudit, end: number): Gap[] {
  const from = block * TILE_WIDTH
  const to = Math.min(end, from + TILE_WIDTH)
  if (bundleFault !== undefined) return [{ place: bundleFault.place, from, to }]
  return entryFaults.map(({ place, index }) =>
    index === undefined ? { place, from, to } : { place, from: index, to: index + 1 },
  )
}

interface Gathered {
  readonly entries: MatchedEntry[]
  readonly gaps: Gap[]
  blocks: number
  bytes: number
}

function nothingGathered(): Gathered {
  return { entries: [], gaps: [], blocks: 0, bytes: 0 }
}

/** Takes what was read of a block. */
function gather(
  gathered: Gathered,
  block: number,
  audit: BundleAudit,
  isMeant: (index: number) => boolean,
  end: number,
): void {
  gathered.gaps.push(...gapsOf(block, audit, end))
  for (const entry of audit.entries) {
    if (entry.index >= end || !isMeant(entry.index)) continue
    gathered.entries.push(entry)
    gathered.bytes += entry.body.length
  }
  gathered.blocks += 1
}

async function commit(
  tools: RescanTools,
  turn: RescanTurn,
  { entries, gaps }: Gathered,
  asksAll: boolean,
  also: (documents: Documents) => void,
): Promise<void> {
  const { origin, own, ground, now } = turn
  const read = { own, ground, entries, now, isAgain: true, asksAll }
  await commitEntries(tools, read, (documents) => {
    for (const gap of gaps) keepGap(documents, origin, gap)
    also(documents)
    return []
  })
}

/** Judges entries from `from` up to but without `to`; gives whether there is time for more. */
async function rescanStretch(
  tools: RescanTools,
  turn: RescanTurn,
  { from, to, size }: { readonly from: number; readonly to: number; readonly size: number },
): Promise<boolean> {
  const { hasher } = tools
  const { origin, source, now, isOver } = turn
  const target = asTarget(turn.own)
  const take = createReadAhead(turn, to)
  const isTest = createTestCheck(tools, origin)
  let gathered = nothingGathered()
  let at = from

  async function handOver(): Promise<void> {
    if (gathered.blocks === 0) return
    await commit(tools, turn, gathered, false, (documents) =>
      advance(documents, origin, at, size, now),
    )
    gathered = nothingGathered()
  }

  while (at < to) {
    const block = Math.floor(at / TILE_WIDTH)
    const first = at
    const audit = await auditBundle(target, { source, hasher }, block, await take(block))
    const isWaiting = await reportFaults(tools, turn, audit)
    if (!isWaiting) {
      gather(gathered, block, audit, (index) => index >= first && !isTest(index), to)
      at = Math.min(to, (block + 1) * TILE_WIDTH)
    }
    const isEnd = isWaiting || isOver()
    if (isEnd || gathered.blocks >= BLOCKS || gathered.bytes >= STEP_BYTES) await handOver()
    if (isEnd) return false
  }
  await handOver()
  return true
}

/**
 * Judges entries by the present watch file, as far as the turn's time goes. Rejects with Trouble ("network") or a
 * refusal if the log cannot be read; what was judged before stays so.
 */
export async function runRescan(tools: RescanTools, turn: RescanTurn): Promise<void> {
  const { state } = tools
  const { origin, own, ground, now } = turn
  const size = Math.min(own.head.size, ground.statement.head.size)
  for (let hasTime = true; hasTime; ) {
    const rescan = rescanOf(state.documents, origin)
    if (!isUnfinished(rescan)) return
    const { at: from, to: wanted } = rescan
    const to = Math.min(wanted, size)
    if (from < to) hasTime = await rescanStretch(tools, turn, { from, to, size })
    else if (from < wanted) return
    else await state.change((documents) => advance(documents, origin, from, size, now))
  }
}

function createTestCheck({ state }: RescanTools, origin: string): (index: number) => boolean {
  let known = -1
  let tests: ReadonlySet<number> = new Set()
  return (index) => {
    const block = Math.floor(index / TILE_WIDTH)
    if (block !== known) tests = testEntries(state.documents, origin, block)
    known = block
    return tests.has(index)
  }
}

/** Examines again what is due: what waits for the log, and what more is known of. Rejects as {@link runRescan}. */
export async function examineDue(tools: RescanTools, turn: RescanTurn): Promise<void> {
  const { hasher, state } = tools
  const { origin, source, own, ground, now, isOver } = turn
  const end = Math.min(own.head.size, ground.statement.head.size)
  const target = asTarget(own)
  let gathered = nothingGathered()

  async function handOver(): Promise<void> {
    if (gathered.blocks > 0) await commit(tools, turn, gathered, true, () => {})
    gathered = nothingGathered()
  }

  for (const { block, indexes } of dueBlocks(state.documents, origin, now, MOST_DUE)) {
    if (isOver()) break
    if ((indexes[0] ?? end) >= end) continue
    const width = tileWidth({ level: 0, index: block }, own.head.size)
    const bytes = await source.bundle(block, width)
    const audit = await auditBundle(target, { source, hasher }, block, bytes)
    if (await reportFaults(tools, turn, audit)) continue
    const meant = new Set(indexes)
    gather(gathered, block, audit, (index) => meant.has(index), end)
    if (gathered.blocks >= BLOCKS || gathered.bytes >= STEP_BYTES) await handOver()
  }
  await handOver()
}
