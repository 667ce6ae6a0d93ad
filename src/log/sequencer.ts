// The sequencer: gives entries their place, one batch at a time, in the order that must never change:
// commit, read back, prove, guard, sign. Opening it is recovery, and the only recovery there is.
//
// | crash after  | found at the next start        | what opening does                          |
// |--------------|--------------------------------|--------------------------------------------|
// | the commit   | store ahead of the guard       | proves the guard's head, moves it, signs   |
// | the guard    | store and guard agree          | signs the same head                        |
// | signing      | store and guard agree          | signs the same head                        |
// | —            | store behind, or another root  | refuses to start                           |
// | —            | others hold what it has not    | refuses to start                           |

import { equalBytes } from "../core/base/bytes.ts"
import { bug, refuse, Trouble } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import { formatCheckpoint } from "../core/note/checkpoint.ts"
import { type Clock, createClock } from "../core/time/clock.ts"
import { encodeBundle } from "../core/tree/bundle.ts"
import {
  appendToRange,
  type CompactRange,
  makeCompactRange,
  rangeRoot,
} from "../core/tree/compact-range.ts"
import { appendLeaf, type Edge, edgeRoot } from "../core/tree/edge.ts"
import type { Hash, Head, TreeHasher } from "../core/tree/hash.ts"
import { planConsistency, verifyConsistency } from "../core/tree/proof.ts"
import { nodeInTile, nodePlace, TILE_WIDTH, tileBytes } from "../core/tree/tile.ts"
import { foldNodes, rootNodes } from "../core/tree/tree.ts"
import { loadEdge } from "../tree/edge-loading.ts"
import { createTreeReader, type TreeReader } from "../tree/tree-reader.ts"
import {
  type PlacedAttachment,
  type PlacedSideTerms,
  storedAttachments,
  storedSideTerms,
} from "./attachments.ts"
import { assertGuardedCommits, openCommitChain } from "./commit-chain.ts"
import { assertHeldHeads, sameHead, shownHead } from "./held-head.ts"
import { leafReads } from "./leaf-reads.ts"
import type { HeadGuard } from "./ports/guard.ts"
import type { NewestHead } from "./ports/log.ts"
import type { Attached, NewMessage } from "./ports/message.ts"
import type { LogSigner } from "./ports/signer.ts"
import type { LogIdentity, LogStore, StoredBundle, StoredTile, TimedHead } from "./ports/store.ts"
import { assertNotBehind, assertSameGuard } from "./standing.ts"

export interface Batch {
  readonly bodies: readonly Uint8Array[]
  /** `leafHashes[i]` is the leaf hash of `bodies[i]`. */
  readonly leafHashes: readonly Hash[]
  /** By the position of their entry in the batch, rising, as the side terms are. */
  readonly attachments?: readonly PlacedAttachment[]
  readonly sideTerms?: readonly PlacedSideTerms[]
}

export interface Sequencer {
  /** The head at the time of opening, freshly signed. */
  readonly opened: NewestHead
  /**
   * Appends a batch and resolves with the signed head that covers it. Calls must not overlap. Rejects
   * with Trouble `clock` before anything happened while the clock is in doubt; after any other rejection the
   * process must end.
   */
  append(batch: Batch): Promise<NewestHead>
  /**
   * Keeps messages beside the tree; they are durable when it resolves. Calls overlap neither with each other nor
   * with {@link append}, and rejections are as there.
   */
  attach(messages: readonly NewMessage[]): Promise<readonly Attached[]>
  close(): Promise<void>
}

export interface SequencerOptions {
  readonly store: LogStore
  readonly guard: HeadGuard
  readonly signer: LogSigner
  readonly hasher: TreeHasher
  /** The wall clock in Unix milliseconds, read once a batch. */
  readonly now: () => number
  /** What `now` is worth; by default it is held against the log's own times at the start and then believed. */
  readonly clock?: Clock
  /** Heads that others hold under this log's key; the stored tree must have them all. */
  readonly held?: readonly Head[]
}

const CHECKED_AT_ONCE = 4_096
const CACHED_TILES = 64

function assertSameLog(store: LogIdentity, guard: LogIdentity, signer: LogSigner): void {
  assertSameGuard(store, guard)
  const kept = store.keyFingerprints.join(" ")
  const held = signer.keyFingerprints.join(" ")
  if (kept !== held || signer.origin !== store.origin) {
    refuse(
      "conflict",
      `the database belongs to the log ${store.origin} with the keys ${kept}, found the keys ${held} ` +
        `of ${signer.origin}; a log never changes its keys, so give the key files it was made with`,
    )
  }
}

