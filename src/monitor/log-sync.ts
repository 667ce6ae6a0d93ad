// Brings the monitor's own tree of one log up to a signed head: the follower's steps become commits, its
// faults and a fork become findings. A fork is proven out of the larger head's own tiles, because the monitor's tree
// has not reached it.
import { equalBytes } from "../core/base/bytes.ts"
import { bug, Refusal, Trouble } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import type { SignatureRule } from "../core/note/note.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import { planConsistency, planInclusion } from "../core/tree/proof.ts"
import type { Evidence } from "../evidence/evidence.ts"
import { makeFork } from "../evidence/head-evidence.ts"
import { commitEntries, type ExaminationTools } from "./entries/examination.ts"
import type { RemarkGround } from "./entries/remark-finding.ts"
import type { Case, Vantage } from "./findings/case.ts"
import { type Grade, ungraded } from "./findings/finding.ts"
import { settle } from "./findings/settle.ts"
import {
  checkGap,
  dueGaps,
  faultCase,
  healGap,
  keepGap,
  keepTileGap,
  nothingButGaps,
} from "./follow/fault-memory.ts"
import { type FollowStep, follow, type Gap } from "./follow/follower.ts"
import type { LogSource } from "./follow/source.ts"
import { DataFault, faultOf, type TargetTree } from "./follow/target-tree.ts"
import { cosignedHeads, keepPending, pendingHeads } from "./heads/pending.ts"
import { convicted } from "./heads/scope.ts"
import { type KnownKeys, keptStatement, type Statement } from "./heads/statement.ts"
import { logRecord, noteLog } from "./monitored-log.ts"
import type { Documents } from "./state/documents.ts"
import type { OwnTree } from "./state/tree.ts"

/** What following one log needs from round to round. */
export interface SyncTools extends ExaminationTools {
  readonly keys: KnownKeys
  readonly hasher: TreeHasher
  readonly beginTurn: BeginTurn
}

/**
 * Begins a time in which one log may be read; what it gives says whether that is over. Whoever answers
 * slowly must not keep the monitor from other logs, nor from telling what it has found.
 */
export type BeginTurn = () => () => boolean

/** When something is read: Unix milliseconds, and whether its turn is over. */
export interface SyncTime {
  readonly now: number
  readonly isOver: () => boolean
}

export interface SyncTarget {
  readonly statement: Statement
  readonly source: LogSource
  readonly vantage: Vantage
  /** Whether the source has shown this head itself and so must have all that is below it. */
  readonly isOwed: boolean
}

/** The newest signed head that the own tree has reached. */
export function reachedStatement({ state, keys }: SyncTools): Statement | undefined {
  const { note } = logRecord(state.documents, keys.origin)
  return note === undefined ? undefined : keptStatement(note, keys)
}

/** Cosigned heads of the own tree as time went by. */
function knownHeads({ state, keys }: SyncTools): readonly Statement[] {
  return cosignedHeads(state.documents, keys).flatMap(({ first, last }) => [first, last])
}

/** Where entries of the own tree stand, below the newest head that it has reached. */
export function ownGround(
  tools: SyncTools,
  own: OwnTree,
  statement: Statement,
  source: LogSource,
): RemarkGround {
  const { origin, holds } = tools.keys
  const path: RemarkGround["path"] = (index, size) => own.inclusion(index, size)
  return { origin, statement, source, path, heads: knownHeads(tools), ...present({ holds }) }
}

async function raiseFork(
  tools: SyncTools,
  { statement, vantage }: SyncTarget,
  tree: TargetTree,
  now: number,
): Promise<void> {
  const { keys, state } = tools
  const { origin } = keys
  const { size } = statement.head
  const summary = `The log has signed two trees: the one of size ${size} that ${vantage} serves does not begin with the monitor's.`
  // The own tree is under one of these; which one is found out.
  const pending = pendingHeads(state.documents, keys).map((head) => head.statement)
  const others = [reachedStatement(tools) ?? [], pending].flat()
  async function prove(): Promise<Evidence | undefined> {
    for (const older of others) {
      const evidence = await faultOf(() => proofAgainst(statement, tree, older, keys.holds))
      if (evidence !== undefined && !(evidence instanceof DataFault)) return evidence
    }
    return undefined
  }
  const proven = await convicted(ungraded("fork", origin, summary), prove)
  await state.change((documents) => settle(documents, [proven], now))
}

