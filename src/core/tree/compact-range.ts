// A compact range: the roots of the perfect subtrees that a tree consists of, and nothing else. It is
// the second, independent way in which the log computes each root (the first one is edge.ts).
import type { Hash, TreeHasher } from "./hash.ts"
import { foldNodes } from "./tree.ts"

export interface CompactRange {
  size: number
  /** One root for each set bit of the size, largest subtree first. */
  readonly roots: Hash[]
}

export function makeCompactRange(size: number, roots: readonly Hash[]): CompactRange {
  return { size, roots: [...roots] }
}

/** Appends one leaf hash: one node hash on average. */
export function appendToRange(range: CompactRange, leafHash: Hash, hasher: TreeHasher): void {
  let hash = leafHash
  for (let below = range.size; below % 2 === 1; below = (below - 1) / 2) {
    hash = hasher.node(range.roots.pop() as Hash, hash)
  }
  range.roots.push(hash)
  range.size += 1
}

export function rangeRoot(range: CompactRange, hasher: TreeHasher): Hash {
  return foldNodes(range.roots, hasher)
}
