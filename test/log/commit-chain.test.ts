import { describe, expect, test } from "vitest"
import { asHash, portableHasher } from "../../src/core/tree/hash.ts"
import {
  assertGuardedCommits,
  chainEnd,
  firstCommits,
  openCommitChain,
} from "../../src/log/commit-chain.ts"
import { checkCommits } from "../../src/log/fsck.ts"
import type { CommitBlock, CommitRow, MadeLog, TimedHead } from "../../src/log/ports/store.ts"
import { identity, startTime } from "../contracts/commits.ts"

const root = asHash(new Uint8Array(32))

interface Kept {
  made: MadeLog
  rows: CommitRow[]
  blocks: CommitBlock[]
  head: TimedHead
}

const made600 = grow(600)

/** As {@link grow} gives it; what it gives is not changed. */
function grown(count: number): { kept: Kept; heads: readonly TimedHead[] } {
  return count === 600 ? made600 : grow(count)
}

/** Heads after each of `count` commits of one or two entries, and what is stored after the last one. */
function grow(count: number): { kept: Kept; heads: readonly TimedHead[] } {
  const made = { ...identity, created: startTime }
  const end = chainEnd(made, [], portableHasher)
  const heads: TimedHead[] = [{ size: 0, root, time: startTime, commits: end.commits() }]
  const rows: CommitRow[] = []
  const blocks: CommitBlock[] = []
  for (let i = 1; i <= count; i++) {
    const size = (heads.at(-1) as TimedHead).size + 1 + (i % 2)
    const row = { size, time: startTime + 10 * i }
    const { commits, block } = end.append(row)
    rows.push(row)
    if (block !== undefined) blocks.push(block)
    heads.push({ ...row, root, commits })
  }
  return { kept: { made, rows, blocks, head: heads.at(-1) as TimedHead }, heads }
}

function readsOf({ made, rows, blocks }: Kept) {
  return {
    made,
    commits: async (after: number, to: number) =>
      rows.filter(({ size }) => size > after && size <= to).slice(0, 257),
    commitBlocks: async () => blocks,
  }
}

const opened = (kept: Kept) => openCommitChain(readsOf(kept), kept.head, portableHasher)
const found = (kept: Kept, guarded?: TimedHead) =>
  checkCommits({
    ...{ reads: readsOf(kept), head: kept.head, hasher: portableHasher },
    ...(guarded && { guarded }),
  })

/** Everything that the digests are over, with one thing changed. */
function spoiled(kept: Kept, change: (copy: Kept) => void): Kept {
  const copy = structuredClone(kept) as Kept
  change(copy)
  return copy
}

function moved(rows: CommitRow[], at: number, by: Partial<CommitRow>): void {
  const { size, time } = rows[at] as CommitRow
  rows[at] = { size: size + (by.size ?? 0), time: time + (by.time ?? 0) }
}

