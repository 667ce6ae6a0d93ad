// A term as the search index keeps it: the first 16 bytes of a SHA-256. To make two terms with the same
// 16 bytes takes 2^64 tries, so a hit needs no second look and no text is kept. The hasher is the tree's,
// whose leaf hash begins with a byte of its own; names have no zero byte, so no two terms are one text.
import { equalBytes, utf8 } from "../../core/base/bytes.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { Term, TermName } from "../../entry/term.ts"

export const TERM_BYTES = 16
/** Bytes at the end of everything that the index stores: it is not in the tree, so damage must show here. */
export const CHECKSUM_BYTES = 16

/** 16 bytes. */
export function termHash({ name, value }: Term, hasher: TreeHasher): Uint8Array {
  return hasher.leaf(utf8(`${name}\0${value}`)).subarray(0, TERM_BYTES)
}

/** Names whose terms many entries share. */
const shared: ReadonlySet<TermName> = new Set(["kind", "key", "identity", "issuer"])
const REMEMBERED = 4_096

/** Hashes the terms of an entry, side by side; remembers the hashes of terms that many entries share. */
export function createTermHasher(hasher: TreeHasher): (terms: readonly Term[]) => Uint8Array {
  const known = new Map<string, Uint8Array>()

  function sharedHash(term: Term): Uint8Array {
    const text = `${term.name} ${term.value}`
    const remembered = known.get(text)
    if (remembered !== undefined) return remembered
    const hash = termHash(term, hasher)
    // Cheaper than to keep track of which was used last: what is shared comes again soon.
    if (known.size >= REMEMBERED) known.clear()
    known.set(text, hash)
    return hash
  }

  return (terms) => {
    const hashes = new Uint8Array(terms.length * TERM_BYTES)
    terms.forEach((term, i) => {
      const hash = shared.has(term.name) ? sharedHash(term) : termHash(term, hasher)
      hashes.set(hash, i * TERM_BYTES)
    })
    return hashes
  }
}

/** Fills in the last bytes of `bytes`, which are left for it. */
export function writeChecksum(bytes: Uint8Array, hasher: TreeHasher): void {
  const end = bytes.length - CHECKSUM_BYTES
  bytes.set(hasher.leaf(bytes.subarray(0, end)).subarray(0, CHECKSUM_BYTES), end)
}

export function hasChecksum(bytes: Uint8Array, hasher: TreeHasher): boolean {
  const end = bytes.length - CHECKSUM_BYTES
  if (end < 0) return false
  const expected = hasher.leaf(bytes.subarray(0, end)).subarray(0, CHECKSUM_BYTES)
  return equalBytes(bytes.subarray(end), expected)
}
