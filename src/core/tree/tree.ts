// The shape of an RFC 6962 tree: which perfect subtrees a range of entries consists of, and which
// ranges a proof consists of. Names the nodes only; proof.ts turns their hashes into proofs.
// No bitwise operator appears: JavaScript's keep 32 bits and sizes go to 2^53-1.
import { bug } from "../base/errors.ts"
import type { Hash, TreeHasher } from "./hash.ts"
import { EMPTY_ROOT } from "./hash.ts"

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

/** RFC 6962 section 2.1.1, PATH(m, D[n]) as ranges, leaf sibling first. Requires index < size. */
export function inclusionRanges(index: number, size: number): Range[] {
  const fromTop: Range[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      fromTop.push({ from: middle, to })
      to = middle
    } else {
      fromTop.push({ from, to: middle })
      from = middle
    }
  }
  return fromTop.reverse()
}

/**
 * RFC 6962 section 2.1.2, PROOF(m, D[n]) as ranges. Requires oldSize <= newSize; nothing needs to be
 * proven from size 0 or to the same size, so those give no ranges.
 */
export function consistencyRanges(oldSize: number, newSize: number): Range[] {
  if (oldSize === 0 || oldSize === newSize) return []
  const fromTop: Range[] = []
  let from = 0
  let to = newSize
  while (to !== oldSize) {
    const middle = from + splitPoint(to - from)
    if (oldSize <= middle) {
      fromTop.push({ from: middle, to })
      to = middle
    } else {
      fromTop.push({ from, to: middle })
      from = middle
    }
  }
  // The old tree itself is left out of the proof when it is a perfect subtree from the beginning.
  if (from !== 0) fromTop.push({ from, to })
  return fromTop.reverse()
}
