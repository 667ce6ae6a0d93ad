// The newest entries' terms in memory, by which they are found until a run has been made of them. Split
// into 256 maps by the first byte of the hash, so that a run can be made in small steps.
import { TERM_BYTES } from "./hash.ts"

/** A term hash as the key of a map: 16 characters, one a byte, which compare as the bytes do. */
export type TermKey = string

export interface Segment {
  /** The first entry of the segment. */
  readonly first: number
  /** The entry after the last one. */
  end: number
  /** Pairs of a term and an entry. */
  postings: number
  /** Of most terms there is a single entry, of the others a list in rising order. */
  readonly buckets: readonly Map<TermKey, number | number[]>[]
}

export const BUCKETS = 256

export function emptySegment(first: number): Segment {
  const buckets = Array.from({ length: BUCKETS }, () => new Map<TermKey, number | number[]>())
  return { first, end: first, postings: 0, buckets }
}

/** The key of the hash at `at`. */
export function termKeyAt(bytes: Uint8Array, at: number): TermKey {
  let key = ""
  for (let i = at; i < at + TERM_BYTES; i++) key += String.fromCharCode(bytes[i] as number)
  return key
}

/** The keys of hashes that lie side by side. */
export function termKeys(hashes: Uint8Array): TermKey[] {
  const count = hashes.length / TERM_BYTES
  return Array.from({ length: count }, (_, i) => termKeyAt(hashes, i * TERM_BYTES))
}

/** Whether every hash of `wanted` is among those of `hashes`. */
export function hasTerms(hashes: Uint8Array, wanted: Uint8Array): boolean {
  const known = new Set(termKeys(hashes))
  return termKeys(wanted).every((key) => known.has(key))
}

function bucketOf(segment: Segment, key: TermKey): Map<TermKey, number | number[]> {
  return segment.buckets[key.charCodeAt(0)] as Map<TermKey, number | number[]>
}

/** Adds the entry at the end of the segment with the hashes of its terms, no two of them alike. */
export function addEntry(segment: Segment, hashes: Uint8Array): void {
  const index = segment.end
  for (let at = 0; at < hashes.length; at += TERM_BYTES) {
    const key = termKeyAt(hashes, at)
    const bucket = bucketOf(segment, key)
    const known = bucket.get(key)
    if (known === undefined) bucket.set(key, index)
    else if (typeof known === "number") bucket.set(key, [known, index])
    else known.push(index)
  }
  segment.postings += hashes.length / TERM_BYTES
  segment.end += 1
}

/** The entries with this term, in rising order. */
export function entriesWith(segment: Segment, key: TermKey): readonly number[] {
  const found = bucketOf(segment, key).get(key)
  if (found === undefined) return []
  return typeof found === "number" ? [found] : found
}
