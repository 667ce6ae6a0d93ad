// The pool: entries that wait for the next batch. A batch is everything that arrived while the last one
// was being written; there is no timer. Bounded in entries and bytes; the same body waits only once.

import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import type { Hash } from "../core/tree/hash.ts"
import type { NewestHead } from "./ports/log.ts"
import type { Attachment } from "./ports/store.ts"

/** What the pool takes in: an entry with all that is written along with it. */
export interface Pooled {
  readonly leafHash: Hash
  readonly body: Uint8Array
  readonly attachment?: Attachment | undefined
  /** The hashes of the search terms that the body does not say, side by side. */
  readonly sideTerms?: Uint8Array | undefined
}

/** Where a pooled entry came to be. */
interface Placement {
  readonly index: number
  readonly head: NewestHead
}

export interface Pool {
  /** Resolves when the entry's batch is signed. Rejects as the sequencer does. */
  add(entry: Pooled): Promise<Placement>
  /** The placement that an equal entry in the pool or in the current batch is waiting for. */
  waiting(leafHash: Hash): Promise<Placement> | undefined
  /** Rejects all that waits; what the current batch does not have is dropped. */
  abandon(reason: unknown): void
}

interface PoolOptions {
  /** Writes one batch; never called while an earlier call is under way. */
  readonly write: (batch: readonly Pooled[]) => Promise<Placed>
  /** Calls back once everything that has arrived by now was seen (`setImmediate`). */
  readonly defer: (callback: () => void) => void
  readonly batchEntries: number
  readonly batchBytes: number
}

export interface Placed {
  readonly firstIndex: number
  readonly head: NewestHead
}

interface Waiting extends Pooled {
  readonly placement: Promise<Placement>
  readonly resolve: (placement: Placement) => void
  readonly reject: (reason: unknown) => void
}

/** Leaf hashes are uniform, so six of their bytes serve as a key; equality is checked in full. */
function keyOf(leafHash: Hash): number {
  let key = 0
  for (let i = 0; i < 6; i++) key = key * 256 + (leafHash[i] as number)
  return key
}

function bytesOf({ body, attachment, sideTerms }: Pooled): number {
  return body.length + (attachment?.bytes.length ?? 0) + (sideTerms?.length ?? 0)
}

export function createPool(options: PoolOptions): Pool {
  let pooled: Waiting[] = []
  let writing: readonly Waiting[] = []
  let scheduled = false
  const byKey = new Map<number, Waiting>()

  /** Takes the next batch out of the pool, oldest first. */
  function takeBatch(): readonly Waiting[] {
    let entries = 0
    let bytes = 0
    for (const entry of pooled) {
      const own = bytesOf(entry)
      if (entries === options.batchEntries) break
      if (entries > 0 && bytes + own > options.batchBytes) break
      entries += 1
      bytes += own
    }
    const batch = pooled.slice(0, entries)
    pooled = pooled.slice(entries)
    return batch
  }

  function schedule(): void {
    if (scheduled || writing.length > 0 || pooled.length === 0) return
    scheduled = true
    options.defer(() => {
      scheduled = false
      void writeBatch()
    })
  }

  async function writeBatch(): Promise<void> {
    const batch = takeBatch()
    // All of it was abandoned since this was scheduled.
    if (batch.length === 0) return
    writing = batch
    try {
      const placed = await options.write(batch)
      settle(batch)
      batch.forEach(({ resolve }, i) => {
        resolve({ index: placed.firstIndex + i, head: placed.head })
      })
    } catch (reason) {
      settle(batch)
      for (const { reject } of batch) reject(reason)
    }
    schedule()
  }

  function settle(batch: readonly Waiting[]): void {
    writing = []
    for (const { leafHash } of batch) byKey.delete(keyOf(leafHash))
  }

  return {
    waiting(leafHash) {
      const found = byKey.get(keyOf(leafHash))
      if (found === undefined) return undefined
      // Another entry with the same six bytes takes 2^48 tries to make; it may come again later.
      if (!equalBytes(found.leafHash, leafHash)) refuse("try-later", "try again in a second")
      return found.placement
    },
    add({ leafHash, body, attachment, sideTerms }) {
      let resolve!: Waiting["resolve"]
      let reject!: Waiting["reject"]
      const placement = new Promise<Placement>((onResolve, onReject) => {
        resolve = onResolve
        reject = onReject
      })
      // Member by member: a spread costs more than all the rest of this function.
      const waiting = { leafHash, body, attachment, sideTerms, placement, resolve, reject }
      byKey.set(keyOf(leafHash), waiting)
      pooled.push(waiting)
      schedule()
      return placement
    },
    abandon(reason) {
      for (const { reject } of [...writing, ...pooled]) reject(reason)
      for (const { leafHash } of pooled) byKey.delete(keyOf(leafHash))
      pooled = []
    },
  }
}
