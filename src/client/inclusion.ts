// Checks that an entry is in the tree of a checkpoint, with every redundant field of the proof compared.
import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import { formatBase64 } from "../core/base/text.ts"
import { type Hash, type Head, portableHasher, type TreeHasher } from "../core/tree/hash.ts"
import { type InclusionProof, rootFromInclusion } from "../core/tree/proof.ts"

/** Refuses `bad-proof` unless two heads are the same. */
export function assertSameHead(found: Head, expected: Head, what: string): void {
  if (found.size === expected.size && equalBytes(found.root, expected.root)) return
  refuse(
    "bad-proof",
    `${what}: expected size ${expected.size} and root ${formatBase64(expected.root)}, found ${found.size} and ${formatBase64(found.root)}`,
  )
}

/** Refuses `bad-proof` unless the hashes lead from `leafHash` to the root that the proof states. */
export function verifyPath(leafHash: Hash, proof: InclusionProof, hasher?: TreeHasher): void {
  const root = rootFromInclusion(leafHash, proof.index, proof.size, proof.hashes, hasher)
  if (!equalBytes(root, proof.root)) {
    refuse("bad-proof", `the inclusion proof of entry ${proof.index} does not lead to the root`)
  }
}

/** The leaf hash of `body`, once the proof leads from it to exactly `head`; else `bad-proof`. */
export function verifyInclusion(
  body: Uint8Array,
  proof: InclusionProof,
  head: Head,
  hasher: TreeHasher = portableHasher,
): Hash {
  assertSameHead(proof, head, "inclusion proof")
  const leafHash = hasher.leaf(body)
  verifyPath(leafHash, proof, hasher)
  return leafHash
}
