// Digests of tag blocks, kept as documents, which the monitor's signature covers: a tag that was lost would let an entry be
// missed. Blocks that an earlier version wrote have none until tags of their log are written again; of what rots
// while the monitor runs the next start tells.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import type { Head, TreeHasher } from "../../core/tree/hash.ts"
import { collection } from "./collection.ts"
import type { DocumentReads, Documents } from "./documents.ts"
import { hash } from "./schema.ts"
import type { MonitorStore, TagChange } from "./store.ts"

/** Entries of a block. */
const BLOCK = 256

/** By `ORIGIN BLOCK`: the leaf hash of the block's tags. */
const tagDigests = collection("tags", hash)

function keyOf(origin: Origin, block: number): string {
  return `${originWord(origin)} ${block}`
}

interface CoverOptions {
  readonly store: MonitorStore
  readonly hasher: TreeHasher
  readonly documents: DocumentReads
  readonly logs: readonly (readonly [Origin, Head])[]
}

/** Refuses `untrusted` for a block that is not the one of its digest; gives those that have none. */
export async function uncoveredTags(options: CoverOptions): Promise<TagChange[]> {
  const { store, hasher, documents, logs } = options
  const uncovered: TagChange[] = []
  for (const [origin, { size }] of logs) {
    for (let block = 0; block * BLOCK < size; block++) {
      const digest = documents.get(tagDigests, keyOf(origin, block))
      const tags = await store.tags(origin, block)
      if (digest === undefined && tags !== undefined) uncovered.push({ origin, block, tags })
      if (digest === undefined) continue
      if (tags === undefined || !equalBytes(hasher.leaf(tags), digest)) refuseTags(origin, block)
    }
  }
  return uncovered
}

/** Refuses as {@link uncoveredTags}, for a block that is about to be changed. */
export function assertCovered(
  { origin, block, tags }: TagChange,
  documents: DocumentReads,
  hasher: TreeHasher,
): void {
  const digest = documents.get(tagDigests, keyOf(origin, block))
  if (digest !== undefined && !equalBytes(hasher.leaf(tags), digest)) refuseTags(origin, block)
}

export function coverTags(
  changes: readonly TagChange[],
  documents: Documents,
  hasher: TreeHasher,
): void {
  for (const { origin, block, tags } of changes) {
    documents.put(tagDigests, keyOf(origin, block), hasher.leaf(tags))
  }
}

function refuseTags(origin: Origin, block: number): never {
  refuse(
    "untrusted",
    `the monitor's state is refused: the tags of entries ${block * BLOCK} to ${(block + 1) * BLOCK - 1} of ` +
      `${origin} are not the signed ones`,
  )
}
