// The terms of one batch as they are stored: the index of its first entry (8 bytes), then for each entry
// the number of its terms (2 bytes) and their hashes (16 bytes each), then a checksum.
import { readU16, readU64, u64, writeU16 } from "../../core/base/bytes.ts"
import { bug, Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { StoredTerms } from "../ports/search.ts"
import { CHECKSUM_BYTES, hasChecksum, TERM_BYTES, writeChecksum } from "./hash.ts"

const INDEX_BYTES = 8
const COUNT_BYTES = 2
const MOST_TERMS = 0xffff

/** `terms[i]` are the hashes of entry `firstIndex + i`, side by side. */
export function encodeTerms(
  firstIndex: number,
  terms: readonly Uint8Array[],
  hasher: TreeHasher,
): Uint8Array {
  const length = terms.reduce((sum, hashes) => sum + COUNT_BYTES + hashes.length, INDEX_BYTES)
  const bytes = new Uint8Array(length + CHECKSUM_BYTES)
  bytes.set(u64(firstIndex))
  let at = INDEX_BYTES
  for (const hashes of terms) {
    const count = hashes.length / TERM_BYTES
    if (!Number.isInteger(count) || count > MOST_TERMS) bug(`${hashes.length} bytes of term hashes`)
    writeU16(bytes, at, count)
    bytes.set(hashes, at + COUNT_BYTES)
    at += COUNT_BYTES + hashes.length
  }
  writeChecksum(bytes, hasher)
  return bytes
}

function damaged({ firstIndex, endIndex }: StoredTerms): Trouble {
  return new Trouble("damaged", `the search terms of entries ${firstIndex} to ${endIndex - 1}`)
}

/** The hashes of each entry's terms; throws Trouble `damaged` for other bytes than were written. */
export function decodeTerms(stored: StoredTerms, hasher: TreeHasher): Uint8Array[] {
  const { bytes, firstIndex, endIndex } = stored
  const isWhole = bytes.length >= INDEX_BYTES + CHECKSUM_BYTES && hasChecksum(bytes, hasher)
  if (!isWhole || readU64(bytes, 0, "index") !== firstIndex) throw damaged(stored)
  const terms: Uint8Array[] = []
  const end = bytes.length - CHECKSUM_BYTES
  for (let at = INDEX_BYTES; at < end; ) {
    const next = at + COUNT_BYTES + readU16(bytes, at) * TERM_BYTES
    terms.push(bytes.subarray(at + COUNT_BYTES, next))
    at = next
  }
  if (terms.length !== endIndex - firstIndex) throw damaged(stored)
  return terms
}
