// A run: the terms of up to 65,536 entries in immutable pages, sorted by hash, so that a term is on one
// page that the directory names. A page is
//   first entry of the run (8 bytes), number of the page (4), records, checksum (16)
// and a record is a term hash (16), how many entries it has (2) and their offsets from the first entry of
// the run (2 each, rising). A term with many entries goes on in records of the next pages. The directory is
//   first entry (8), entry after the last (8), the first term hash of each page (16 each), checksum (16).
import { compareBytes, readU16, readU64, u32, u64, writeU16 } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { FoldStep } from "../ports/search.ts"
import { CHECKSUM_BYTES, hasChecksum, TERM_BYTES, writeChecksum } from "./hash.ts"
import { BUCKETS, type Segment, type TermKey } from "./segment.ts"

/** The most entries of a run: their offsets are two bytes. */
export const RUN_ENTRIES: number = 65_536
/** One page of the database holds one of these. */
const PAGE_BYTES = 8_000

const PAGE_START = 12
const RECORD_START = TERM_BYTES + 2
const DIRECTORY_START = 16

export interface RunBuilder {
  /** The pages that some `postings` more fill, at least one step further; undefined at the end. */
  step(postings: number): FoldStep | undefined
}

interface OpenPage {
  readonly bytes: Uint8Array
  /** Where the next record goes. */
  at: number
}

function writeKey(bytes: Uint8Array, at: number, key: TermKey): void {
  for (let i = 0; i < TERM_BYTES; i++) bytes[at + i] = key.charCodeAt(i)
}

/** Makes run number `run` of a segment that does not grow any more, in steps that may be far apart. */
export function createRunBuilder(run: number, segment: Segment, hasher: TreeHasher): RunBuilder {
  const firsts: TermKey[] = []
  let pages: Uint8Array[] = []
  let page: OpenPage | undefined
  let bucket = 0
  let isOver = false

  function openPage(key: TermKey): OpenPage {
    const bytes = new Uint8Array(PAGE_BYTES)
    bytes.set(u64(segment.first))
    bytes.set(u32(firsts.length), 8)
    firsts.push(key)
    return { bytes, at: PAGE_START }
  }

  function closePage({ bytes, at }: OpenPage): void {
    const closed = bytes.slice(0, at + CHECKSUM_BYTES)
    writeChecksum(closed, hasher)
    pages.push(closed)
  }

  function addTerm(key: TermKey, entries: readonly number[]): void {
    for (let from = 0; from < entries.length; ) {
      page ??= openPage(key)
      const { bytes, at } = page
      const free = Math.floor((PAGE_BYTES - CHECKSUM_BYTES - at - RECORD_START) / 2)
      if (free < 1) {
        closePage(page)
        page = undefined
        continue
      }
      const count = Math.min(free, entries.length - from)
      writeKey(bytes, at, key)
      writeU16(bytes, at + TERM_BYTES, count)
      for (let i = 0; i < count; i++) {
        const offset = (entries[from + i] as number) - segment.first
        writeU16(bytes, at + RECORD_START + 2 * i, offset)
      }
      page.at = at + RECORD_START + 2 * count
      from += count
    }
  }

  /** Gives the number of its postings. */
  function addBucket(): number {
    const terms = segment.buckets[bucket] as Segment["buckets"][number]
    let postings = 0
    for (const key of [...terms.keys()].sort()) {
      const entries = terms.get(key) as number | number[]
      const list = typeof entries === "number" ? [entries] : entries
      postings += list.length
      addTerm(key, list)
    }
    bucket += 1
    return postings
  }

  function directory(): Uint8Array {
    const bytes = new Uint8Array(DIRECTORY_START + firsts.length * TERM_BYTES + CHECKSUM_BYTES)
    bytes.set(u64(segment.first))
    bytes.set(u64(segment.end), 8)
    firsts.forEach((key, i) => {
      writeKey(bytes, DIRECTORY_START + i * TERM_BYTES, key)
    })
    writeChecksum(bytes, hasher)
    return bytes
  }

  return {
    step(postings) {
      if (isOver) return undefined
      const firstPage = firsts.length - (page === undefined ? 0 : 1)
      let left = postings
      do left -= addBucket()
      while (left > 0 && bucket < BUCKETS)
      isOver = bucket === BUCKETS
      if (isOver && page !== undefined) closePage(page)
      const step = { run, firstPage, pages }
      pages = []
      return isOver
        ? { ...step, finished: { endIndex: segment.end, directory: directory() } }
        : step
    },
  }
}

