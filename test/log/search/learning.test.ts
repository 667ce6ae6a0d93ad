// What attached messages do for an index, against reading everything anew: which entries they make findable, and how
// many are left opaque, however entries, messages and restarts follow each other.
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { createEntryTerms } from "../../../src/entry/kinds/terms.ts"
import type { Term } from "../../../src/entry/term.ts"
import type { SearchPage } from "../../../src/log/ports/log.ts"
import type { SearchStore } from "../../../src/log/ports/search.ts"
import { termHash } from "../../../src/log/search/hash.ts"
import type { SearchIndex } from "../../../src/log/search/index.ts"
import { checkLearning } from "../../../src/log/search/learning-check.ts"
import { createTermSource } from "../../../src/log/search/term-source.ts"
import { openSearchStore } from "../../../src/storage/sqlite/search/store.ts"
import { identity } from "../../contracts/commits.ts"
import { createMemorySearchStore } from "../../storage/memory/search-store.ts"
import { newSearchPath } from "../../storage/sqlite/database.ts"
import { type Disk, newDisk, openIndexOn, openLogOn, proposalOf } from "../opened-log.ts"

const small = { runEntries: 16, cachedPages: 4, stepEntries: 5 }

const digestOf = (number: number): string => `sha256:${String(number).padStart(64, "0")}`

/** Payload texts that say what they are about. */
const bytesOf = (number: number): Uint8Array =>
  utf8(`${number} is about ${String(number % 5).padStart(64, "a")} and ${"b".repeat(64)}`)

const said = (value: string): Term => ({ name: "subject-digest", value: `sha256:${value}` })
const subjectOf = (number: number): Term => said(String(number % 5).padStart(64, "a"))

/** Entry `i` is about digest `i % 7`; every third one is an envelope with that payload. */
function termsAt(i: number): readonly Term[] {
  if (i % 11 === 10) return [{ name: "subject", value: "nothing that has a kind" }]
  const value = digestOf(i % 7)
  return i % 3 === 0
    ? [
        { name: "kind", value: "dsse:0.0.2" },
        { name: "payload", value },
      ]
    : [
        { name: "kind", value: "hashedrekord:0.0.2" },
        { name: "digest", value },
      ]
}

/** A world in which the test writes to the store itself: what is proven elsewhere is believed here. */
function newWorld(search: SearchStore = createMemorySearchStore()) {
  const disk: Disk = { ...newDisk(), search }
  const learnt = new Set<number>()
  let messages = 0
  let entries = 0
  return {
    disk,
    size: () => entries,
    async grow(count: number): Promise<void> {
      const { log } = await openLogOn(disk, small)
      const first = entries
      await Promise.all(
        Array.from({ length: count }, (_, i) =>
          log.add(proposalOf(`entry ${first + i}`, termsAt(first + i))),
        ),
      )
      entries += count
      await log.close()
    },
    async attach(number: number): Promise<void> {
      const bytes = bytesOf(number)
      const checksum = portableHasher.leaf(bytes)
      const digest = digestOf(number % 7)
      await disk.store.attach([{ digest, form: "payload", index: 0, bytes, checksum }], 1)
      learnt.add(number)
      messages = await disk.store.messages.newest()
    },
    messages: () => messages,
    isOpaque(i: number): boolean {
      return i % 11 === 10 || ![...learnt].some((number) => number % 7 === i % 7)
    },
    says(i: number, subject: Term): boolean {
      const about = (number: number) => subjectOf(number).value === subject.value
      return i % 11 !== 10 && [...learnt].some((number) => number % 7 === i % 7 && about(number))
    },
  }
}

const hashed = (term: Term): Uint8Array => termHash(term, portableHasher)

async function everything(
  index: SearchIndex,
  query: readonly (readonly Uint8Array[])[],
  size: number,
  asked: Pick<SearchPage, "order" | "isOpaque">,
): Promise<number[]> {
  const found: number[] = []
  let after: number | undefined
  do {
    const answer = await index.search(query, { ...asked, after, limit: 7 }, size)
    found.push(...answer.indexes)
    after = answer.next
  } while (after !== undefined)
  return found
}

type World = ReturnType<typeof newWorld>

