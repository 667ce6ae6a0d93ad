// Which entries are opaque: a bit an entry, in pages of 4,096 entries that are kept with a checksum. All of them are in
// memory, an eighth of a byte an entry.
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { OpaquePage } from "../ports/search.ts"
import { CHECKSUM_BYTES, hasChecksum, writeChecksum } from "./hash.ts"

export const ENTRIES_A_PAGE = 4_096
const BITS = ENTRIES_A_PAGE / 8

export interface OpaqueSet {
  has(index: number): boolean
  set(index: number, isOpaque: boolean): void
  count(): number
  /** The pages that have changed since the last call, ready to be stored. */
  changed(): OpaquePage[]
  /** Up to `limit` opaque entries from `from` up to but without `to`, rising or falling. */
  list(from: number, to: number, limit: number, isFalling: boolean): number[]
}

function bitsOf(byte: number): number {
  let count = 0
  for (let left = byte; left > 0; left &= left - 1) count += 1
  return count
}

/** The bits of a stored page; throws Trouble `damaged` for other bytes than were written. */
function openOpaquePage({ page, bytes }: OpaquePage, hasher: TreeHasher): Uint8Array {
  if (bytes.length === BITS + CHECKSUM_BYTES && hasChecksum(bytes, hasher)) return bytes
  const first = page * ENTRIES_A_PAGE
  throw new Trouble("damaged", `which of the entries from ${first} on are opaque`)
}

/** Throws Trouble `damaged` for a page that is not as it was written. */
export function createOpaqueSet(stored: readonly OpaquePage[], hasher: TreeHasher): OpaqueSet {
  const pages = new Map<number, Uint8Array>()
  const dirty = new Set<number>()
  let count = 0
  for (const each of stored) {
    const bytes = openOpaquePage(each, hasher).slice()
    for (let i = 0; i < BITS; i++) count += bitsOf(bytes[i] as number)
    pages.set(each.page, bytes)
  }

  function pageOf(page: number): Uint8Array {
    const known = pages.get(page) ?? new Uint8Array(BITS + CHECKSUM_BYTES)
    pages.set(page, known)
    return known
  }

  function has(index: number): boolean {
    const bytes = pages.get(Math.floor(index / ENTRIES_A_PAGE))
    if (bytes === undefined) return false
    const bit = index % ENTRIES_A_PAGE
    return (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) === 1
  }

  return {
    has,
    set(index, isOpaque) {
      if (has(index) === isOpaque) return
      const page = Math.floor(index / ENTRIES_A_PAGE)
      const bytes = pageOf(page)
      const bit = index % ENTRIES_A_PAGE
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      count += isOpaque ? 1 : -1
      dirty.add(page)
    },
    count: () => count,
    changed() {
      const changed = Array.from(dirty, (page) => {
        const bytes = pageOf(page)
        writeChecksum(bytes, hasher)
        return { page, bytes: bytes.slice() }
      })
      dirty.clear()
      return changed
    },
    list(from, to, limit, isFalling) {
      const found: number[] = []
      const step = isFalling ? -1 : 1
      let at = isFalling ? to - 1 : from
      while (at >= from && at < to && found.length < limit) {
        // A page without an opaque entry is passed over as a whole.
        if (pages.has(Math.floor(at / ENTRIES_A_PAGE))) {
          if (has(at)) found.push(at)
          at += step
        } else {
          const start = at - (at % ENTRIES_A_PAGE)
          at = isFalling ? start - 1 : start + ENTRIES_A_PAGE
        }
      }
      return found
    },
  }
}
