import * as fc from "fast-check"
import { describe, expect, it, onTestFinished, test } from "vitest"
import { Trouble } from "../../../src/core/base/errors.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { Term, TermName } from "../../../src/entry/term.ts"
import type { LogLimits } from "../../../src/log/limits.ts"
import type { Log, SearchQuery } from "../../../src/log/ports/log.ts"
import type { EntryTerms, SearchStore } from "../../../src/log/ports/search.ts"
import type { LogStore } from "../../../src/log/ports/store.ts"
import { createLogSearch } from "../../../src/log/search/answering.ts"
import { checkSearch, type SearchFinding } from "../../../src/log/search/check.ts"
import { termHash } from "../../../src/log/search/hash.ts"
import type { SearchIndex, SearchLimits } from "../../../src/log/search/index.ts"
import { createTermSource } from "../../../src/log/search/term-source.ts"
import { createSqliteStore, openSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import { openSearchStore } from "../../../src/storage/sqlite/search/store.ts"
import { createMemorySearchStore } from "../../storage/memory/search-store.ts"
import { newPath } from "../../storage/sqlite/database.ts"
import { type Disk, newDisk, openIndexOn, openLogOn, proposalOf, startTime } from "../opened-log.ts"

const small: Partial<LogLimits & SearchLimits> = { runEntries: 16, cachedPages: 4 }

const names: readonly TermName[] = ["digest", "key", "identity", "kind"]

/** Entry `index` of an imaginary log: rare terms, busy ones, one that all have, and none at all. */
function termsAt(index: number): readonly Term[] {
  if (index % 11 === 10) return []
  return [
    { name: "kind", value: "hashedrekord:0.0.2" },
    { name: "digest", value: `sha256:${index % 37}` },
    { name: "key", value: `sha256:${index % 3}` },
    ...(index % 5 === 0 ? [{ name: "identity", value: `${index % 10}@example.com` } as const] : []),
  ]
}

async function grow(log: Log, from: number, to: number): Promise<void> {
  const adding: Promise<unknown>[] = []
  for (let i = from; i < to; i++) adding.push(log.add(proposalOf(`e${i}`, termsAt(i))))
  await Promise.all(adding)
}

function matches(index: number, query: SearchQuery): boolean {
  const own = termsAt(index)
  return query.every((group) =>
    group.some((term) => own.some(({ name, value }) => name === term.name && value === term.value)),
  )
}

/** What reading all entries gives. */
function oracle(size: number, query: SearchQuery): number[] {
  return Array.from({ length: size }, (_, index) => index).filter((index) => matches(index, query))
}

async function everything(
  log: Log,
  query: SearchQuery,
  { limit = 1_000, order = "oldest" }: { limit?: number; order?: "oldest" | "newest" } = {},
): Promise<number[]> {
  const found: number[] = []
  let after: number | undefined
  do {
    const answer = await log.search(query, { order, after, limit })
    expect(answer.indexes.length).toBeLessThanOrEqual(limit)
    expect(answer.head).toEqual(log.head())
    expect(answer.completeUpTo).toBe(log.head().size)
    found.push(...answer.indexes)
    after = answer.next
  } while (after !== undefined)
  return found
}

/** What fsck says of the index of a disk, or of another one over the same log. */
async function check(
  disk: Disk,
  reads: SearchStore = disk.search,
): Promise<readonly SearchFinding[]> {
  const { store, terms } = disk
  const hasher = portableHasher
  const source = createTermSource({ reads: store, terms, hasher })
  const size = async () => (await store.head()).size
  return (await checkSearch({ reads, source, hasher, size })).findings
}

const anyTerm: fc.Arbitrary<Term> = fc.oneof(
  fc.nat(40).map((number): Term => ({ name: "digest", value: `sha256:${number}` })),
  fc.nat(3).map((key): Term => ({ name: "key", value: `sha256:${key}` })),
  fc.constantFrom<Term>(
    { name: "kind", value: "hashedrekord:0.0.2" },
    { name: "kind", value: "dsse:0.0.2" },
    { name: "identity", value: "0@example.com" },
    { name: "identity", value: "5@example.com" },
  ),
)
const anyQuery = fc.array(fc.array(anyTerm, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 3,
})

describe("a search", () => {
  test("gives exactly the entries that have the terms, at every size, in any page, also after a restart", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }),
        fc.array(anyQuery, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (growth, queries, limit, batchEntries, restarts) => {
          const disk = newDisk()
          const limits = { ...small, batchEntries, stepEntries: batchEntries }
          let { log } = await openLogOn(disk, limits)
          let size = 0
          for (const count of growth) {
            await grow(log, size, size + count)
            size += count
            if (restarts) log = (await openLogOn(disk, limits)).log
            for (const query of queries) {
              const expected = oracle(size, query)
              expect(await everything(log, query, { limit })).toEqual(expected)
              const newest = await everything(log, query, { limit, order: "newest" })
              expect(newest).toEqual(expected.toReversed())
            }
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it("is answered from runs once there are enough entries, and from them alone in the end", async () => {
    const disk = newDisk()
    const { log, index } = await openLogOn(disk, { ...small, stepEntries: 1 })
    await grow(log, 0, 600)
    await index.follow(600)
    const runs = await disk.search.runs(0)
    expect(runs.length).toBeGreaterThan(1)
    const folded = runs.at(-1)?.endIndex ?? 0
    expect((await disk.search.terms(0)).every(({ endIndex }) => endIndex > folded)).toBe(true)
    const query: SearchQuery = [[{ name: "key", value: "sha256:1" }]]
    expect(await everything(log, query)).toEqual(oracle(600, query))
  })

  it("finds a term with more entries than a page holds", async () => {
    const disk = newDisk()
    const limits = { runEntries: 9_000, stepEntries: 3_000, entriesUnderWay: 20_000 }
    const { log, index } = await openLogOn(disk, limits)
    const term: Term = { name: "kind", value: "busy" }
    const add = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, i) => log.add(proposalOf(`b${from + i}`, [term]))),
      )
    await add(0, 9_000)
    await add(9_000, 18_001)
    await index.follow(18_001)
    expect((await disk.search.runs(0)).map(({ pages }) => pages)).toEqual([3])
    const all = Array.from({ length: 18_001 }, (_, i) => i)
    expect(await everything(log, [[term]], { limit: 5_000 })).toEqual(all)
    const { indexes } = await log.search([[term]], { order: "newest", after: 8_000, limit: 2 })
    expect(indexes).toEqual([7_999, 7_998])
  })

  it("refuses a query without terms, with an empty group, and a limit of 0", async () => {
    const { log } = await openLogOn(newDisk())
    const page = { order: "oldest", limit: 1 } as const
    await expect(log.search([], page)).rejects.toMatchObject({ code: "malformed" })
    await expect(log.search([[]], page)).rejects.toMatchObject({ code: "malformed" })
    const query: SearchQuery = [[{ name: "kind", value: "x" }]]
    await expect(log.search(query, { ...page, limit: 0 })).rejects.toMatchObject({
      code: "malformed",
    })
  })

  it("tells names apart whose text together is the same", () => {
    const hashes = names.map((name) => termHash({ name, value: "sha256:1" }, portableHasher))
    expect(new Set(hashes.map((hash) => Buffer.from(hash).toString("hex"))).size).toBe(names.length)
  })
})