/**
 * Follows the log to `target`, which is larger than the own tree. Rejects with Trouble ("network") if the
 * source fails on the way; what was read before is kept.
 */
async function syncTo(tools: SyncTools, target: SyncTarget, { now, isOver }: SyncTime) {
  const { keys, state, hasher } = tools
  const { origin } = keys
  const { statement, source, vantage, isOwed } = target
  const { size, root } = statement.head
  const own = await state.tree(origin)
  const older = reachedStatement(tools)

  async function report(fault: DataFault): Promise<Grade> {
    if (!isOwed) return "SUSPECTED"
    return await state.change((documents) => {
      keepTileGap(documents, origin, fault)
      const [found] = settle(documents, [faultCase(origin, fault, vantage, now)], now)
      return found?.grade ?? "SUSPECTED"
    })
  }

  async function commit(step: FollowStep, tree: TargetTree): Promise<void> {
    const { leafHashes, entries, gaps } = step
    const path: RemarkGround["path"] = (index, within) => tree.prove(planInclusion(index, within))
    const heads = knownHeads(tools)
    const beside = present({ older, holds: keys.holds })
    const ground = { origin, statement, source, path, heads, ...beside }
    const isWhole = own.head.size + leafHashes.length === size
    function keep(documents: Documents): readonly Case[] {
      for (const gap of gaps) keepGap(documents, origin, gap)
      // The only head that a part of its tree is proven by; the log may show another one from now on.
      if (!isWhole) keepPending(documents, keys, statement, now)
      return []
    }
    await commitEntries(tools, { own, ground, entries, now }, keep, { leafHashes })
  }

  const options = { own, source, target: { size, root }, hasher, report, commit, isOver }
  const outcome = await follow(options)
  if (outcome.kind === "fork") await raiseFork(tools, target, outcome.target, now)
  if (outcome.kind === "reached") {
    if (own.head.size !== size) bug("the target was not reached")
    await state.change((documents) => {
      noteLog(documents, origin, { note: statement.note })
      settle(documents, [nothingButGaps(documents, origin)], now)
    })
  }
  return outcome.kind === "fork" ? "stopped" : outcome.kind
}

/** As {@link syncTo}, which ends `cut` without time for all of it; gives why the source could not be read, if so. */
export async function trySyncTo(tools: SyncTools, target: SyncTarget, time: SyncTime) {
  try {
    return { end: await syncTo(tools, target, time), failure: undefined }
  } catch (error) {
    const isForeign =
      error instanceof Refusal || (error instanceof Trouble && error.code === "network")
    if (!isForeign) throw error
    return { end: "stopped", failure: error.message }
  }
}

/** Evidence from `newer`, whose tree this is, and `older` if that is no beginning of it. */
async function proofAgainst(
  newer: Statement,
  tree: TargetTree,
  older: Statement,
  holds: SignatureRule | undefined,
): Promise<Evidence | undefined> {
  const vkey = newer.log.find((own) => older.log.some((other) => other.vkey === own.vkey))?.vkey
  const { size, root } = older.head
  if (vkey === undefined || size === 0 || size > tree.head.size) return undefined
  const implied = await tree.rootAt(size)
  if (equalBytes(implied, root)) return undefined
  const hashes = await tree.prove(planConsistency(size, tree.head.size))
  return makeFork(vkey, older.note, newer.note, { implied, hashes }, holds)
}

async function settleGap(tools: SyncTools, source: LogSource, now: number, gap: Gap) {
  const { state, keys, hasher } = tools
  const { origin } = keys
  const own = await state.tree(origin)
  const check = await checkGap({ own, source, hasher }, gap)
  if (check instanceof DataFault) {
    await state.change((documents) => {
      keepTileGap(documents, origin, check)
      settle(documents, [faultCase(origin, check, "log", now)], now)
    })
    return
  }
  const statement = reachedStatement(tools)
  if (check === undefined || statement === undefined) return
  const ground = ownGround(tools, own, statement, source)
  // Some of them may have been examined before their log showed something else in their place.
  const read = { own, ground, entries: check, now, mayBeAgain: true }
  await commitEntries(tools, read, (documents) => healGap(documents, origin, gap))
}

/** Asks again for what was missing or wrong in earlier rounds. */
export async function checkGaps(tools: SyncTools, source: LogSource, { now, isOver }: SyncTime) {
  for (const gap of dueGaps(tools.state.documents, tools.keys.origin, now)) {
    if (isOver()) return
    await settleGap(tools, source, now, gap)
  }
}