async function expectRight(world: World, index: SearchIndex): Promise<void> {
  const size = world.size()
  const all = Array.from({ length: size }, (_, i) => i)
  const opaque = all.filter(world.isOpaque)
  expect(await everything(index, [], size, { order: "oldest", isOpaque: true })).toEqual(opaque)
  expect(await everything(index, [], size, { order: "newest", isOpaque: true })).toEqual(
    opaque.toReversed(),
  )
  expect(index.indexed()).toEqual({
    size,
    opaque: opaque.length,
    attachedUpTo: world.messages(),
  })
  for (const number of [0, 1, 2, 3, 4]) {
    const subject = subjectOf(number)
    const expected = all.filter((i) => world.says(i, subject))
    const query = [[hashed(subject)]]
    expect(await everything(index, query, size, { order: "oldest" })).toEqual(expected)
    const kind = hashed({ name: "kind", value: "dsse:0.0.2" })
    expect(await everything(index, [...query, [kind]], size, { order: "newest" })).toEqual(
      expected.filter((i) => i % 3 === 0).toReversed(),
    )
  }
}

async function opened({ disk, size }: World, search = disk.search): Promise<SearchIndex> {
  const index = await openIndexOn({ ...disk, search }, size(), small)
  await index.follow(size())
  await index.learn()
  return index
}

async function check({ disk, size }: World): Promise<readonly unknown[]> {
  const { store, terms, search } = disk
  const hasher = portableHasher
  const source = createTermSource({ reads: store, terms, hasher })
  return await checkLearning({ index: search, reads: store, terms, source, hasher, size: size() })
}

describe("messages and entries in any order", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ grow: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ attach: fc.integer({ min: 0, max: 20 }) }),
    ),
    { minLength: 2, maxLength: 12 },
  )

  test("give what reading everything gives, with restarts and made anew", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (all, isSqlite) => {
        const world = newWorld(isSqlite ? openSearchStore(newSearchPath(), identity) : undefined)
        await world.grow(1)
        for (const step of all) {
          if ("grow" in step) await world.grow(step.grow)
          else await world.attach(step.attach)
          const index = await opened(world)
          await expectRight(world, index)
          await index.stop()
        }
        await expectRight(world, await opened(world, createMemorySearchStore()))
        expect(await check(world)).toEqual([])
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  test("are judged again where a crash took the newest steps of the index", async () => {
    const world = newWorld()
    const { search } = world.disk
    let isLost = true
    const forgetful: SearchStore = {
      ...search,
      // What was learnt is lost, the entries' own terms are not.
      learn: async (step) => (isLost ? undefined : await search.learn(step)),
    }
    await world.grow(40)
    await world.attach(3)
    await (await opened(world, forgetful)).stop()
    isLost = false
    await expectRight(world, await opened(world, forgetful))
  })

  test("are learnt again where a crash came between what is said and what is explained", async () => {
    const world = newWorld()
    const { search } = world.disk
    await world.grow(40)
    await (await opened(world)).stop()
    await world.attach(3)
    let left = 1
    const failing: SearchStore = {
      ...search,
      async learn(step) {
        if (left === 0) throw new Error("injected")
        left -= 1
        await search.learn(step)
      },
    }
    const index = await openIndexOn({ ...world.disk, search: failing }, 40, small)
    await index.follow(40)
    await expect(index.learn()).rejects.toThrow("injected")
    await index.stop()
    await expectRight(world, await opened(world))
  })
})

describe("an index that waits for nobody", () => {
  test("says up to which entry and which message it knows", async () => {
    const world = newWorld()
    await world.grow(40)
    await world.attach(1)
    const index = await openIndexOn(world.disk, 40, small)
    await index.follow(23)
    const page = { order: "oldest", limit: 1 } as const
    const answer = await index.search([[hashed(subjectOf(1))]], page, 40)
    expect(answer).toMatchObject({ indexes: [], attachedUpTo: 0, opaque: { count: 23, upTo: 23 } })
    await index.learn()
    expect(await index.search([[hashed(subjectOf(1))]], page, 40)).toMatchObject({
      indexes: [1],
      attachedUpTo: 1,
      opaque: { upTo: 23 },
    })
  })

  test("learns nothing of a message that is not as it was written, and goes on without it", async () => {
    const world = newWorld()
    await world.grow(10)
    await world.attach(1)
    const { store } = world.disk
    const checksum = portableHasher.leaf(utf8("other"))
    const rotten = { digest: digestOf(2), form: "payload", index: 0, bytes: bytesOf(2), checksum }
    await store.attach([rotten], 1)
    const index = await openIndexOn(world.disk, 10, small)
    await index.follow(10)
    await expect(index.learn()).rejects.toMatchObject({ code: "damaged" })
    const page = { order: "oldest", limit: 9 } as const
    const answer = await index.search([[hashed(subjectOf(1))]], page, 10)
    expect(answer).toMatchObject({ indexes: [1, 8], attachedUpTo: 1 })
  })
})