describe("a search over SQLite", () => {
  it("is the same, over runs and after a restart", async () => {
    const disk = newDisk()
    const path = newPath()
    createSqliteStore(path, disk.identity, { time: startTime })
    const open = () => ({
      store: openSqliteStore(path),
      search: openSearchStore(`${path}.search`, disk.identity),
    })
    const files = open()
    const { log, index } = await openLogOn({ ...disk, ...files }, { ...small, stepEntries: 50 })
    for (let i = 0; i < 1_500; i += 50) {
      await grow(log, i, i + 50)
      await index.follow(i + 50)
    }
    await log.close()
    await files.store.close()
    await files.search.close()
    const again = { ...disk, ...open() }
    onTestFinished(async () => {
      await again.store.close()
      await again.search.close()
    })
    expect((await again.search.runs(0)).length).toBeGreaterThan(1)
    const { log: reopened } = await openLogOn(again, small)
    const query: SearchQuery = [[{ name: "key", value: "sha256:1" }]]
    expect(await everything(reopened, query, { limit: 7 })).toEqual(oracle(1_500, query))
    expect(await check(again)).toEqual([])
  })
})

describe("a fault of the disk while the index grows", () => {
  it("before a step or after it leaves every entry to be found once", async () => {
    const disk = newDisk()
    let left = Number.POSITIVE_INFINITY
    let isAfter = false
    const search: SearchStore = {
      ...disk.search,
      async append(step) {
        left -= 1
        if (left <= 0 && !isAfter) throw new Error("injected")
        await disk.search.append(step)
        if (left <= 0) throw new Error("injected")
      },
    }
    const faulty: Disk = { ...disk, search }
    let size = 0
    // A run takes 256 steps here, so faults hit its beginning, its middle and its end.
    for (let round = 0; round < 16; round++) {
      isAfter = round % 2 === 0
      left = 1 + ((round * 97) % 330)
      const { log, index } = await openLogOn(faulty, { ...small, stepEntries: 1 })
      await grow(log, size, size + 300)
      size += 300
      await expect(index.follow(size)).rejects.toThrow(/injected|expected terms/)
      left = Number.POSITIVE_INFINITY
    }
    expect((await disk.search.runs(0)).length).toBeGreaterThan(2)
    const { log } = await openLogOn(disk, small)
    const query: SearchQuery = [[{ name: "key", value: "sha256:2" }]]
    expect(await everything(log, query)).toEqual(oracle(size, query))
    expect(await check(disk)).toEqual([])
  })

  it("is over when the disk is well again, without a restart", async () => {
    const disk = newDisk()
    let isFull = true
    const search: SearchStore = {
      ...disk.search,
      async append(step) {
        if (isFull) throw new Trouble("disk", "injected")
        await disk.search.append(step)
      },
    }
    const { log } = await openLogOn({ ...disk, search }, small)
    await grow(log, 0, 100)
    const query: SearchQuery = [[{ name: "key", value: "sha256:2" }]]
    expect(await log.search(query, { order: "oldest", limit: 100 })).toEqual({
      indexes: [],
      completeUpTo: 0,
      opaque: { count: 0, upTo: 0 },
      attachedUpTo: 0,
      head: log.head(),
    })
    isFull = false
    expect(await everything(log, query)).toEqual(oracle(100, query))
  })
})

