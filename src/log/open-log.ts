// Puts the log together: verification in front of the pool, the pool in front of the sequencer, and the
// readers beside them. One Log is one process's view of one tree.
import { equalBytes } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { bug, Refusal, refuse } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import type { ClockState } from "../core/time/clock.ts"
import { assertBodyLength } from "../core/tree/bundle.ts"
import { edgeRoot } from "../core/tree/edge.ts"
import type { Hash, Head, TreeHasher } from "../core/tree/hash.ts"
import { planConsistency, planInclusion } from "../core/tree/proof.ts"
import { tileBytes, tileWidth } from "../core/tree/tile.ts"
import { foldNodes, rootNodes } from "../core/tree/tree.ts"
import type { Proposal, SignatureVerifier } from "../entry/entry.ts"
import { loadEdge } from "../tree/edge-loading.ts"
import { createTreeReader } from "../tree/tree-reader.ts"
import { createAttaching, type MessageHash, type MessageProver, proveHere } from "./attaching.ts"
import { assertKept, batchOf, readAttachment } from "./attachments.ts"
import { verifyClaims } from "./claims.ts"
import { clockObstacle } from "./clock-trouble.ts"
import { openCommitChain } from "./commit-chain.ts"
import { createEntryReader } from "./entry-reader.ts"
import { leafReads, loadLeafIndex } from "./leaf-reads.ts"
import { defaultLimits, type LogLimits } from "./limits.ts"
import { createPool, type Placed, type Pooled } from "./pool.ts"
import type { Log, NewestHead, Receipt, SignedHead } from "./ports/log.ts"
import type { Attached, NewMessage } from "./ports/message.ts"
import type { EntryTerms, LogSearch } from "./ports/search.ts"
import type { LogIdentity, LogReads } from "./ports/store.ts"
import { createTermHasher, termHash } from "./search/hash.ts"
import type { Sequencer } from "./sequencer.ts"
import { createStalling } from "./stalling.ts"
import { createWrites } from "./writes.ts"

interface LogOptions {
  readonly identity: LogIdentity
  readonly vkeys: readonly string[]
  /** Reads of the database that the sequencer writes. */
  readonly reads: LogReads
  readonly sequencer: Sequencer
  /** The index that follows the database. */
  readonly search: LogSearch
  readonly terms: Pick<EntryTerms, "besideBody">
  readonly verifier: SignatureVerifier
  readonly hasher: TreeHasher
  /** Of messages; noble's by default, which is slow for long ones. */
  readonly hash?: MessageHash
  /** Reads messages; on the calling thread by default. */
  readonly prove?: MessageProver
  /** Calls back after what has arrived by now (`setImmediate`). */
  readonly defer: (callback: () => void) => void
  /** Refuses a proposal that may not be written; asked before its signatures are verified. */
  readonly admit?: (proposal: Proposal) => void
  /** Why nothing can be accepted at the moment (a full disk); undefined if all is well. */
  readonly obstacle?: () => string | undefined
  /** What the clock that signs is worth. */
  readonly clock?: () => ClockState | undefined
  /** Told once that the state of the log is unknown; the process must end. */
  readonly onFatal: (reason: unknown) => void
  readonly limits?: Partial<LogLimits>
}

type Attach = Parameters<Log["add"]>[1]

