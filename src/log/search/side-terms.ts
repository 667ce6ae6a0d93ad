// Side terms: the hashes of the terms of an entry that its body does not say, above all those of an attestation,
// whose body has only a digest. Kept in the log with the entry, so that the index can be made again. Sealed by
// a checksum over the entry's index and the hashes: they are not in the tree, so damage must show here.
import { concat, equalBytes, u64 } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { StoredSideTerms } from "../ports/store.ts"
import { CHECKSUM_BYTES, TERM_BYTES } from "./hash.ts"

function checksum(index: number, hashes: Uint8Array, hasher: TreeHasher): Uint8Array {
  return hasher.leaf(concat(u64(index), hashes)).subarray(0, CHECKSUM_BYTES)
}

/** `hashes` side by side with their checksum. */
export function sealSideTerms(
  index: number,
  hashes: Uint8Array,
  hasher: TreeHasher,
): StoredSideTerms {
  return { index, bytes: concat(hashes, checksum(index, hashes, hasher)) }
}

/** The hashes; throws Trouble `damaged` for other bytes than were sealed for this entry. */
export function openSideTerms({ index, bytes }: StoredSideTerms, hasher: TreeHasher): Uint8Array {
  const end = bytes.length - CHECKSUM_BYTES
  const hashes = bytes.subarray(0, Math.max(0, end))
  const isWhole =
    end >= 0 &&
    end % TERM_BYTES === 0 &&
    equalBytes(bytes.subarray(end), checksum(index, hashes, hasher))
  if (isWhole) return hashes
  throw new Trouble("damaged", `the side terms of entry ${index} are not as they were written`)
}