describe("an index that is behind the log", () => {
  const query: SearchQuery = [[{ name: "key", value: "sha256:1" }]]
  const page = { order: "oldest", limit: 1_000 } as const

  it("goes on from what it has after a restart, and from nothing if it is gone", async () => {
    const disk = newDisk()
    const { log, index } = await openLogOn(disk, small)
    await grow(log, 0, 300)
    await index.follow(100)
    for (const search of [disk.search, createMemorySearchStore()]) {
      const { log: reopened } = await openLogOn({ ...disk, search }, small)
      expect(await everything(reopened, query)).toEqual(oracle(300, query))
    }
  })

  it("answers when patience is over, and says up to where it is complete", async () => {
    const disk = newDisk()
    const { log } = await openLogOn(disk, small)
    await grow(log, 0, 300)
    const index = await openIndexOn(disk, 300, { ...small, stepEntries: 100 })
    await index.follow(100)
    const never: SearchIndex = { ...index, follow: () => new Promise(() => {}) }
    let isOver = (): void => {}
    const search = createLogSearch(
      never,
      () =>
        new Promise((resolve) => {
          isOver = resolve
        }),
    )
    const hashed = query.map((group) => group.map((term) => termHash(term, portableHasher)))
    const answering = search.search({ ...page, query: hashed, size: 300, attached: 0 })
    isOver()
    expect(await answering).toEqual({
      indexes: oracle(100, query),
      completeUpTo: 100,
      // Those that say nothing are opaque, and so are those whose digest no message explains.
      opaque: { count: 100, upTo: 100 },
      attachedUpTo: 0,
    })
    expect(search.indexed().size).toBe(100)
  })

  it("takes in no more once it is stopped, and refuses who waits for more", async () => {
    const disk = newDisk()
    const { log } = await openLogOn(disk, small)
    await grow(log, 0, 300)
    const index = await openIndexOn(disk, 300, { ...small, stepEntries: 10 })
    const following = expect(index.follow(300)).rejects.toMatchObject({ code: "try-later" })
    await index.stop()
    await following
    const { length } = (await disk.search.terms(0)).filter(({ endIndex }) => endIndex > 0)
    expect(length).toBeLessThan(30)
  })
})