describe("more messages than one answer looks at", () => {
  test("are never left out silently: the answer says how far it came and where to go on", async () => {
    const disk: Disk = { ...newDisk(), search: openSearchStore(newSearchPath(), identity) }
    const count = 1_100
    const { log } = await openLogOn(disk)
    const kind: Term = { name: "kind", value: "hashedrekord:0.0.2" }
    const adding = Array.from({ length: count }, (_, i) =>
      log.add(proposalOf(`${i}`, [kind, { name: "digest", value: digestOf(i) }])),
    )
    await Promise.all(adding)
    const messages = Array.from({ length: count }, (_, i) => {
      const bytes = bytesOf(i)
      const checksum = portableHasher.leaf(bytes)
      return { digest: digestOf(i), form: "payload", index: i, bytes, checksum }
    })
    await disk.store.attach(messages, 1)
    const index = await openIndexOn(disk, count)
    await index.follow(count)
    await index.learn()
    const query = [[hashed(said("b".repeat(64)))]]
    const found: number[] = []
    const stops: number[] = []
    for (let attachedAfter: number | undefined = 0; attachedAfter !== undefined; ) {
      const page: SearchPage = { order: "oldest", limit: 2_000, attachedAfter }
      const answer = await index.search(query, page, count)
      found.push(...answer.indexes)
      stops.push(answer.attachedUpTo)
      attachedAfter = answer.attachedNext
    }
    expect(stops).toEqual([512, 1_024, 1_100])
    expect(found).toEqual(messages.map((_, i) => i))
  })
})

describe("the check of what was learnt", () => {
  async function learntWorld() {
    const world = newWorld()
    await world.grow(40)
    for (const number of [1, 2, 9]) await world.attach(number)
    await (await opened(world)).stop()
    return world
  }

  test.each<[string, (store: SearchStore) => Partial<SearchStore>, RegExp]>([
    ["a message that is not found", () => ({ learnt: async () => undefined }), /is not found/],
    [
      "a message without what it says",
      (store) => ({
        async learnt(sequence) {
          const learnt = await store.learnt(sequence)
          return learnt && { ...learnt, terms: new Uint8Array(0) }
        },
      }),
      /is not found by what it says/,
    ],
    ["opaque entries that are not counted", () => ({ opaquePages: async () => [] }), /not counted/],
    [
      "a page that is not as it was written",
      () => ({ opaquePages: async () => [{ page: 0, bytes: new Uint8Array(528) }] }),
      /which of the entries from 0 on are opaque/,
    ],
    [
      "messages that the log does not have",
      () => ({ progress: async () => ({ opaqueUpTo: 40, attachedUpTo: 9, redactions: 0 }) }),
      /messages up to 9/,
    ],
  ])("names %s", async (_, spoil, reason) => {
    const world = await learntWorld()
    expect(await check(world)).toEqual([])
    const search = { ...world.disk.search, ...spoil(world.disk.search) }
    const [first] = await check({ ...world, disk: { ...world.disk, search } })
    expect(first).toMatchObject({ reason: expect.stringMatching(reason) })
  })
})

test("what a message says does not depend on the type that a payload was signed under", () => {
  const payload = JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app", digest: { sha256: "c".repeat(64) } }],
    predicateType: "https://example.com/p",
    predicate: {},
  })
  const terms = [payload, `DSSEv1 10 text/plain ${payload.length} ${payload}`].map((text) =>
    createEntryTerms(0)
      .ofMessage(utf8(text))
      .map(({ name, value }) => `${name} ${value}`),
  )
  expect(terms[0]).toContain(`subject-digest sha256:${"c".repeat(64)}`)
  expect(terms[0]).toContain("predicate-type https://example.com/p")
  expect(terms[1]).toEqual(terms[0])
})
