// The contract of LogStore; every adapter runs it.
import * as fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { EMPTY_ROOT, type Hash } from "../../src/core/tree/hash.ts"
import type { Commit, CommitBlock, LogReads, LogStore } from "../../src/log/ports/store.ts"
import { createReference, identity, type Reference, startTime } from "./commits.ts"

/** Opens a new, empty store for {@link identity} with the head time {@link startTime}. */
export type OpenStore = () => LogStore

export async function readAll(reads: LogReads, size: number): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = []
  for (let from = 0; from < size; from += 4_096) {
    bodies.push(...(await reads.bodies(from, Math.min(from + 4_096, size))))
  }
  return bodies
}

/** `toEqual` takes seconds for as many bytes as these. */
export function sameBytes(found: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean {
  return (
    found.length === expected.length &&
    found.every((bytes, i) => Buffer.compare(bytes, expected[i] as Uint8Array) === 0)
  )
}

/** Expects the store to hold the head, bodies, tiles and bundles of the reference, and no more. */
export async function expectAll(reads: LogReads, reference: Reference): Promise<void> {
  const { head, bodies, tiles, bundles } = reference
  expect(await reads.head()).toEqual(head)
  expect(sameBytes(await readAll(reads, head.size), bodies)).toBe(true)
  const foundTiles = (await reads.tiles(tiles.map(({ id }) => id))).map((found) => found ?? empty)
  expect(
    sameBytes(
      foundTiles,
      tiles.map(({ hashes }) => hashes),
    ),
  ).toBe(true)
  const foundBundles: Uint8Array[] = []
  for (const { index } of bundles) foundBundles.push((await reads.bundle(index)) ?? empty)
  expect(
    sameBytes(
      foundBundles,
      bundles.map(({ bytes }) => bytes),
    ),
  ).toBe(true)
  expect(await reads.bundle(bundles.length)).toBeUndefined()
  expect(await reads.tiles([{ level: 0, index: bundles.length }])).toEqual([undefined])
  expect(await reads.bodies(head.size, head.size + 300)).toEqual([])
  expect(await reads.commits(head.size, head.size + 1)).toEqual([])
}

const empty = new Uint8Array(0)

export function storeContract(name: string, open: OpenStore): void {
  async function opened(): Promise<{ store: LogStore; reference: Reference }> {
    const store = open()
    onTestFinished(() => store.close())
    return { store, reference: createReference() }
  }

  async function commitAll(
    store: LogStore,
    reference: Reference,
    sizes: readonly number[],
  ): Promise<void> {
    for (const size of sizes) await store.commit(reference.grow(size))
  }

  describe(`${name} keeps the contract of LogStore:`, () => {
    test("a new store has the empty head and gives nothing", async () => {
      const { store, reference } = await opened()
      expect(store.identity).toMatchObject({ ...identity })
      expect(await store.head()).toEqual(reference.head)
      expect(reference.head).toMatchObject({ size: 0, root: EMPTY_ROOT, time: startTime })
      expect(await store.bodies(0, 4_096)).toEqual([])
      expect(await store.commits(0, 1)).toEqual([])
      expect(await store.commitBlocks()).toEqual([])
      await expectAll(store, reference)
    })

    test("commits below, at and above the 256 boundary give back all they were given", async () => {
      const { store, reference } = await opened()
      for (const size of [1, 254, 1, 1, 255, 256, 257, 511, 513, 1]) {
        await store.commit(reference.grow(size))
        await expectAll(store, reference)
      }
    })

    test("one commit crosses 65,536 entries", async () => {
      const { store, reference } = await opened()
      await store.commit(reference.grow(3))
      await store.commit(reference.grow(65_600))
      await expectAll(store, reference)
      expect(reference.tiles.at(-1)?.id).toEqual({ level: 1, index: 0 })
    })

    test("many commits cross 65,536 entries", async () => {
      const { store, reference } = await opened()
      await commitAll(store, reference, [100, ...Array<number>(16).fill(4_096), 5, 251])
      await expectAll(store, reference)
      expect(reference.tiles.some(({ id }) => id.level === 1)).toBe(true)
    })

    test("commits of any sizes give back all they were given", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 6 }),
          async (sizes) => {
            const store = open()
            const reference = createReference()
            await commitAll(store, reference, sizes)
            await expectAll(store, reference)
            await store.close()
          },
        ),
        { numRuns: 15 },
      )
    })

    test("bodies() gives every range, inside and across bundles", async () => {
      const { store, reference } = await opened()
      await commitAll(store, reference, [600, 60])
      for (const [from, to] of [
        [0, 0],
        [0, 1],
        [255, 256],
        [255, 257],
        [256, 512],
        [10, 20],
        [300, 655],
        [511, 513],
        [512, 660],
        [600, 700],
        [0, 660],
        [512, 512],
      ] as const) {
        expect(sameBytes(await store.bodies(from, to), reference.bodies.slice(from, to))).toBe(true)
      }
    })

    test("bodies() does not take more than 4,096 entries or a range that ends before it begins", async () => {
      const { store } = await opened()
      await expect(store.bodies(0, 4_097)).rejects.toThrow(/^bug:/)
      await expect(store.bodies(2, 1)).rejects.toThrow(/^bug:/)
      await expect(store.bodies(-1, 1)).rejects.toThrow(/^bug:/)
    })

    test("bodies of 0 and of 65,535 bytes stay what they are, bundled or not", async () => {
      const { store, reference } = await opened()
      const long = new Uint8Array(65_535).fill(0xa5)
      await store.commit(reference.next([empty, long, empty]))
      await expectAll(store, reference)
      await store.commit(reference.next([...Array<Uint8Array>(252).fill(long), empty, long]))
      await expectAll(store, reference)
    })

    test("a body of 65,536 bytes is refused and nothing is written", async () => {
      const { store, reference } = await opened()
      const [from, to] = [reference.head, { ...reference.head, size: 1 }]
      const bodies = [new Uint8Array(65_536)]
      await expect(
        store.commit({
          from,
          to,
          bodies,
          tiles: [],
          bundles: [],
          attachments: [],
          sideTerms: [],
        }),
      ).rejects.toMatchObject({ code: "too-large" })
      await expectAll(store, reference)
    })

    test("commits() gives the sizes and times of the commits in a range", async () => {
      const { store, reference } = await opened()
      await store.commit(reference.grow(2, startTime + 10))
      await store.commit(reference.grow(1, startTime + 10))
      await store.commit(reference.grow(300, startTime + 999))
      const [first, second, third] = [
        { size: 2, time: startTime + 10 },
        { size: 3, time: startTime + 10 },
        { size: 303, time: startTime + 999 },
      ]
      expect(await store.commits(0, 303)).toEqual([first, second, third])
      expect(await store.commits(2, 302)).toEqual([second])
      expect(await store.commits(1, 3)).toEqual([first, second])
      expect(await store.commits(303, 400)).toEqual([])
    })

    test("a commit that fills a block of commits keeps the digest of that block", async () => {
      const { store, reference } = await opened()
      const blocks: CommitBlock[] = []
      for (let i = 0; i < 600; i++) {
        const commit = reference.grow(1)
        if (commit.block !== undefined) blocks.push(commit.block)
        await store.commit(commit)
      }
      expect(blocks.map(({ size }) => size)).toEqual([256, 512])
      expect(await store.commitBlocks()).toEqual(blocks)
      expect(await store.commits(0, 600)).toHaveLength(257)
    })

    test("tiles() keeps the order asked for and gives undefined for what cannot exist", async () => {
      const { store, reference } = await opened()
      await store.commit(reference.grow(600))
      const [first, second] = reference.tiles.map(({ hashes }) => hashes)
      const found = await store.tiles([
        { level: 0, index: 1 },
        { level: 63, index: 0 },
        { level: 0, index: 0 },
        { level: 0, index: 2 ** 46 },
        { level: 0, index: 2 },
        { level: 1, index: 0 },
        { level: 0, index: 0.5 },
      ])
      expect(found.map((hashes) => hashes !== undefined)).toEqual([
        true,
        false,
        true,
        false,
        false,
        false,
        false,
      ])
      expect(
        sameBytes([found[0] ?? empty, found[2] ?? empty], [second ?? empty, first ?? empty]),
      ).toBe(true)
    })

    test("a commit from another size or another root is refused as a conflict and leaves nothing", async () => {
      const { store, reference } = await opened()
      await store.commit(reference.grow(255))
      const other = createReference("other")
      const stale = other.grow(255)
      await expect(store.commit(stale)).rejects.toMatchObject({ code: "conflict" })
      await expect(store.commit(other.grow(1))).rejects.toMatchObject({ code: "conflict" })
      await expectAll(store, reference)
      await store.commit(reference.grow(300))
      await expectAll(store, reference)
    })

    test.each<[string, (whole: Commit) => Commit]>([
      ["without a body", (whole) => ({ ...whole, bodies: whole.bodies.slice(1) })],
      ["without entries", (whole) => ({ ...whole, bodies: [], to: { ...whole.to, size: 0 } })],
      ["without a bundle", (whole) => ({ ...whole, bundles: [] })],
      [
        "with a bundle of another index",
        (whole) => ({ ...whole, bundles: whole.bundles.map((b) => ({ ...b, index: 1 })) }),
      ],
      ["without a tile", (whole) => ({ ...whole, tiles: [] })],
      [
        "with another tile",
        (whole) => ({
          ...whole,
          tiles: whole.tiles.map((tile) => ({ ...tile, id: { level: 1, index: 0 } })),
        }),
      ],
      [
        "with a tile cut short",
        (whole) => ({
          ...whole,
          tiles: whole.tiles.map(({ id, hashes }) => ({ id, hashes: hashes.subarray(32) })),
        }),
      ],
      [
        "with a time before the head's",
        (whole) => ({ ...whole, to: { ...whole.to, time: startTime - 1 } }),
      ],
    ])("a commit %s is a bug and leaves nothing", async (_, spoil) => {
      const { store } = await opened()
      await expect(store.commit(spoil(createReference().grow(300)))).rejects.toThrow(/^bug:/)
      await expectAll(store, createReference())
    })

    test("bytes given and taken are copies", async () => {
      const { store, reference } = await opened()
      const commit = reference.grow(300)
      const root = commit.to.root.slice()
      await store.commit({ ...commit, to: { ...commit.to, root: root as Hash } })
      root.fill(0)
      const taken = [
        (await store.head()).root,
        ...(await store.tiles([{ level: 0, index: 0 }])),
        await store.bundle(0),
        ...(await store.bodies(0, 300)),
      ]
      for (const bytes of taken) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
        bytes?.fill(0)
      }
      await expectAll(store, reference)
    })
  })
}
