// A compact range: the roots of the perfect subtrees that a tree consists of, and nothing else. It is
// the second, independent way in which the log computes each root (the first one is edge.ts).
import type { Hash, TreeHasher } from "./hash.ts"
import { foldNodes } from "./tree.ts"

/** The roots of the perfect subtrees that make up a tree: all that is needed to grow it. */
export interface CompactRange {
  size: number
  /** One root for each set bit of the size, largest subtree first. */
  readonly roots: Hash[]
}

/**
 * A range of `size` entries with these roots, largest subtree first; 0 and none for an empty tree.
 *
 * @example
 * ```ts
 * import { makeCompactRange } from "countersign/audit"
 *
 * console.log(makeCompactRange(0, []).size) // 0
 * ```
 */
export function makeCompactRange(size: number, roots: readonly Hash[]): CompactRange {
  return { size, roots: [...roots] }
}

/**
 * Appends one leaf hash (RFC 6962, section 2.1): one node hash on average.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { appendToRange, decodeBundle, makeCompactRange, portableHasher } from "countersign/audit"
 *
 * const range = makeCompactRange(0, [])
 * for (const body of decodeBundle(readFileSync("entries"), 5)) {
 *   appendToRange(range, portableHasher.leaf(body), portableHasher)
 * }
 * console.log(range.size, range.roots.length) // 5 2
 * ```
 */
export function appendToRange(range: CompactRange, leafHash: Hash, hasher: TreeHasher): void {
  let hash = leafHash
  for (let below = range.size; below % 2 === 1; below = (below - 1) / 2) {
    hash = hasher.node(range.roots.pop() as Hash, hash)
  }
  range.roots.push(hash)
  range.size += 1
}

/**
 * The root of the tree (RFC 6962, section 2.1).
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { appendToRange, decodeBundle, makeCompactRange, parseCheckpoint } from "countersign/audit"
 * import { parseNote, portableHasher, rangeRoot } from "countersign/audit"
 *
 * const range = makeCompactRange(0, [])
 * for (const body of decodeBundle(readFileSync("entries"), 5)) {
 *   appendToRange(range, portableHasher.leaf(body), portableHasher)
 * }
 * const { root } = parseCheckpoint(parseNote(readFileSync("checkpoint")).text)
 * console.log(Buffer.compare(rangeRoot(range, portableHasher), root)) // 0
 * ```
 */
export function rangeRoot(range: CompactRange, hasher: TreeHasher): Hash {
  return foldNodes(range.roots, hasher)
}
