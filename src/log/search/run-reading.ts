// Reads the runs of an index: which there are, and the pages of each as something to search or to list.
import { readU16 } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import { createBoundedMap } from "../../tree/bounded-map.ts"
import type { StoredTerms, TermReads } from "../ports/search.ts"
import { decodeTerms } from "./batch.ts"
import { TERM_BYTES } from "./hash.ts"
import type { SearchSource } from "./query.ts"
import { assertPage, collectEntries, type Directory, readDirectory, recordsOf } from "./run.ts"

interface Run {
  readonly run: number
  readonly first: number
  readonly end: number
}

/** In order. Throws Trouble `damaged` if one is missing before the last one. */
export async function loadRuns(reads: TermReads): Promise<Run[]> {
  let first = 0
  return (await reads.runs(0)).map(({ run, endIndex }, i) => {
    if (run !== i) throw new Trouble("damaged", `run ${i} of the search index is missing`)
    const loaded = { run, first, end: endIndex }
    first = endIndex
    return loaded
  })
}

/** The stored terms from entry `from` on. Throws Trouble `damaged` if some are missing before the last ones. */
export async function* loadTerms(
  reads: TermReads,
  from: number,
): AsyncGenerator<StoredTerms, void, void> {
  for (let at = from; ; ) {
    const found = await reads.terms(at)
    if (found.length === 0) return
    for (const stored of found) {
      if (stored.firstIndex > at || stored.endIndex <= at) {
        throw new Trouble("damaged", `the search terms of entry ${at} are missing`)
      }
      yield stored
      at = stored.endIndex
    }
  }
}

/** Throws Trouble `damaged` for a directory that is missing or not as it was written. */
export async function readRunDirectory(
  reads: TermReads,
  run: Run,
  hasher: TreeHasher,
): Promise<Directory> {
  const bytes = (await reads.directory(run.run)) ?? new Uint8Array(0)
  return readDirectory(bytes, run, hasher)
}

/** As {@link readRunDirectory}. */
export async function readRunPage(
  reads: TermReads,
  { run, first }: Omit<Run, "end">,
  page: number,
  hasher: TreeHasher,
): Promise<Uint8Array> {
  return assertPage(await reads.page(run, page), { first, page }, hasher)
}

/** Of directories, which have 3 to 20 KB each. */
const CACHED_DIRECTORY_BYTES = 16 * 1024 * 1024
const PAGES_A_RUN = 2 ** 20

/** Runs as sources of a search; `onPage` is told of each page that is looked at. */
export function createRunReader(
  reads: TermReads,
  hasher: TreeHasher,
  cachedPages: number,
): (run: Run, onPage: () => void) => SearchSource {
  const directories = createBoundedMap<number, Directory>(
    CACHED_DIRECTORY_BYTES,
    ({ pages }) => pages * TERM_BYTES,
  )
  const pages = createBoundedMap<number, Uint8Array>(cachedPages)

  async function directoryOf(run: Run): Promise<Directory> {
    const known = directories.get(run.run)
    if (known !== undefined) return known
    const directory = await readRunDirectory(reads, run, hasher)
    directories.set(run.run, directory)
    return directory
  }

  async function pageOf(run: Run, page: number): Promise<Uint8Array> {
    const key = run.run * PAGES_A_RUN + page
    const known = pages.get(key)
    if (known !== undefined) return known
    const bytes = await readRunPage(reads, run, page, hasher)
    pages.set(key, bytes)
    return bytes
  }

  return (run, onPage) => ({
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

/** The terms of each entry of a run, made of its pages; takes some 40 MB for a full one. */
async function listRun(reads: TermReads, run: Run, hasher: TreeHasher): Promise<Uint8Array[]> {
  const { pages: count } = await readRunDirectory(reads, run, hasher)
  const pages: Uint8Array[] = []
  for (let page = 0; page < count; page++) pages.push(await readRunPage(reads, run, page, hasher))
  const counts = new Uint16Array(run.end - run.first)
  eachPosting(pages, (offset) => {
    counts[offset] = (counts[offset] ?? 0) + 1
  })
  const lists = Array.from(counts, (terms) => new Uint8Array(terms * TERM_BYTES))
  eachPosting(pages, (offset, hash) => {
    const left = (counts[offset] as number) - 1
    counts[offset] = left
    lists[offset]?.set(hash, left * TERM_BYTES)
  })
  return lists
}

function eachPosting(
  pages: readonly Uint8Array[],
  work: (offset: number, hash: Uint8Array) => void,
): void {
  for (const bytes of pages) {
    for (const { hash, offsets } of recordsOf(bytes)) {
      for (let i = 0; i < offsets.length; i += 2) work(readU16(offsets, i), hash)
    }
  }
}

/**
 * The term hashes of every entry of an index, in order of the entries, those of an entry in any order. Throws
 * Trouble `damaged` for anything that is missing or not as it was written.
 */
export async function* listTerms(
  reads: TermReads,
  hasher: TreeHasher,
): AsyncGenerator<Uint8Array, void, void> {
  let at = 0
  for (const run of await loadRuns(reads)) {
    yield* await listRun(reads, run, hasher)
    at = run.end
  }
  for await (const stored of loadTerms(reads, at)) {
    yield* decodeTerms(stored, hasher).slice(at - stored.firstIndex)
    at = stored.endIndex
  }
}

/** How many entries an index has; throws Trouble `damaged` for terms that are missing or not as written. */
export async function indexedEntries(reads: TermReads, hasher: TreeHasher): Promise<number> {
  let end = (await loadRuns(reads)).at(-1)?.end ?? 0
  for await (const stored of loadTerms(reads, end)) {
    decodeTerms(stored, hasher)
    end = stored.endIndex
  }
  return end
}