export async function openSequencer(options: SequencerOptions): Promise<Sequencer> {
  const { store, guard, signer, hasher, now } = options
  assertSameLog(store.identity, guard.identity, signer)
  const stored = await store.head()
  const guarded = await guard.read()
  assertNotBehind(stored, guarded)
  const clock = options.clock ?? createClock({ wall: now, steady: now })
  clock.know(Math.max(stored.time, guarded.time))

  const edge = await loadEdge(leafReads(store, hasher), stored, hasher)
  const reader = createTreeReader({ edge, reads: store, hasher, cachedTiles: CACHED_TILES })
  const tail = await loadTail(store, stored)
  const range = rangeFromEdge(edge)
  const chain = await openCommitChain(store, stored, hasher)

  const rootAt = async (size: number): Promise<Hash> => {
    const nodes = await reader.prove(rootNodes(size).map((node) => [node]))
    return foldNodes(nodes, hasher)
  }
  await assertHeldHeads(options.held ?? [], stored, rootAt)

  let head: TimedHead = stored
  await proveGuarded(reader, guarded, stored, hasher)
  await assertGuardedCommits(chain, stored, guarded)
  if (!sameHead(guarded, stored)) await guard.advance(guarded, stored)
  const opened = await publish(signer, reader, stored)

  /** Steps 1 to 5. Whoever calls this must end the process if it rejects. */
  async function sequence(batch: Batch, time: number): Promise<NewestHead> {
    const from = head
    const filled = growEdge(edge, batch.leafHashes, hasher)
    const { commits, block } = chain.append({ size: edge.size, time })
    const to: TimedHead = { size: edge.size, root: edgeRoot(edge, hasher), time, commits }
    const bundles = takeBundles(tail, batch.bodies, from.size)
    // If we stop before the commit, nothing has happened; nobody was told anything.
    await store.commit({
      from,
      to,
      bodies: batch.bodies,
      tiles: filled,
      bundles,
      attachments: storedAttachments(batch.attachments, from.size, hasher),
      sideTerms: storedSideTerms(batch.sideTerms, from.size, hasher),
      ...present({ block }),
    })
    // If we stop here, the batch is durable but unsigned: opening will guard and sign it.
    await readBack(store, from.size, to, range, hasher)
    await proveGuarded(reader, from, to, hasher)
    await guard.advance(from, to)
    // If we stop here, the guard knows a head that nobody has seen: opening signs it.
    head = to
    return await publish(signer, reader, to)
  }

  return {
    opened,
    async append(batch) {
      return await sequence(batch, clock.timeAfter(head.time))
    },
    async attach(messages) {
      return await store.attach(messages, clock.timeAfter(head.time))
    },
    async close() {
      await store.close()
      await guard.close()
    },
  }
}

function growEdge(edge: Edge, leafHashes: readonly Hash[], hasher: TreeHasher): StoredTile[] {
  const tiles: StoredTile[] = []
  for (const leafHash of leafHashes) {
    for (const { id, nodes } of appendLeaf(edge, leafHash, hasher)) {
      tiles.push({ id, hashes: tileBytes(nodes, TILE_WIDTH) })
    }
  }
  return tiles
}

async function loadTail(store: LogStore, head: Head): Promise<Uint8Array[]> {
  const from = Math.floor(head.size / TILE_WIDTH) * TILE_WIDTH
  return await store.bodies(from, head.size)
}

/** Moves bodies into the unfinished bundle `tail` and gives the bundles that this completes. */
function takeBundles(
  tail: Uint8Array[],
  bodies: readonly Uint8Array[],
  firstIndex: number,
): StoredBundle[] {
  const bundles: StoredBundle[] = []
  bodies.forEach((body, i) => {
    tail.push(body)
    if (tail.length < TILE_WIDTH) return
    const index = Math.floor((firstIndex + i) / TILE_WIDTH)
    bundles.push({ index, bytes: encodeBundle(tail) })
    tail.length = 0
  })
  return bundles
}

function rangeFromEdge(edge: Edge): CompactRange {
  const roots = rootNodes(edge.size).map((node) => {
    const { tile, height, offset } = nodePlace(node)
    const nodes = edge.levels[tile.level] ?? bug(`the edge has no level ${tile.level}`)
    return nodeInTile(nodes, height, offset).slice() as Hash
  })
  return makeCompactRange(edge.size, roots)
}

/**
 * Reads what was committed over another connection, hashes it again and computes the root in another
 * way: a bit that flipped in memory or on the way to the disk ends here, before anything is signed.
 */
async function readBack(
  store: LogStore,
  from: number,
  to: Head,
  range: CompactRange,
  hasher: TreeHasher,
): Promise<void> {
  for (let at = from; at < to.size; at += CHECKED_AT_ONCE) {
    const bodies = await store.bodies(at, Math.min(at + CHECKED_AT_ONCE, to.size))
    for (const body of bodies) appendToRange(range, hasher.leaf(body), hasher)
  }
  const root = rangeRoot(range, hasher)
  if (range.size !== to.size || !equalBytes(root, to.root)) {
    throw new Trouble(
      "damaged",
      `the batch was committed as ${shownHead(to)}, but reading it back gives ` +
        `${shownHead({ size: range.size, root })}; nothing was signed`,
    )
  }
}

/** Proves from stored tiles, with the verifier's own code, that `to` extends the guarded head. */
async function proveGuarded(
  reader: TreeReader,
  guarded: Head,
  to: Head,
  hasher: TreeHasher,
): Promise<void> {
  if (sameHead(guarded, to)) return
  const path = await reader.prove(planConsistency(guarded.size, to.size))
  // SPEC: a log MUST NOT sign a checkpoint inconsistent with any it signed before (tlog-checkpoint).
  verifyConsistency(guarded, to, path, hasher)
}

async function publish(
  signer: LogSigner,
  reader: TreeReader,
  head: TimedHead,
): Promise<NewestHead> {
  const prove = (from: number) => reader.prove(planConsistency(from, head.size))
  const checkpoint = await signer.sign(formatCheckpoint(signer.origin, head), prove)
  return { size: head.size, root: head.root, time: head.time, checkpoint }
}
