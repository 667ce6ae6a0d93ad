// What covers the times of commits, the moment the log was made and who it is, none of which the tree has. The rows
// (size, time) are cut into blocks of 256; each full block has a stored digest, the digests are chained, and the end of
// the chain with the rows behind the last full block is one digest: the head has it, and so has the head guard. The
// chain is followed when a log is opened, and a block is hashed again before a time in it is used.
import { concat, equalBytes, utf8 } from "../core/base/bytes.ts"
import { Trouble } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { HASH_SIZE, type Hash, type TreeHasher } from "../core/tree/hash.ts"
import { createBoundedMap } from "../tree/bounded-map.ts"
import type { CommitBlock, CommitRow, LogReads, MadeLog, TimedHead } from "./ports/store.ts"

/** Commits in a full block. */
export const BLOCK_COMMITS = 256
const ROW_BYTES = 16
const KEPT_BLOCKS = 64
const HIGH = 2 ** 32

const [START, BLOCK, LINK, TAIL] = ["start", "block", "link", "tail"].map((step) =>
  utf8(`countersign commits 1 ${step}\n`),
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

/** Both as big-endian u64. */
function writeRow(view: DataView, at: number, { size, time }: CommitRow): void {
  view.setUint32(at, Math.floor(size / HIGH))
  view.setUint32(at + 4, size % HIGH)
  view.setUint32(at + 8, Math.floor(time / HIGH))
  view.setUint32(at + 12, time % HIGH)
}

function packRows(head: Uint8Array, rows: readonly CommitRow[]): Uint8Array {
  const bytes = new Uint8Array(head.length + rows.length * ROW_BYTES)
  bytes.set(head)
  const view = new DataView(bytes.buffer)
  rows.forEach((row, i) => {
    writeRow(view, head.length + i * ROW_BYTES, row)
  })
  return bytes
}

function blockDigest(rows: readonly CommitRow[], hasher: TreeHasher): Hash {
  return hasher.leaf(packRows(BLOCK, rows))
}

function link(chain: Hash, { size, digest }: CommitBlock, hasher: TreeHasher): Hash {
  return hasher.leaf(concat(packRows(LINK, [{ size, time: 0 }]), chain, digest))
}

/** What covers a log without commits: who it is, and when it was made. */
export function firstCommits(made: MadeLog, hasher: TreeHasher): Hash {
  return chainEnd(made, [], hasher).commits()
}

function startOf({ origin, treeId, keyFingerprints, created }: MadeLog, hasher: TreeHasher): Hash {
  return hasher.leaf(
    concat(START, utf8(JSON.stringify([origin, treeId, keyFingerprints, created]))),
  )
}

/**
 * Nothing in the tree tells a cover that was hashed wrongly once; guarded, it would keep the log from ever starting again.
 * Throws Trouble `damaged`.
 */
function hashedTwice(hashed: () => Hash): Hash {
  const first = hashed()
  if (equalBytes(first, hashed())) return first
  throw new Trouble(
    "damaged",
    "the times of commits gave two digests when they were hashed twice: the memory of this machine fails. Nothing was " +
      "signed over them; start the log on a machine whose memory is sound",
  )
}

/** What one commit adds. */
interface Covered {
  /** Covers all commits up to this one. */
  readonly commits: Hash
  /** The block that this commit fills. */
  readonly block?: CommitBlock
}

/** A chain that grows, with what is needed to go on: the rows behind the last full block. */
interface ChainEnd {
  /** Covers everything up to the newest commit. */
  commits(): Hash
  append(row: CommitRow): Covered
  readonly tail: readonly CommitRow[]
  readonly blocks: readonly CommitBlock[]
}

/** A chain over full blocks, which are followed but not hashed again, and the rows behind them. */
export function chainEnd(
  made: MadeLog,
  followed: readonly CommitBlock[],
  hasher: TreeHasher,
): ChainEnd {
  const blocks = [...followed]
  const tail: CommitRow[] = []
  let chain = blocks.reduce((before, block) => link(before, block, hasher), startOf(made, hasher))
  // What the end is hashed over, so that a commit writes its own row only.
  const rowsAt = TAIL.length + HASH_SIZE
  const packed = new Uint8Array(rowsAt + BLOCK_COMMITS * ROW_BYTES)
  const view = new DataView(packed.buffer)
  packed.set(TAIL)
  packed.set(chain, TAIL.length)
  const commits = (): Hash => hasher.leaf(packed.subarray(0, rowsAt + tail.length * ROW_BYTES))
  return {
    commits,
    tail,
    blocks,
    append({ size, time }) {
      writeRow(view, rowsAt + tail.length * ROW_BYTES, { size, time })
      tail.push({ size, time })
      if (tail.length < BLOCK_COMMITS) return { commits: hashedTwice(commits) }
      const block = { size, digest: hashedTwice(() => blockDigest(tail, hasher)) }
      chain = hashedTwice(() => link(chain, block, hasher))
      packed.set(chain, TAIL.length)
      blocks.push(block)
      tail.length = 0
      return { commits: hashedTwice(commits), block }
    },
  }
}

export interface CommitChain {
  /** Covers everything up to the newest commit. */
  commits(): Hash
  append(row: CommitRow): Covered
  /** When entry `index` was committed. Throws Trouble `damaged` if its block is not as it was written. */
  timeOf(index: number): Promise<number>
  /** What covered the commits at an earlier size; undefined if no commit ended there. Throws Trouble `damaged`. */
  commitsAt(size: number): Promise<Hash | undefined>
}

type ChainReads = Pick<LogReads, "made" | "commits" | "commitBlocks">

function damaged(what: string): never {
  throw new Trouble(
    "damaged",
    `${what}. No time is taken from them, and nothing is signed over one: run "countersign fsck" to see what is ` +
      "damaged, and put a whole copy that is as new in the place of the database",
  )
}

/** The first index after `size` rows whose commit covers entry `index`: rows rise by their sizes. */
function firstAbove(rows: readonly { readonly size: number }[], index: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((rows[middle] as { size: number }).size > index) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * Follows the chain of a log that stands at `head` and compares its end with what the head has. Reads the digests of
 * all full blocks (some 4,000 a million commits) and at most 511 rows. Throws Trouble `damaged`.
 */
export async function openCommitChain(
  reads: ChainReads,
  head: TimedHead,
  hasher: TreeHasher,
): Promise<CommitChain> {
  const stored = await reads.commitBlocks()
  const followed = stored.filter(({ size }) => size <= head.size)
  const end = chainEnd(reads.made, followed, hasher)
  const kept = createBoundedMap<number, readonly CommitRow[]>(KEPT_BLOCKS)

  /** The rows of a full block, as they were when it was filled. */
  async function rowsOf(index: number): Promise<readonly CommitRow[]> {
    const known = kept.get(index)
    if (known !== undefined) return known
    const { size, digest } = end.blocks[index] as CommitBlock
    const after = end.blocks[index - 1]?.size ?? 0
    const rows = await reads.commits(after, size)
    if (rows.length !== BLOCK_COMMITS || !equalBytes(blockDigest(rows, hasher), digest)) {
      damaged(`the commits of entries ${after} to ${size - 1} are not as they were written`)
    }
    kept.set(index, rows)
    return rows
  }

  const after = followed.at(-1)?.size ?? 0
  const rows = await reads.commits(after, head.size)
  if (rows.length >= BLOCK_COMMITS) {
    damaged(`of the commits of entries ${after} to ${head.size - 1} no block has a digest`)
  }
  for (const row of rows) end.append(row)
  const isCovered = head.commits !== undefined && equalBytes(head.commits, end.commits())
  if (!isCovered) {
    damaged(
      `the commits of entries ${after} to ${head.size - 1}, the digests of those before or the moment the log was made ` +
        `are not as they were written: the head says ${formatHex(head.commits ?? new Uint8Array(0))}, they ` +
        `give ${formatHex(end.commits())}`,
    )
  }
  const newest =
    rows.at(-1) ?? (followed.length > 0 ? (await rowsOf(followed.length - 1)).at(-1) : undefined)
  const { size, time } = newest ?? { size: 0, time: reads.made.created }
  if (size !== head.size || time !== head.time) {
    damaged(
      `the newest commit has size ${size} and time ${time}, the head ${head.size} and ${head.time}`,
    )
  }

  return {
    commits: end.commits,
    append: end.append,
    async timeOf(index) {
      const block = firstAbove(end.blocks, index)
      const found = block < end.blocks.length ? await rowsOf(block) : end.tail
      const row = found[firstAbove(found, index)]
      return row?.time ?? damaged(`the commit of entry ${index} is missing`)
    },
    async commitsAt(at) {
      if (at === 0) return firstCommits(reads.made, hasher)
      const block = firstAbove(end.blocks, at - 1)
      const earlier = chainEnd(reads.made, end.blocks.slice(0, block), hasher)
      const found = block < end.blocks.length ? await rowsOf(block) : end.tail
      const last = firstAbove(found, at - 1)
      if (found[last]?.size !== at) return undefined
      for (const row of found.slice(0, last + 1)) earlier.append(row)
      // Blocks filled since then are chained by their digests; what they say must hold, too.
      for (let i = block + 1; i < end.blocks.length; i++) await rowsOf(i)
      return earlier.commits()
    },
  }
}

/** A database may be ahead of its guard by commits that follow those which the guard knows, and by no others. */
export async function assertGuardedCommits(
  chain: CommitChain,
  stored: TimedHead,
  guarded: TimedHead,
): Promise<void> {
  if (guarded.commits === undefined) return
  const isSame = stored.size === guarded.size
  const found = isSame ? chain.commits() : await chain.commitsAt(guarded.size)
  if (found !== undefined && equalBytes(found, guarded.commits)) return
  throw new Trouble(
    "damaged",
    `the commits of the database up to size ${guarded.size} are not those that the head guard knows: times were ` +
      "changed, or the moment the log was made. Nothing was signed. Bring back the database that belongs to this guard",
  )
}
