// The recorder keeps every receipt, as monitors and submitters out there do. Whatever happens to the log:
// after each restart `audit` holds the log to all that it has ever said.
import { expect } from "vitest"
import { verifyInclusion } from "../../../src/client/inclusion.ts"
import type { LogClient } from "../../../src/client/log-client.ts"
import type { Receipt } from "../../../src/client/receipt.ts"
import { openHead, type Trust } from "../../../src/client/trust.ts"
import { equalBytes } from "../../../src/core/base/bytes.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import { appendToRange, makeCompactRange, rangeRoot } from "../../../src/core/tree/compact-range.ts"
import { asHash, HASH_SIZE, type Hash, type Head } from "../../../src/core/tree/hash.ts"
import { verifyConsistency } from "../../../src/core/tree/proof.ts"
import { TILE_WIDTH } from "../../../src/core/tree/tile.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import type { Keep } from "./load.ts"

export interface Recorder {
  readonly keep: Keep
  /** How many receipts are kept. */
  count(): number
  /**
   * Holds the log to every receipt: all entries are at their indexes under proofs, and no head was
   * ever signed that is not on the way to the newest one. Gives the size of the log.
   */
  audit(client: LogClient): Promise<number>
}

interface Kept {
  readonly request: EntryRequest
  readonly receipt: Receipt
}

async function inOrder<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  for (const value of values) await work(value)
}

/** All leaf hashes up to `size`, from the tiles. */
async function leafHashes(client: LogClient, size: number): Promise<Hash[]> {
  const leaves: Hash[] = []
  while (leaves.length < size) {
    const index = leaves.length / TILE_WIDTH
    const width = Math.min(TILE_WIDTH, size - leaves.length)
    const tile = await client.tile({ kind: "tile", level: 0, index, width })
    for (let i = 0; i < width; i++) {
      leaves.push(asHash(tile.slice(i * HASH_SIZE, (i + 1) * HASH_SIZE)))
    }
  }
  return leaves
}

/** The roots at the sizes of `heads` (in ascending order), recomputed from the leaf hashes. */
function expectRoots(heads: readonly Head[], leaves: readonly Hash[]): void {
  const range = makeCompactRange(0, [])
  for (const { size, root } of heads) {
    for (const leaf of leaves.slice(range.size, size)) appendToRange(range, leaf, nativeHasher)
    expect(formatHex(rangeRoot(range, nativeHasher)), `the root at size ${size}`).toBe(
      formatHex(root),
    )
  }
}

export function createRecorder(trust: Trust): Recorder {
  /** Since the last audit. */
  let fresh: Kept[] = []
  const kept: Kept[] = []
  /** By checkpoint; opening one takes a millisecond. */
  const opened = new Map<string, Head>()
  /** One of each size, ascending; the last one of each audit is proven to extend the ones before. */
  let proven: Head[] = []

  function open(checkpoint: string): Head {
    const head = opened.get(checkpoint) ?? openHead(checkpoint, trust)
    opened.set(checkpoint, head)
    return head
  }

  /** The receipt by itself: about this request, under a head that the log signed. */
  function check({ request, receipt }: Kept): Head {
    const head = open(receipt.checkpoint)
    expect(equalBytes(proposeEntry(request).body([0]), receipt.body)).toBe(true)
    const leafHash = verifyInclusion(receipt.body, receipt.proof, head)
    expect(formatHex(leafHash)).toBe(formatHex(receipt.leafHash))
    expect(receipt.proof.index).toBe(receipt.index)
    return head
  }

  async function checkProof(client: LogClient, { receipt }: Kept, head: Head): Promise<void> {
    const { index, body } = receipt
    const { proof } = await client.inclusion(index, head.size)
    verifyInclusion(body, proof, head)
  }

  /** Every pair of neighbours among the heads is proven by the log itself. */
  async function checkConsistency(client: LogClient, heads: readonly Head[]): Promise<void> {
    await inOrder(heads.slice(1), async (to) => {
      const from = heads[heads.indexOf(to) - 1] as Head
      verifyConsistency(from, to, await client.consistency(from.size, to.size))
    })
  }

  return {
    keep: (request, receipt) => fresh.push({ request, receipt }),
    count: () => kept.length + fresh.length,
    async audit(client) {
      const newest = open(await client.checkpoint())
      const heads = distinct([...fresh.map(check), newest])
      const leaves = await leafHashes(client, newest.size)
      expectRoots(distinct([...proven, ...heads]), leaves)
      for (const { receipt } of [...kept, ...fresh]) {
        expect(formatHex(leaves[receipt.index] ?? new Uint8Array())).toBe(
          formatHex(receipt.leafHash),
        )
      }
      await checkConsistency(client, distinct([...proven.slice(-1), ...heads]))
      await inOrder(fresh, (one) => checkProof(client, one, newest))
      proven = distinct([...proven, ...heads])
      kept.push(...fresh)
      fresh = []
      return newest.size
    },
  }
}

/** In ascending order, one of each size; two heads of one size and with other roots are a fork. */
function distinct(heads: readonly Head[]): Head[] {
  const bySize = new Map<number, Head>()
  for (const head of heads) {
    const other = bySize.get(head.size) ?? head
    expect(formatHex(head.root), `two heads of size ${head.size}`).toBe(formatHex(other.root))
    bySize.set(head.size, head)
  }
  return [...bySize.values()].sort((a, b) => a.size - b.size)
}