/**
 * Opens the log at the head that `sequencer` was opened at. Throws Trouble for a damaged store. What it
 * is given stays the caller's to close, after the log.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { identity, reads, sequencer, verifier, hasher, search } = options
  const limits = { ...defaultLimits, ...options.limits }
  let newest: NewestHead = sequencer.opened
  const edge = await loadEdge(leafReads(reads, hasher), newest, hasher)
  const tree = createTreeReader({ edge, reads, hasher, cachedTiles: limits.cachedTiles })
  const { cachedBundleBytes } = limits
  const { append: addCommit, timeOf } = await openCommitChain(reads, await reads.head(), hasher)
  const entries = createEntryReader({ ...options, timeOf, tree, cachedBundleBytes })
  const leafIndex = await loadLeafIndex(reads, tree)
  const hashTerms = createTermHasher(hasher)
  let underWay = 0
  const onIdle: (() => void)[] = []
  const [writes, stalling] = [createWrites(options.onFatal), createStalling()]
  /** The number of the newest message. */
  let messages = await reads.messages.newest()

  const pool = createPool({ write, defer: options.defer, ...limits })
  const attaching = createAttaching({
    ...{ reads, verifier, hasher, messageBytes: limits.messageBytes, write: writeMessages },
    ...{ entry: entries.entry, hash: options.hash ?? digestOf },
    prove: options.prove ?? proveHere,
  })

  async function write(batch: readonly Pooled[]): Promise<Placed> {
    const firstIndex = edge.size
    return await writes.inOrder(async () => {
      const head = await sequencer.append(batchOf(batch))
      batch.forEach(({ leafHash }, i) => {
        tree.append(leafHash)
        leafIndex.add(leafHash, firstIndex + i)
      })
      if (head.size !== edge.size || !equalBytes(head.root, edgeRoot(edge, hasher))) {
        bug(`the sequencer signed size ${head.size}, this process computes another tree`)
      }
      addCommit(head)
      newest = head
      return { firstIndex, head }
    })
  }

  async function writeMessages(added: readonly NewMessage[]): Promise<readonly Attached[]> {
    const writing = writes.inOrder(async () => {
      const attached = await sequencer.attach(added)
      for (const each of attached) {
        if (!("redacted" in each)) messages = Math.max(messages, each.sequence)
      }
      return attached
    })
    return await stalling.unlessStalled(writing)
  }

  async function indexOf(leafHash: Hash): Promise<number | undefined> {
    for (const candidate of leafIndex.candidates(leafHash)) {
      if (equalBytes(await entries.leafHash(candidate), leafHash)) return candidate
    }
    return undefined
  }

  function assertInLog(index: number): void {
    if (index < newest.size) return
    refuse("not-found", `expected an index below the size ${newest.size}, found ${index}`)
  }

  async function inclusionUnder<H extends Head>(head: H, index: number) {
    const hashes = await tree.prove(planInclusion(index, head.size))
    return { index, leafHash: await entries.leafHash(index), hashes, head }
  }

  async function rootAt(size: number): Promise<Hash> {
    const nodes = await tree.prove(rootNodes(size).map((node) => [node]))
    return foldNodes(nodes, hasher)
  }

  function assertKnownSize(size: number): void {
    if (size > newest.size) {
      refuse("beyond-tree", `expected a size up to ${newest.size}, found ${size}`)
    }
  }

  function leave(): void {
    if (--underWay === 0) for (const resolve of onIdle.splice(0)) resolve()
  }

  function whyNot(): string | undefined {
    return writes.stopped() ?? clockObstacle(options.clock?.()) ?? options.obstacle?.()
  }

  function assertAccepting(): void {
    const obstacle = whyNot()
    if (obstacle !== undefined) refuse("try-later", `nothing is accepted now: ${obstacle}`)
  }

  async function receipt({ leafHash, body }: Pooled, index: number, isNew: boolean) {
    const head: SignedHead = newest
    const hashes = await tree.prove(planInclusion(index, head.size))
    return { index, leafHash, hashes, head, body, isNew }
  }

  async function append(proposal: Proposal, attach?: Attach): Promise<Receipt> {
    const held = await verifyClaims(verifier, proposal)
    const settled = proposal.settle && (await proposal.settle(held))
    const body = settled?.body ?? proposal.body(held)
    assertBodyLength(body)
    const leafHash = hasher.leaf(body)
    const attachment = limits.attachmentBytes > 0 ? attach?.(settled?.envelope) : undefined
    assertKept(attachment, limits.attachmentBytes)
    const beside = settled === undefined ? options.terms.besideBody(proposal.terms) : undefined
    const sideTerms = settled?.sideTerms ?? (beside && hashTerms(beside))
    const entry = { leafHash, body, attachment, sideTerms }
    const { index, isNew } = await place(entry)
    return await receipt(entry, index, isNew)
  }

  /** Finds the entry in the tree or on its way into it, or puts it into the pool. */
  async function place(
    entry: Pooled,
  ): Promise<{ readonly index: number; readonly isNew: boolean }> {
    const { leafHash } = entry
    for (;;) {
      const sizeBefore = edge.size
      const known = await indexOf(leafHash)
      if (known !== undefined) return { index: known, isNew: false }
      // No wait may stand between here and `pool.add`, or an equal entry could slip in.
      const waiting = pool.waiting(leafHash)
      if (waiting !== undefined) return { index: (await waiting).index, isNew: false }
      if (edge.size !== sizeBefore && leafIndex.candidates(leafHash).length > 0) continue
      return { index: (await pool.add(entry)).index, isNew: true }
    }
  }

  return {
    origin: identity.origin,
    treeId: identity.treeId,
    vkeys: options.vkeys,
    async add(proposal, attach) {
      assertAccepting()
      options.admit?.(proposal)
      if (underWay >= limits.entriesUnderWay) {
        refuse("try-later", `${underWay} entries are under way; try again in a second`)
      }
      underWay += 1
      try {
        return await append(proposal, attach)
      } finally {
        leave()
      }
    },
    head: () => newest,
    async inclusion(index, head = newest) {
      assertInLog(index)
      return await inclusionUnder<SignedHead>(head, index)
    },
    async inclusionAt(index, size) {
      assertInLog(index)
      assertKnownSize(size)
      return await inclusionUnder({ size, root: await rootAt(size) }, index)
    },
    indexOf,
    async consistency(oldSize, newSize) {
      assertKnownSize(newSize)
      return await tree.prove(planConsistency(oldSize, newSize))
    },
    async rootAt(size) {
      assertKnownSize(size)
      return await rootAt(size)
    },
    entry: (index) => entries.entry(index),
    async search(query, page) {
      const head = newest
      const hashed = query.map((group) => group.map((term) => termHash(term, hasher)))
      const asked = { ...page, query: hashed, size: head.size, attached: messages }
      return { ...(await search.search(asked)), head }
    },
    async attachment(index) {
      assertInLog(index)
      return await readAttachment(reads, index, hasher)
    },
    async attach(index, bytes) {
      assertAccepting()
      return await attaching.attach(index, bytes)
    },
    message: attaching.message,
    messageWith: attaching.messageWith,
    messages: (after, limit) => reads.messages.list(after, limit),
    async tile(id, width) {
      const available = tileWidth(id, edge.size)
      if (width < 1 || width > available) return undefined
      return tileBytes(await tree.tile(id), width)
    },
    bundle: (index, width) => entries.bundle(index, width),
    status() {
      const [reason, clock] = [whyNot(), options.clock?.()]
      const { size: indexed, opaque, attachedUpTo } = search.indexed()
      const known = { queued: underWay, indexed, opaque, messages, attachedUpTo }
      return { ...known, ...present({ accepting: reason === undefined, reason, clock }) }
    },
    stall(reason) {
      const refusal = new Refusal("try-later", `nothing is accepted now: ${reason}`)
      pool.abandon(refusal)
      stalling.stall(refusal)
    },
    stop: writes.halt,
    async close() {
      writes.close("the log is closing")
      // Not only the pool: a signature that is still being verified leads to a batch later.
      if (underWay > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
      await attaching.idle()
    },
  }
}
