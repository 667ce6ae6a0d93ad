// The search index: runs on disk for the older entries, memory for the newer ones. It follows the log: step by
// step it takes the terms of the next committed entries and stores them, and up to where it came is what is in
// its store, so a crash leaves nothing to repair. When memory has a run's worth, the run is made along with
// later steps, so terms are always in exactly one of the two places.
import { refuse, Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { Explained, FoundEntries, SearchPage } from "../ports/log.ts"
import type { FoldStep, HashedQuery, Indexed, SearchStore } from "../ports/search.ts"
import { decodeTerms, encodeTerms } from "./batch.ts"
import { TERM_BYTES } from "./hash.ts"
import { type MessageSource, openLearning } from "./learning.ts"
import { type SearchSource, searchOpaque, searchSources } from "./query.ts"
import { createRunBuilder, RUN_ENTRIES, type RunBuilder } from "./run.ts"
import { createRunReader, loadRuns, loadTerms } from "./run-reading.ts"
import { addEntry, emptySegment, entriesWith, type Segment, termKeyAt } from "./segment.ts"
import type { TermSource } from "./term-source.ts"

export interface SearchIndex {
  /** How many entries it has: all from the first one on. 0 for one that is damaged. */
  size(): number
  /**
   * Takes in entries until it has `size`, which the log must have committed. Rejects as the store and the
   * source do, and then still has what it had; the next call goes on from there.
   */
  follow(size: number): Promise<void>
  /**
   * Learns all messages that the log has, and which entries are opaque. Rejects as the store and the source do,
   * and then still has what it had.
   */
  learn(): Promise<void>
  indexed(): Indexed
  /**
   * Entries below `size`, or below its own if that is smaller, that have a term of each group, or whose message
   * says it. Refuses `malformed`; throws Trouble `damaged` rather than leave out what cannot be read.
   */
  search(query: HashedQuery, page: SearchPage, size: number): Promise<FoundEntries & Explained>
  /** Takes in no more and resolves when the step that is under way is stored. */
  stop(): Promise<void>
}

interface SearchIndexOptions {
  readonly store: SearchStore
  readonly source: TermSource
  readonly messages: MessageSource
  readonly hasher: TreeHasher
  /** Calls back after what has arrived by now (`setImmediate`). */
  readonly defer: (callback: () => void) => void
  /** How many entries the log has: an index that has more is another log's, or that of a newer copy. */
  readonly logSize: number
  readonly limits?: Partial<SearchLimits>
}

const defaultLimits = {
  /** Entries of a run, up to 65,536. */
  runEntries: RUN_ENTRIES,
  /** Terms of entries after which a run ends, which bounds the memory: some 100 bytes each. */
  runTerms: 524_288,
  /** 8 KB each: 16 MB. */
  cachedPages: 2_048,
  /** Entries of a step: so many are taken in before searches get a turn, up to 4,096. */
  stepEntries: 512,
}

export type SearchLimits = Readonly<typeof defaultLimits>

/** A run is made twice as fast as the next one grows. */
const FOLD_FACTOR = 2
/** Pages that one search looks at before others get a turn, and before it answers with what it has. */
const PAGES_A_TURN = 64
const PAGES_A_SEARCH = 8_192
/** Entries of one key that are looked at before others get a turn. */
const LISTED_AT_ONCE = 4_096

function segmentSource(segment: Segment): SearchSource {
  return {
    first: segment.first,
    end: segment.end,
    weight: async (hash) => entriesWith(segment, termKeyAt(hash, 0)).length,
    entriesWith: async (hash) => entriesWith(segment, termKeyAt(hash, 0)),
  }
}

/** Lets others have a turn now and then, and says when it is enough. */
function createBudget(defer: SearchIndexOptions["defer"]) {
  let pages = 0
  let turn = 0
  return {
    onPage(): void {
      pages += 1
    },
    async mayGoOn(): Promise<boolean> {
      if (pages - turn >= PAGES_A_TURN) {
        turn = pages
        await new Promise<void>((resolve) => defer(resolve))
      }
      return pages < PAGES_A_SEARCH
    },
  }
}

function assertNotAhead(own: number, logSize: number): void {
  if (own <= logSize) return
  throw new Trouble(
    "damaged",
    `the search index has ${own} entries, the log ${logSize}: it was made of a newer copy of the log`,
  )
}

function countTerms(terms: readonly Uint8Array[]): number {
  return terms.reduce((sum, hashes) => sum + hashes.length / TERM_BYTES, 0)
}

/** Throws Trouble `damaged` if something in the store is missing or not as it was written. */
async function loadIndex(options: SearchIndexOptions, limits: SearchLimits): Promise<SearchIndex> {
  const { store, source, hasher, defer } = options
  const runs = await loadRuns(store)
  const sourceOfRun = createRunReader(store, hasher, limits.cachedPages)
  let growing = emptySegment(runs.at(-1)?.end ?? 0)
  const closed: Segment[] = []
  let builder: RunBuilder | undefined
  let pending: FoldStep | undefined
  let target = 0
  let following: Promise<void> | undefined
  let stopped = false

  function add(hashes: Uint8Array): void {
    addEntry(growing, hashes)
    const { first, end, postings } = growing
    if (end - first < limits.runEntries && postings < limits.runTerms) return
    closed.push(growing)
    growing = emptySegment(end)
  }

  function nextFold(terms: number): FoldStep | undefined {
    const [segment] = closed
    if (segment === undefined) return undefined
    builder ??= createRunBuilder(runs.length, segment, hasher)
    // A step that was not stored is given again.
    pending ??= builder.step(FOLD_FACTOR * terms)
    return pending
  }

  function finishRun(): void {
    const segment = closed.shift() as Segment
    runs.push({ run: runs.length, first: segment.first, end: segment.end })
    builder = undefined
  }

  async function takeStep(): Promise<void> {
    const firstIndex = growing.end
    const endIndex = Math.min(target, firstIndex + limits.stepEntries)
    const terms = await source(firstIndex, endIndex)
    const fold = nextFold(countTerms(terms))
    const bytes = encodeTerms(firstIndex, terms, hasher)
    await store.append({ firstIndex, endIndex, bytes, fold })
    pending = undefined
    if (fold?.finished !== undefined) finishRun()
    for (const hashes of terms) add(hashes)
    await learning.take(firstIndex, terms)
  }

  function sourcesOf(onPage: () => void): readonly SearchSource[] {
    return [
      ...runs.map((run) => sourceOfRun(run, onPage)),
      ...[...closed, growing].map(segmentSource),
    ]
  }

  async function* entriesWithKey(key: Uint8Array): AsyncGenerator<number, void, void> {
    const sources = sourcesOf(() => {})
    const mayGoOn = async () => true
    const size = growing.end
    for (let after = -1; ; ) {
      const page = { order: "oldest", after, limit: LISTED_AT_ONCE } as const
      const found = await searchSources({ sources, query: [[key]], page, size, mayGoOn })
      yield* found.indexes
      if (found.next === undefined) return
      after = found.next
      await new Promise<void>((resolve) => defer(resolve))
    }
  }

  async function catchUp(): Promise<void> {
    while (growing.end < target && !stopped) {
      await takeStep()
      await new Promise<void>((resolve) => defer(resolve))
    }
  }

  for await (const stored of loadTerms(store, growing.end)) {
    for (const hashes of decodeTerms(stored, hasher).slice(growing.end - stored.firstIndex)) {
      add(hashes)
    }
  }
  assertNotAhead(growing.end, options.logSize)
  const learning = await openLearning({
    ...{ store, source, hasher, ...options.messages, entriesWith: entriesWithKey },
    size: () => growing.end,
  })
  if (learning.progress().opaqueUpTo > growing.end) {
    throw new Trouble("damaged", "the search index knows of opaque entries that it does not have")
  }

  /** Judging and learning, which are one for all who ask. */
  let learningNow: Promise<void> | undefined

  return {
    size: () => growing.end,
    async follow(size) {
      target = Math.max(target, size)
      while (growing.end < size) {
        if (stopped) refuse("try-later", "the log is closing")
        following ??= catchUp().finally(() => {
          following = undefined
        })
        await following
      }
    },
    async learn() {
      learningNow ??= learning.catchUp().finally(() => {
        learningNow = undefined
      })
      await learningNow
    },
    indexed() {
      const { attachedUpTo } = learning.progress()
      return { size: growing.end, opaque: learning.opaque.count(), attachedUpTo }
    },
    async search(query, page, size) {
      const { onPage, mayGoOn } = createBudget(defer)
      const { query: all, ...attached } = await learning.expand(query, page.attachedAfter ?? 0)
      const { opaque } = learning
      const { opaqueUpTo } = learning.progress()
      const end = Math.min(size, growing.end, page.isOpaque === true ? opaqueUpTo : growing.end)
      const isWanted = page.isOpaque === true ? opaque.has : undefined
      const found =
        page.isOpaque === true && query.length === 0
          ? searchOpaque(opaque, page, end)
          : await searchSources({
              ...{ sources: sourcesOf(onPage), query: all, page, size: end, mayGoOn, isWanted },
            })
      return { ...found, ...attached, opaque: { count: opaque.count(), upTo: opaqueUpTo } }
    },
    async stop() {
      stopped = true
      await following?.catch(() => {})
      await learningNow?.catch(() => {})
    },
  }
}

/**
 * Opens the index in a store. One that is damaged keeps nothing from growing: it takes in no more, and every
 * search throws the Trouble until it is made anew.
 */
export async function openSearchIndex(options: SearchIndexOptions): Promise<SearchIndex> {
  const limits = { ...defaultLimits, ...options.limits }
  const { runEntries } = limits
  if (!(runEntries >= 1 && runEntries <= RUN_ENTRIES)) {
    refuse("malformed", `entries of a run: expected 1 to ${RUN_ENTRIES}, found ${runEntries}`)
  }
  try {
    return await loadIndex(options, limits)
  } catch (reason) {
    if (!(reason instanceof Trouble && reason.code === "damaged")) throw reason
    return brokenIndex(reason)
  }
}

/** Stands for an index that cannot be opened: takes in nothing and answers nothing but the reason. */
export function brokenIndex(reason: unknown): SearchIndex {
  return {
    size: () => 0,
    follow: () => Promise.reject(reason),
    learn: () => Promise.reject(reason),
    indexed: () => ({ size: 0, opaque: 0, attachedUpTo: 0 }),
    search: () => Promise.reject(reason),
    stop: async () => {},
  }
}