describe("the chain over commits", () => {
  test.each([0, 1, 255, 256, 257, 512, 600])(
    "after %i commits gives the time of every entry",
    async (count) => {
      const { kept } = grown(count)
      const chain = await opened(kept)
      let entry = 0
      for (const { size, time } of kept.rows) {
        for (; entry < size; entry++) expect(await chain.timeOf(entry)).toBe(time)
      }
      await expect(chain.timeOf(entry)).rejects.toMatchObject({ code: "damaged" })
      expect(chain.commits()).toEqual(kept.head.commits)
      expect(await found(kept, kept.head)).toEqual([])
    },
  )

  test("goes on from where it was opened as if it had never been closed", async () => {
    const { heads, kept } = grown(600)
    const half = { ...kept, rows: kept.rows.slice(0, 300), blocks: kept.blocks.slice(0, 1) }
    const chain = await opened({ ...half, head: heads[300] as TimedHead })
    for (const [i, row] of kept.rows.slice(300).entries()) {
      expect(chain.append(row).commits).toEqual(heads[301 + i]?.commits)
    }
    expect(await chain.timeOf((heads[512] as TimedHead).size)).toBe(heads[513]?.time)
  })

  test("knows what covered the commits at every earlier head", async () => {
    const { heads, kept } = grown(600)
    const chain = await opened(kept)
    for (const { size, commits } of heads) expect(await chain.commitsAt(size)).toEqual(commits)
    // A commit of two entries has no head between them.
    expect(await chain.commitsAt(1)).toBeUndefined()
    expect(firstCommits(kept.made, portableHasher)).toEqual(heads[0]?.commits)
  })

  test.each([
    ["a time", (copy: Kept) => moved(copy.rows, 599, { time: 1 })],
    ["a time in the middle", (copy: Kept) => moved(copy.rows, 550, { time: -64 })],
    ["a size", (copy: Kept) => moved(copy.rows, 550, { size: 1 })],
    ["a commit that is gone", (copy: Kept) => void copy.rows.splice(550, 1)],
    ["the newest commit gone", (copy: Kept) => void copy.rows.pop()],
    ["a block that is gone", (copy: Kept) => void copy.blocks.pop()],
    ["the first block gone", (copy: Kept) => void copy.blocks.shift()],
    [
      "the size of a block",
      (copy: Kept) => {
        copy.blocks[0] = { ...(copy.blocks[0] as CommitBlock), size: 385 }
      },
    ],
    ["the digest of a block", (copy: Kept) => copy.blocks[1]?.digest.set([1, 2], 3)],
    [
      "the moment the log was made",
      (copy: Kept) => {
        copy.made = { ...copy.made, created: startTime + 1 }
      },
    ],
    [
      "the tree ID",
      (copy: Kept) => {
        copy.made = { ...copy.made, treeId: "4711" }
      },
    ],
    [
      "the time of the head",
      (copy: Kept) => {
        copy.head = { ...copy.head, time: startTime + 6_001 }
      },
    ],
    ["what the head says of them", (copy: Kept) => copy.head.commits?.set([7], 31)],
    [
      "a head that says nothing",
      (copy: Kept) => {
        const { commits: _, ...rest } = copy.head
        copy.head = rest
      },
    ],
  ])("%s does not open, and fsck names it", async (_, change) => {
    const kept = spoiled(grown(600).kept, change)
    await expect(opened(kept)).rejects.toMatchObject({ code: "damaged" })
    expect(await found(kept)).toEqual([
      { what: "commit", where: `size ${kept.head.size}`, reason: expect.any(String) },
    ])
  })

  test("a full block that was changed gives no time at all, and the others do", async () => {
    const { kept } = grown(600)
    for (const [at, by] of [
      [0, { time: 1 }],
      [255, { time: -1 }],
      [100, { time: 2 ** 40 }],
      [100, { size: 1 }],
    ] as const) {
      const wrong = spoiled(kept, ({ rows }) => moved(rows, at, by))
      const chain = await opened(wrong)
      for (const entry of [0, 100, 300]) {
        const reading = chain.timeOf(entry)
        await expect(reading).rejects.toMatchObject({ code: "damaged" })
        await expect(reading).rejects.toThrow(/the commits of entries 0 to 383/)
      }
      expect(await chain.timeOf(400)).toBe(kept.rows.find(({ size }) => size > 400)?.time)
      expect(await found(wrong)).toEqual([
        { what: "commit", where: "size 384", reason: expect.stringMatching(/entries 0 to 383/) },
      ])
    }
  })

  test("is compared with a guard at the same size or behind, across blocks", async () => {
    const { kept, heads } = grown(600)
    const chain = await opened(kept)
    for (const at of [0, 1, 255, 256, 511, 512, 599, 600]) {
      const guarded = heads[at] as TimedHead
      await expect(assertGuardedCommits(chain, kept.head, guarded)).resolves.toBeUndefined()
      const other = { ...guarded, commits: root }
      const refused = assertGuardedCommits(chain, kept.head, other)
      await expect(refused).rejects.toMatchObject({ code: "damaged" })
      expect(await found(kept, other)).toHaveLength(1)
    }
    const between = { ...(heads[0] as TimedHead), size: 1 }
    await expect(assertGuardedCommits(chain, kept.head, between)).rejects.toThrow(/head guard/)
    const { commits: _, ...older } = heads[600] as TimedHead
    await expect(assertGuardedCommits(chain, kept.head, older)).resolves.toBeUndefined()
  })

  test("a guard behind is believed only if the blocks since then are whole", async () => {
    const { kept, heads } = grown(600)
    const wrong = spoiled(kept, ({ rows }) => moved(rows, 300, { time: 1 }))
    const chain = await opened(wrong)
    const refused = assertGuardedCommits(chain, wrong.head, heads[200] as TimedHead)
    await expect(refused).rejects.toMatchObject({ code: "damaged" })
  })
})

test("a commit whose cover is hashed wrongly once is not taken", () => {
  let left = 20
  const failing = {
    ...portableHasher,
    leaf(body: Uint8Array) {
      const made = portableHasher.leaf(body)
      left -= 1
      if (left === 0) made[3] = (made[3] as number) ^ 16
      return made
    },
  }
  const end = chainEnd({ ...identity, created: startTime }, [], failing)
  const append = () => {
    for (let i = 1; i <= 20; i++) end.append({ size: i, time: startTime + i })
  }
  expect(append).toThrow("gave two digests when they were hashed twice")
})
