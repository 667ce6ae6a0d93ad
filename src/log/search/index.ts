// The search index: runs on disk for the older entries, memory for the newer ones. Terms are committed
// with their entries, so an answer is complete up to the newest head. When memory has a run's worth, the
// run is made in steps, each in the commit of a later batch: a crash leaves terms in one of the two places.
import { refuse, Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { createBoundedMap } from "../../tree/bounded-map.ts"
import type { SearchPage } from "../ports/log.ts"
import type { FoldStep, TermReads } from "../ports/store.ts"
import { decodeTerms } from "./batch.ts"
import { TERM_BYTES } from "./hash.ts"
import { type FoundEntries, type HashedQuery, type SearchSource, searchSources } from "./query.ts"
import {
  assertPage,
  collectEntries,
  createRunBuilder,
  type Directory,
  RUN_ENTRIES,
  type RunBuilder,
  readDirectory,
} from "./run.ts"
import { addEntry, emptySegment, entriesWith, type Segment, termKeyAt } from "./segment.ts"

export interface SearchIndex {
  /** What to commit along with the next batch, which has so many terms. */
  nextFold(terms: number): FoldStep | undefined
  /** To be called once a batch was committed with that step: the hashes of each entry's terms. */
  append(terms: readonly Uint8Array[], fold: FoldStep | undefined): void
  /**
   * Entries below `size` that have a term of each group. Refuses `malformed`; throws Trouble `damaged`
   * rather than leave out what cannot be read.
   */
  search(query: HashedQuery, page: SearchPage, size: number): Promise<FoundEntries>
}

export interface SearchIndexOptions {
  readonly reads: TermReads
  readonly hasher: TreeHasher
  /** Calls back after what has arrived by now (`setImmediate`). */
  readonly defer: (callback: () => void) => void
  /** How many entries there are. */
  readonly size: number
  readonly limits: SearchLimits
}

export interface SearchLimits {
  /** Entries of a run, up to 65,536. */
  readonly runEntries: number
  /** Terms of entries after which a run ends, which bounds the memory: some 100 bytes each. */
  readonly runTerms: number
  /** 8 KB each. */
  readonly cachedPages: number
}

export const defaultSearchLimits: SearchLimits = {
  runEntries: RUN_ENTRIES,
  runTerms: 524_288,
  cachedPages: 2_048,
}

/** A directory takes 3 to 20 KB. */
const CACHED_DIRECTORIES = 2_048
const PAGES_A_RUN = 2 ** 20
/** A run is made twice as fast as the next one grows. */
const FOLD_FACTOR = 2
/** Pages that one search looks at before others get a turn, and before it answers with what it has. */
const PAGES_A_TURN = 64
const PAGES_A_SEARCH = 8_192

interface Run {
  readonly run: number
  readonly first: number
  readonly end: number
}

async function loadRuns(reads: TermReads): Promise<Run[]> {
  let first = 0
  return (await reads.runs(0)).map(({ run, endIndex }, i) => {
    if (run !== i) throw new Trouble("damaged", `run ${i} of the search index is missing`)
    const loaded = { run, first, end: endIndex }
    first = endIndex
    return loaded
  })
}

async function* loadTerms(options: SearchIndexOptions, from: number): AsyncIterable<Uint8Array> {
  const { reads, hasher, size } = options
  for (let at = from; at < size; ) {
    const before = at
    for (const stored of await reads.terms(at)) {
      if (stored.firstIndex > at) break
      yield* decodeTerms(stored, hasher).slice(at - stored.firstIndex)
      at = stored.endIndex
    }
    if (at === before) {
      throw new Trouble("damaged", `the search terms of entry ${at} are missing`)
    }
  }
}

function segmentSource(segment: Segment): SearchSource {
  return {
    first: segment.first,
    end: segment.end,
    weight: async (hash) => entriesWith(segment, termKeyAt(hash, 0)).length,
    entriesWith: async (hash) => entriesWith(segment, termKeyAt(hash, 0)),
  }
}

function createRunReader({ reads, hasher, limits }: SearchIndexOptions) {
  const directories = createBoundedMap<number, Directory>(CACHED_DIRECTORIES)
  const pages = createBoundedMap<number, Uint8Array>(limits.cachedPages)

  async function directoryOf(run: Run): Promise<Directory> {
    const known = directories.get(run.run)
    if (known !== undefined) return known
    const bytes = (await reads.directory(run.run)) ?? new Uint8Array(0)
    const directory = readDirectory(bytes, run, hasher)
    directories.set(run.run, directory)
    return directory
  }

  async function pageOf({ run, first }: Run, page: number): Promise<Uint8Array> {
    const key = run * PAGES_A_RUN + page
    const known = pages.get(key)
    if (known !== undefined) return known
    const bytes = assertPage(await reads.page(run, page), { first, page }, hasher)
    pages.set(key, bytes)
    return bytes
  }

  return (run: Run, onPage: () => void): SearchSource => ({
    first: run.first,
    end: run.end,
    async weight(hash) {
      const range = (await directoryOf(run)).range(hash)
      return range === undefined ? 0 : range.to - range.from + 1
    },
    async entriesWith(hash) {
      const range = (await directoryOf(run)).range(hash)
      const found: number[] = []
      if (range === undefined) return found
      for (let page = range.from; page <= range.to; page++) {
        onPage()
        collectEntries(await pageOf(run, page), hash, run.first, found)
      }
      return found
    },
  })
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

/** Reads the terms that no run has. Throws Trouble `damaged` if some are missing or not as written. */
async function loadIndex(options: SearchIndexOptions): Promise<SearchIndex> {
  const { hasher, limits } = options
  const runs = await loadRuns(options.reads)
  const sourceOfRun = createRunReader(options)
  const folded = runs[runs.length - 1]?.end ?? 0
  let growing = emptySegment(folded)
  const closed: Segment[] = []
  let builder: RunBuilder | undefined
  let pending: FoldStep | undefined

  function add(hashes: Uint8Array): void {
    addEntry(growing, hashes)
    const { first, end, postings } = growing
    if (end - first < limits.runEntries && postings < limits.runTerms) return
    closed.push(growing)
    growing = emptySegment(end)
  }

  function finishRun(): void {
    const segment = closed.shift() as Segment
    runs.push({ run: runs.length, first: segment.first, end: segment.end })
    builder = undefined
  }

  for await (const hashes of loadTerms(options, folded)) add(hashes)

  return {
    nextFold(terms) {
      const [segment] = closed
      if (segment === undefined) return undefined
      builder ??= createRunBuilder(runs.length, segment, hasher)
      // A step that was not committed is given again.
      pending ??= builder.step(FOLD_FACTOR * terms)
      return pending
    },
    append(terms, fold) {
      if (fold !== undefined) pending = undefined
      if (fold?.finished !== undefined) finishRun()
      for (const hashes of terms) add(hashes)
    },
    async search(query, page, size) {
      const { onPage, mayGoOn } = createBudget(options.defer)
      const sources = [
        ...runs.map((run) => sourceOfRun(run, onPage)),
        ...[...closed, growing].map(segmentSource),
      ]
      return await searchSources({ sources, query, page, size, mayGoOn })
    },
  }
}

/**
 * Opens the index of a log with `size` entries. A damaged one does not keep the log from growing: then
 * every search throws the Trouble, and new terms are kept for whoever repairs it.
 */
export async function openSearchIndex(options: SearchIndexOptions): Promise<SearchIndex> {
  const { runEntries } = options.limits
  if (!(runEntries >= 1 && runEntries <= RUN_ENTRIES)) {
    refuse("malformed", `entries of a run: expected 1 to ${RUN_ENTRIES}, found ${runEntries}`)
  }
  try {
    return await loadIndex(options)
  } catch (reason) {
    if (!(reason instanceof Trouble && reason.code === "damaged")) throw reason
    return {
      nextFold: () => undefined,
      append: () => {},
      search: () => Promise.reject(reason),
    }
  }
}

/** The number of terms whose hashes these are. */
export function countTerms(terms: readonly Uint8Array[]): number {
  return terms.reduce((sum, hashes) => sum + hashes.length / TERM_BYTES, 0)
}
