// Carries search over from a log whose store had the index in it: finds out from the old index which terms each
// entry has, keeps those that its body does not say beside it, builds the new index of bodies and side terms,
// and compares the new one with the old one entry by entry. Whoever calls this throws the old index away only
// after it has resolved.
import { bug, Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { EntryTerms, SearchStore, TermReads } from "../ports/search.ts"
import type { StoredSideTerms } from "../ports/store.ts"
import { createTermHasher, TERM_BYTES } from "./hash.ts"
import { openSearchIndex } from "./index.ts"
import type { MessageSource } from "./learning.ts"
import { listTerms } from "./run-reading.ts"
import { hasTerms, termKeyAt, termKeys } from "./segment.ts"
import { sealSideTerms } from "./side-terms.ts"
import { createTermSource, type EntryReads, readBodies } from "./term-source.ts"

interface Carrying {
  /** The index as it was, of `size` entries. */
  readonly old: TermReads
  readonly size: number
  /** The log that is carried over: what was kept is read back from here. */
  readonly reads: EntryReads & MessageSource["reads"]
  keep(side: StoredSideTerms): Promise<void>
  /** Empty. */
  readonly store: SearchStore
  readonly terms: EntryTerms
  readonly hasher: TreeHasher
  readonly defer: (callback: () => void) => void
  readonly onProgress: (entries: number) => void
}

const ENTRIES_AT_ONCE = 1_024

/** The hashes of `all` that are not among `some`, side by side. */
function withoutTerms(all: Uint8Array, some: Uint8Array): Uint8Array {
  const known = new Set(termKeys(some))
  const left = new Uint8Array(all.length)
  let length = 0
  for (let at = 0; at < all.length; at += TERM_BYTES) {
    if (known.has(termKeyAt(all, at))) continue
    left.set(all.subarray(at, at + TERM_BYTES), length)
    length += TERM_BYTES
  }
  return left.slice(0, length)
}

/** Decides for each entry what must be kept beside it: nothing if its body alone has all of its terms. */
function createSideChoice({ terms, hasher }: Carrying) {
  const hashTerms = createTermHasher(hasher)
  return (body: Uint8Array, wanted: Uint8Array): Uint8Array | undefined => {
    const { terms: short, needsSide } = terms.ofBody(body, true)
    const side = withoutTerms(wanted, hashTerms(short))
    // More than a key is a certificate or a statement: those are not read from bodies again.
    const mayBeWhole = !needsSide && side.length <= TERM_BYTES
    if (!mayBeWhole) return side
    return hasTerms(hashTerms(terms.ofBody(body, false).terms), wanted) ? undefined : side
  }
}

/** Takes the next `count` of what is listed; throws Trouble `damaged` if there are fewer. */
async function take(
  listed: AsyncGenerator<Uint8Array, void, void>,
  from: number,
  count: number,
): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = []
  while (taken.length < count) {
    const { value } = await listed.next()
    if (value === undefined) {
      throw new Trouble("damaged", `the search terms of entry ${from + taken.length} are missing`)
    }
    taken.push(value)
  }
  return taken
}

async function keepSideTerms(carrying: Carrying): Promise<void> {
  const { old, size, hasher } = carrying
  const sideOf = createSideChoice(carrying)
  const listed = listTerms(old, hasher)
  for (let from = 0; from < size; from += ENTRIES_AT_ONCE) {
    const to = Math.min(size, from + ENTRIES_AT_ONCE)
    const bodies = await readBodies(carrying, from, to)
    const wanted = await take(listed, from, to - from)
    for (const [i, body] of bodies.entries()) {
      const side = sideOf(body, wanted[i] ?? bug("fewer terms than entries"))
      if (side !== undefined) await carrying.keep(sealSideTerms(from + i, side, hasher))
    }
    carrying.onProgress(to - from)
    await new Promise<void>((resolve) => carrying.defer(resolve))
  }
  const { done } = await listed.next()
  if (done !== true) throw new Trouble("damaged", `the search index has more than ${size} entries`)
}

async function compareAll({ old, size, store, hasher, onProgress }: Carrying): Promise<void> {
  const before = listTerms(old, hasher)
  const after = listTerms(store, hasher)
  for (let from = 0; from < size; from += ENTRIES_AT_ONCE) {
    const count = Math.min(ENTRIES_AT_ONCE, size - from)
    const wanted = await take(before, from, count)
    const found = await take(after, from, count)
    wanted.forEach((hashes, i) => {
      if (hasTerms(found[i] ?? bug("fewer terms than entries"), hashes)) return
      bug(`the new search index has not all terms of entry ${from + i}`)
    })
    onProgress(count)
  }
}

/** Nothing that a search finds is lost once this resolves; rejects for damage, and then nothing may be thrown away. */
export async function carryTerms(carrying: Carrying): Promise<void> {
  const { size, store, hasher, defer, onProgress } = carrying
  await keepSideTerms(carrying)
  const source = createTermSource(carrying)
  // The log has no messages yet.
  const messages = { reads: carrying.reads, terms: carrying.terms }
  const index = await openSearchIndex({ store, source, messages, hasher, defer, logSize: size })
  for (let end = 0; end < size; ) {
    const from = end
    end = Math.min(size, end + ENTRIES_AT_ONCE)
    await index.follow(end)
    onProgress(end - from)
  }
  await compareAll(carrying)
}
