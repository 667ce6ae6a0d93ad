// The contract of MonitorStore; every adapter runs it.
import * as fc from "fast-check"
import { describe, expect, onTestFinished, test } from "vitest"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { appendLeaf, type Edge, emptyEdge } from "../../src/core/tree/edge.ts"
import { type Hash, portableHasher } from "../../src/core/tree/hash.ts"
import { TILE_WIDTH, type TileId, tileBytes } from "../../src/core/tree/tile.ts"
import type { LeafChange, MonitorStore } from "../../src/monitor/state/store.ts"
import { setTag, taggedIn } from "../../src/monitor/state/tags.ts"

export const origin = parseOrigin("log.example")
export const otherOrigin = parseOrigin("other.example")

/** Opens a new, empty store. */
export type OpenMonitorStore = () => MonitorStore

interface Reference {
  readonly leafHashes: Hash[]
  readonly tiles: { readonly id: TileId; readonly hashes: Uint8Array }[]
  /** The change that appends so many leaf hashes. */
  grow(count: number): LeafChange
}

/** What a store must hold, computed by the tree's own code. */
export function createLeafReference(of = origin): Reference {
  const edge: Edge = emptyEdge()
  const leafHashes: Hash[] = []
  const tiles: { id: TileId; hashes: Uint8Array }[] = []

  function append(): Hash {
    const hash = portableHasher.leaf(new TextEncoder().encode(`${of} ${leafHashes.length}`))
    leafHashes.push(hash)
    for (const { id, nodes } of appendLeaf(edge, hash, portableHasher)) {
      tiles.push({ id, hashes: tileBytes(nodes, TILE_WIDTH).slice() })
    }
    return hash
  }

  return {
    leafHashes,
    tiles,
    grow(count) {
      const from = leafHashes.length
      const before = tiles.length
      const added = Array.from({ length: count }, append)
      const upper = tiles.slice(before).filter(({ id }) => id.level > 0)
      return { origin: of, from, leafHashes: added, tiles: upper }
    },
  }
}

function commitOf(leaves: readonly LeafChange[], statement = "signed") {
  return { documents: [], leaves, statement }
}

function joined(hashes: readonly Uint8Array[]): string {
  return Buffer.concat(hashes).toString("hex")
}

async function readLeaves(store: MonitorStore, of = origin): Promise<Hash[]> {
  const size = await store.size(of)
  const found: Hash[] = []
  for (let from = 0; from < size; from += 4_096) {
    found.push(...(await store.leafHashes(of, from, Math.min(size, from + 4_096))))
  }
  return found
}

async function expectLeaves(store: MonitorStore, reference: Reference): Promise<void> {
  expect(await store.size(origin)).toBe(reference.leafHashes.length)
  expect(joined(await readLeaves(store))).toBe(joined(reference.leafHashes))
  const tiles = await store.tiles(
    origin,
    reference.tiles.map(({ id }) => id),
  )
  expect(joined(tiles.map((tile) => tile ?? new Uint8Array(0)))).toBe(
    joined(reference.tiles.map(({ hashes }) => hashes)),
  )
}

