// Finds an entry by its leaf hash: 32-bit fingerprints in open-addressing tables, about 11 to 21 bytes an
// entry. It only proposes indexes; the caller compares the full leaf hash in the tree, so a wrong or
// lost table can never answer for an entry that is not there. Rebuilt from the tiles at start.
import { readU32 } from "../core/base/bytes.ts"
import { Trouble } from "../core/base/errors.ts"

export interface LeafIndex {
  /** Remembers that the leaf hash, which begins at `hashes[at]`, is at `index` of the log. */
  add(hashes: Uint8Array, index: number, at?: number): void
  /** The indexes that may hold this leaf hash: nearly always none or one. */
  candidates(leafHash: Uint8Array): number[]
}

interface Table {
  used: number
  /** 0 marks a free slot, so an entry's index is kept plus one. */
  indexes: Uint32Array
  fingerprints: Uint32Array
}

// 256 small tables, chosen by the first byte, so that one growing table never stops the event loop.
const TABLES = 256
const FIRST_SLOTS = 16
const LARGEST_INDEX = 2 ** 32 - 2
/** How full a table gets before it grows, and how much more than its share one may have. */
const FULLEST = 3 / 4
const UNEVEN = 1.1

function emptyTable(slots: number): Table {
  return { used: 0, indexes: new Uint32Array(slots), fingerprints: new Uint32Array(slots) }
}

/**
 * Leaf hashes are uniform: the first byte picks the table, the next four are fingerprint and place. Slots are a power
 * of two, so that the place is some bits of the fingerprint.
 */
function insert(table: Table, fingerprint: number, index: number): void {
  const { indexes, fingerprints } = table
  const last = indexes.length - 1
  let slot = fingerprint & last
  while (indexes[slot] !== 0) slot = (slot + 1) & last
  indexes[slot] = index + 1
  fingerprints[slot] = fingerprint
  table.used += 1
}

function grow(table: Table): Table {
  const larger = emptyTable(table.indexes.length * 2)
  table.indexes.forEach((stored, slot) => {
    if (stored === 0) return
    const fingerprint = table.fingerprints[slot] as number
    insert(larger, fingerprint, stored - 1)
  })
  return larger
}

/** Slots of a table that need not grow for its share of so many entries, give or take a few percent. */
function slotsFor(entries: number): number {
  let slots = FIRST_SLOTS
  while (slots * FULLEST < (entries / TABLES) * UNEVEN) slots *= 2
  return slots
}

/** `entries` is how many will be added at once, so that no table is grown again and again for them. */
export function createLeafIndex(entries = 0): LeafIndex {
  const slots = slotsFor(entries)
  const tables = Array.from({ length: TABLES }, () => emptyTable(slots))

  return {
    add(hashes, index, at = 0) {
      if (index > LARGEST_INDEX) {
        throw new Trouble("disk", `the leaf index ends at entry ${LARGEST_INDEX}`)
      }
      const number = hashes[at] as number
      const fingerprint = readU32(hashes, at + 1)
      let table = tables[number] as Table
      if (table.used >= table.indexes.length * FULLEST) {
        table = grow(table)
        tables[number] = table
      }
      insert(table, fingerprint, index)
    },
    candidates(leafHash) {
      const { indexes, fingerprints } = tables[leafHash[0] as number] as Table
      const fingerprint = readU32(leafHash, 1)
      const found: number[] = []
      const last = indexes.length - 1
      for (let slot = fingerprint & last; indexes[slot] !== 0; slot = (slot + 1) & last) {
        if (fingerprints[slot] === fingerprint) found.push((indexes[slot] as number) - 1)
      }
      return found
    },
  }
}
