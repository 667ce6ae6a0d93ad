// The shape of an RFC 6962 tree: which perfect subtrees a range of entries consists of, and which
// ranges a proof consists of. Names the nodes only; proof.ts turns their hashes into proofs.
// No bitwise operator appears: JavaScript's keep 32 bits and sizes go to 2^53-1.
import { bug } from "../base/errors.ts"
import { EMPTY_ROOT, type Hash, type TreeHasher } from "./hash.ts"

/** A perfect subtree: the entries from `index * 2^height` to `(index + 1) * 2^height`. */
export interface NodeId {
  readonly height: number
  readonly index: number
}

/** Entries from `from` up to but without `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The largest power of two smaller than `size`, which is at least 2 (RFC 6962 section 2.1). */
export function splitPoint(size: number): number {
  if (size < 2) bug(`a tree of ${size} has no split point`)
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/**
 * The perfect subtrees that cover a range, left to right, at most 53. The range must begin at a
 * multiple of the power of two that is not smaller than its length, as every subtree of a tree does.
 */
export function rangeNodes(range: Range): NodeId[] {
  const nodes: NodeId[] = []
  let from = range.from
  let height = 0
  let width = 1
  while (width * 2 <= range.to - range.from) {
    width *= 2
    height += 1
  }
  while (from < range.to) {
    while (width > range.to - from) {
      width /= 2
      height -= 1
    }
    nodes.push({ height, index: from / width })
    from += width
  }
  return nodes
}

/** The perfect subtrees of a whole tree, left to right. */
export function rootNodes(size: number): NodeId[] {
  return rangeNodes({ from: 0, to: size })
}

/** The hash over adjacent perfect subtrees, largest (leftmost) first; of nothing, the empty root. */
export function foldNodes(hashes: readonly Hash[], hasher: TreeHasher): Hash {
  let root = hashes.at(-1)
  if (root === undefined) return EMPTY_ROOT
  for (let i = hashes.length - 2; i >= 0; i--) root = hasher.node(hashes[i] as Hash, root)
  return root
}

/**
 * The way from a tree of `size` entries down to the one at `index`, or to the subtree that ends at `end` if that
 * comes first: where it ends, and the halves that it leaves aside, from the top.
 */
function descend(index: number, size: number, end?: number) {
  const aside: Range[] = []
  let from = 0
  let to = size
  while (to - from > 1 && to !== end) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      aside.push({ from: middle, to })
      to = middle
    } else {
      aside.push({ from, to: middle })
      from = middle
    }
  }
  return { from, to, aside }
}

/** RFC 6962 section 2.1.1, PATH(m, D[n]) as ranges, leaf sibling first. Requires index < size. */
export function inclusionRanges(index: number, size: number): Range[] {
  return descend(index, size).aside.reverse()
}

/**
 * RFC 6962 section 2.1.2, PROOF(m, D[n]) as ranges. Requires oldSize <= newSize; nothing needs to be
 * proven from size 0 or to the same size, so those give no ranges.
 */
export function consistencyRanges(oldSize: number, newSize: number): Range[] {
  if (oldSize === 0 || oldSize === newSize) return []
  const { from, to, aside } = descend(oldSize - 1, newSize, oldSize)
  // The old tree itself is left out of the proof when it is a perfect subtree from the beginning.
  if (from !== 0) aside.push({ from, to })
  return aside.reverse()
}