describe("the side terms in the log", () => {
  const query: SearchQuery = [[{ name: "key", value: "sha256:1" }]]

  async function grownLog(): Promise<Disk> {
    const disk = newDisk()
    const { log } = await openLogOn(disk, small)
    await grow(log, 0, 300)
    return disk
  }

  it.each<[string, (store: LogStore) => Partial<LogStore>]>([
    [
      "side terms with a flipped bit",
      (s) => ({
        sideTerms: async (from, to) =>
          (await s.sideTerms(from, to)).map((side) => ({
            ...side,
            bytes: side.bytes.map((byte, i) => (side.index === 70 && i === 3 ? byte ^ 1 : byte)),
          })),
      }),
    ],
    [
      "side terms of another entry",
      (s) => ({
        sideTerms: async (from, to) =>
          (await s.sideTerms(from, to)).map((side, i, all) => ({
            ...side,
            bytes: (all[i === 0 ? 1 : 0] ?? side).bytes,
          })),
      }),
    ],
    [
      "a body that is not the one in its tile",
      (s) => ({
        bodies: async (from, to) =>
          (await s.bodies(from, to)).map((body, i) => (from + i === 70 ? body.map(() => 7) : body)),
      }),
    ],
  ])("are the source of the index only as they were written: %s", async (_, damage) => {
    const disk = await grownLog()
    const store = { ...disk.store, ...damage(disk.store) }
    const damaged = { ...disk, store, search: createMemorySearchStore() }
    const index = await openIndexOn(damaged, 300)
    await expect(index.follow(300)).rejects.toMatchObject({ code: "damaged" })
    const whole = await openIndexOn(disk, 300)
    await whole.follow(300)
    expect(await check(disk)).toEqual([])
    expect(await check({ ...disk, store })).toMatchObject([{ what: "search", where: "source" }])
  })

  it("are compared with the index by fsck, entry by entry", async () => {
    const disk = await grownLog()
    const other: EntryTerms = {
      ...disk.terms,
      besideBody: (terms) => terms.filter(({ value }) => value !== "sha256:1"),
    }
    const { log } = await openLogOn({ ...newDisk(), search: disk.search, terms: other }, small)
    await grow(log, 0, 300)
    await everything(log, query)
    const findings = await check(disk)
    expect(findings.map(({ where }) => where)).toContain("terms of entry 1")
    expect(findings.every(({ reason }) => reason === "are not those that the log has")).toBe(true)
  })
})