/** Where a run's terms are; made of a checked directory. */
export interface Directory {
  readonly pages: number
  /** The first and the last page that may have the term; undefined if none has. */
  range(hash: Uint8Array): { readonly from: number; readonly to: number } | undefined
}

function assertWhole(isWhole: boolean, what: string): asserts isWhole {
  if (!isWhole) throw new Trouble("damaged", `${what} of the search index`)
}

/** Throws Trouble `damaged` unless the bytes are the directory of the run of these entries. */
export function readDirectory(
  bytes: Uint8Array,
  { first, end }: { readonly first: number; readonly end: number },
  hasher: TreeHasher,
): Directory {
  const isWhole =
    hasChecksum(bytes, hasher) &&
    bytes.length >= DIRECTORY_START + CHECKSUM_BYTES &&
    readU64(bytes, 0, "index") === first &&
    readU64(bytes, 8, "index") === end
  assertWhole(isWhole, `the directory of entries ${first} to ${end - 1}`)
  const pages = (bytes.length - DIRECTORY_START - CHECKSUM_BYTES) / TERM_BYTES

  /** How many pages begin with a term below `hash`, or with one up to it. */
  function pagesBelow(hash: Uint8Array, orEqual: boolean): number {
    let low = 0
    let high = pages
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const at = DIRECTORY_START + middle * TERM_BYTES
      const order = compareBytes(bytes.subarray(at, at + TERM_BYTES), hash)
      if (order < 0 || (orEqual && order === 0)) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    pages,
    range(hash) {
      const to = pagesBelow(hash, true) - 1
      return to < 0 ? undefined : { from: Math.max(0, pagesBelow(hash, false) - 1), to }
    },
  }
}

/** Throws Trouble `damaged` unless these are the bytes of this page of the run of these entries. */
export function assertPage(
  bytes: Uint8Array | undefined,
  { first, page }: { readonly first: number; readonly page: number },
  hasher: TreeHasher,
): Uint8Array {
  const what = `page ${page} from entry ${first} on`
  assertWhole(bytes !== undefined && hasChecksum(bytes, hasher), what)
  const isPlaced =
    bytes.length >= PAGE_START + CHECKSUM_BYTES &&
    readU64(bytes, 0, "index") === first &&
    compareBytes(bytes.subarray(8, PAGE_START), u32(page)) === 0
  assertWhole(isPlaced, what)
  return bytes
}

function isAt(bytes: Uint8Array, at: number, hash: Uint8Array): boolean {
  for (let i = 0; i < TERM_BYTES; i++) if (bytes[at + i] !== hash[i]) return false
  return true
}

/** The records of a checked page: each term hash with the offsets of its entries, two bytes each. */
export function* recordsOf(
  bytes: Uint8Array,
): Generator<{ readonly hash: Uint8Array; readonly offsets: Uint8Array }, void, void> {
  const end = bytes.length - CHECKSUM_BYTES
  for (let at = PAGE_START; at < end; ) {
    const offsets = at + RECORD_START
    const next = offsets + 2 * readU16(bytes, at + TERM_BYTES)
    yield {
      hash: bytes.subarray(at, at + TERM_BYTES),
      offsets: bytes.subarray(offsets, next),
    }
    at = next
  }
}

/** Appends the entries that a checked page has of a term, in rising order, to `found`. */
export function collectEntries(
  bytes: Uint8Array,
  hash: Uint8Array,
  first: number,
  found: number[],
): void {
  const end = bytes.length - CHECKSUM_BYTES
  for (let at = PAGE_START; at < end; ) {
    const count = readU16(bytes, at + TERM_BYTES)
    const offsets = at + RECORD_START
    at = offsets + 2 * count
    if (!isAt(bytes, offsets - RECORD_START, hash)) continue
    for (let i = offsets; i < at; i += 2) found.push(first + readU16(bytes, i))
  }
}