export function monitorStoreContract(name: string, open: OpenMonitorStore): void {
  function opened(): MonitorStore {
    const store = open()
    onTestFinished(() => store.close())
    return store
  }

  describe(`${name} keeps the contract of MonitorStore:`, () => {
    test("a new store has nothing", async () => {
      const store = opened()
      expect(await store.documents()).toEqual([])
      expect(await store.statement()).toBeUndefined()
      expect(await store.size(origin)).toBe(0)
      expect(await store.leafHashes(origin, 0, 4_096)).toEqual([])
      expect(await store.tiles(origin, [{ level: 0, index: 0 }])).toEqual([undefined])
    })

    test("commits below, at and above the 256 boundary give back all they were given", async () => {
      const store = opened()
      const reference = createLeafReference()
      for (const count of [1, 254, 1, 1, 255, 256, 257, 511, 513, 1]) {
        await store.commit(commitOf([reference.grow(count)]))
        await expectLeaves(store, reference)
      }
    })

    test("tags are found by their value, and take the place of earlier ones", async () => {
      const store = opened()
      const tag = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
      const leaves = [createLeafReference().grow(600)]
      const blockOf = (block: number, ...indexes: readonly number[]) => {
        const changed = { block, tags: new Uint8Array(2_048) }
        for (const index of indexes) setTag(changed, index, tag)
        return { ...changed, origin }
      }
      await store.commit({ ...commitOf(leaves), tags: [blockOf(0, 7, 9), blockOf(2, 599)] })
      const found = async () =>
        (await store.taggedBlocks(origin, tag)).flatMap((block) => taggedIn(block, tag))
      expect(await found()).toEqual([7, 9, 599])
      expect(await store.tags(origin, 1)).toBeUndefined()
      expect(await store.taggedBlocks(otherOrigin, tag)).toEqual([])
      await store.commit({ ...commitOf([]), tags: [blockOf(0, 8)] })
      expect(await found()).toEqual([8, 599])
      expect(await store.tags(origin, 0)).toEqual(blockOf(0, 8).tags)
    })

    test("one commit crosses 65,536 entries and completes a tile of level 1", async () => {
      const store = opened()
      const reference = createLeafReference()
      await store.commit(commitOf([reference.grow(3)]))
      await store.commit(commitOf([reference.grow(65_600)]))
      expect(reference.tiles.at(-1)?.id).toEqual({ level: 1, index: 0 })
      await expectLeaves(store, reference)
    })

    test("commits of any sizes give back all they were given", async () => {
      const sizes = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(sizes, async (counts) => {
          const store = open()
          const reference = createLeafReference()
          for (const count of counts) await store.commit(commitOf([reference.grow(count)]))
          await expectLeaves(store, reference)
          await store.close()
        }),
        { numRuns: 12 },
      )
    })

    test("leafHashes() gives every range, and no more than there is", async () => {
      const store = opened()
      const reference = createLeafReference()
      await store.commit(commitOf([reference.grow(600)]))
      for (const [from, to] of [
        [0, 0],
        [0, 1],
        [255, 257],
        [10, 20],
        [511, 513],
        [512, 600],
        [590, 700],
        [600, 700],
      ] as const) {
        expect(joined(await store.leafHashes(origin, from, to))).toBe(
          joined(reference.leafHashes.slice(from, to)),
        )
      }
      await expect(store.leafHashes(origin, 0, 4_097)).rejects.toThrow(/^bug:/)
    })

    test("logs are kept apart", async () => {
      const store = opened()
      const [one, other] = [createLeafReference(), createLeafReference(otherOrigin)]
      await store.commit(commitOf([one.grow(300), other.grow(2)]))
      await store.commit(commitOf([other.grow(1)]))
      await expectLeaves(store, one)
      expect(joined(await readLeaves(store, otherOrigin))).toBe(joined(other.leafHashes))
    })

    test("documents are put, replaced and removed, by kind and key", async () => {
      const store = opened()
      const put = (key: string, value: string | undefined) =>
        ({ kind: "finding", key, value }) as const
      const log = { kind: "log", key: "a", value: "1" } as const
      await store.commit({
        documents: [put("a", "1"), put("b", "2"), log],
        leaves: [],
        statement: "one",
      })
      await store.commit({
        documents: [put("a", "3"), put("b", undefined), put("c", undefined)],
        leaves: [],
        statement: "two",
      })
      const found = await store.documents()
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([put("a", "3"), log]))
      expect(await store.statement()).toBe("two")
    })

    test("leaf hashes from another size are refused and nothing of the commit is written", async () => {
      const store = opened()
      const reference = createLeafReference()
      await store.commit(commitOf([reference.grow(300)], "kept"))
      const stale = createLeafReference().grow(2)
      const document = { kind: "log", key: "a", value: "1" } as const
      const commit = { documents: [document], leaves: [stale], statement: "lost" }
      await expect(store.commit(commit)).rejects.toMatchObject({ code: "conflict" })
      await expectLeaves(store, reference)
      expect(await store.documents()).toEqual([])
      expect(await store.statement()).toBe("kept")
      await store.commit(commitOf([reference.grow(1)]))
      await expectLeaves(store, reference)
    })

    test("a change without the tiles that it completes is a bug", async () => {
      const store = opened()
      const whole = createLeafReference().grow(65_536)
      await expect(store.commit(commitOf([{ ...whole, tiles: [] }]))).rejects.toThrow(/^bug:/)
    })
  })
}