describe("damage in the search index", () => {
  const query: SearchQuery = [[{ name: "key", value: "sha256:1" }]]
  const page = { order: "oldest", limit: 1_000 } as const

  async function grown(): Promise<Disk> {
    const disk = newDisk()
    const { log, index } = await openLogOn(disk, { ...small, stepEntries: 8 })
    await grow(log, 0, 2_000)
    await index.follow(2_000)
    expect((await disk.search.runs(0)).length).toBeGreaterThan(0)
    return disk
  }

  function flipped(bytes: Uint8Array | undefined, at: number): Uint8Array | undefined {
    return bytes?.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte))
  }

  test.each<[string, (store: SearchStore) => Partial<SearchStore>]>([
    ["a flipped bit in a page", (s) => ({ page: async (r, p) => flipped(await s.page(r, p), 77) })],
    ["a page of another run", (s) => ({ page: (r, p) => s.page(r === 0 ? 1 : r, p) })],
    ["a page that is missing", () => ({ page: async () => undefined })],
    [
      "a flipped bit in a directory",
      (s) => ({ directory: async (r) => flipped(await s.directory(r), 20) }),
    ],
    ["a directory of another run", (s) => ({ directory: (r) => s.directory(r === 0 ? 1 : r) })],
    ["a directory that is missing", () => ({ directory: async () => undefined })],
    ["a run that is missing", (s) => ({ runs: async (from) => (await s.runs(from)).slice(1) })],
    [
      "a last run that is missing",
      (s) => ({ runs: async (from) => (await s.runs(from)).slice(0, -1) }),
    ],
    [
      "a flipped bit in terms",
      (s) => ({
        terms: async (from) =>
          (await s.terms(from)).map((row) => ({
            ...row,
            bytes: flipped(row.bytes, 9) as Uint8Array,
          })),
      }),
    ],
    ["terms that are missing", (s) => ({ terms: async (from) => (await s.terms(from)).slice(1) })],
  ])("(%s) is never answered wrongly and does not keep the log from growing", async (_, damage) => {
    const disk = await grown()
    const search = { ...disk.search, ...damage(disk.search) }
    expect(await check(disk)).toEqual([])
    expect((await check(disk, search)).length).toBeGreaterThan(0)
    const { log } = await openLogOn({ ...disk, search }, small)
    await expect(log.search(query, page)).rejects.toMatchObject({ code: "damaged" })
    await grow(log, 2_000, 2_040)
    expect(log.head().size).toBe(2_040)
    await expect(log.search(query, page)).rejects.toMatchObject({ code: "damaged" })
    // Nothing is lost for good: with the damage undone, or with a new index, all are found.
    for (const whole of [disk.search, createMemorySearchStore()]) {
      const { log: repaired } = await openLogOn({ ...disk, search: whole }, small)
      expect(await everything(repaired, query)).toEqual(oracle(2_040, query))
    }
  })

  test("is what an index with more entries than the log counts as", async () => {
    const disk = await grown()
    const behind = { ...newDisk(), search: disk.search }
    const { log } = await openLogOn(behind, small)
    await expect(log.search(query, page)).rejects.toMatchObject({
      code: "damaged",
      message: expect.stringContaining("made of a newer copy of the log"),
    })
    expect(await check(behind)).toMatchObject([{ where: "size" }])
  })
})

describe("an attachment", () => {
  const attachment = { mediaType: "text/plain", bytes: new TextEncoder().encode("kept") }

  it("comes back as it came, also after a restart, and only with the entry it came with", async () => {
    const disk = newDisk()
    const { log } = await openLogOn(disk, { attachmentBytes: 4 })
    await Promise.all([
      log.add(proposalOf("a")),
      log.add(proposalOf("b"), () => attachment),
      log.add(proposalOf("c")),
    ])
    for (const opened of [log, (await openLogOn(disk)).log]) {
      expect(await opened.attachment(1)).toEqual(attachment)
      expect(await opened.attachment(0)).toBeUndefined()
      await expect(opened.attachment(3)).rejects.toMatchObject({ code: "not-found" })
    }
  })

  it("that is longer than what is kept is refused with its entry", async () => {
    const { log } = await openLogOn(newDisk(), { attachmentBytes: 3 })
    await expect(log.add(proposalOf("b"), () => attachment)).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringContaining("keeps envelopes of up to 3 bytes"),
    })
    expect(log.head().size).toBe(0)
  })

  it("is left out by a log that keeps none, the entry is not", async () => {
    const { log } = await openLogOn(newDisk(), { attachmentBytes: 0 })
    expect((await log.add(proposalOf("b"), () => attachment)).index).toBe(0)
    expect(await log.attachment(0)).toBeUndefined()
  })

  it("is not given away damaged", async () => {
    const disk = newDisk()
    const { log } = await openLogOn(disk, { attachmentBytes: 4 })
    await log.add(proposalOf("b"), () => attachment)
    const store: LogStore = {
      ...disk.store,
      async attachment(index) {
        const stored = await disk.store.attachment(index)
        if (stored === undefined || "redacted" in stored) return stored
        return { ...stored, bytes: stored.bytes.map((byte) => byte ^ 1) }
      },
    }
    const { log: damaged } = await openLogOn({ ...disk, store })
    await expect(damaged.attachment(0)).rejects.toMatchObject({ code: "damaged" })
  })
})
