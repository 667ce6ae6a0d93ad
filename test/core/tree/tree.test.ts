import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { appendToRange, makeCompactRange, rangeRoot } from "../../../src/core/tree/compact-range.ts"
import { EMPTY_ROOT, type Hash } from "../../../src/core/tree/hash.ts"
import { planConsistency, planInclusion } from "../../../src/core/tree/proof.ts"
import {
  foldNodes,
  type NodeId,
  rangeNodes,
  rootNodes,
  splitPoint,
} from "../../../src/core/tree/tree.ts"
import { bodies, mth, nodeHasher } from "../../reference.ts"

const size = fc.oneof(
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
  fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
)

type Span = readonly [from: bigint, to: bigint]

function spanOf(nodes: readonly NodeId[]): Span {
  const from = (node: NodeId) => BigInt(node.index) << BigInt(node.height)
  const first = nodes[0] as NodeId
  const last = nodes.at(-1) as NodeId
  return [from(first), from(last) + (1n << BigInt(last.height))]
}

/** RFC 6962's recursion over integers of any length, on ranges instead of hashes. */
function k(n: bigint): bigint {
  return 1n << BigInt((n - 1n).toString(2).length - 1)
}

function pathSpans(m: bigint, [from, to]: Span): Span[] {
  if (to - from === 1n) return []
  const middle = from + k(to - from)
  return m < middle
    ? [...pathSpans(m, [from, middle]), [middle, to]]
    : [...pathSpans(m, [middle, to]), [from, middle]]
}

function subproofSpans(m: bigint, [from, to]: Span, b: boolean): Span[] {
  if (m === to) return b ? [] : [[from, to]]
  const middle = from + k(to - from)
  return m <= middle
    ? [...subproofSpans(m, [from, middle], b), [middle, to]]
    : [...subproofSpans(m, [middle, to], false), [from, middle]]
}

describe("plans for sizes to 2^53-1", () => {
  const placed = size.chain((n) => fc.tuple(fc.integer({ min: 0, max: n - 1 }), fc.constant(n)))

  test("planInclusion() names the ranges of PATH", () => {
    fc.assert(
      fc.property(placed, ([index, n]) => {
        expect(planInclusion(index, n).map(spanOf)).toEqual(
          pathSpans(BigInt(index), [0n, BigInt(n)]),
        )
      }),
    )
  })

  test("planConsistency() names the ranges of PROOF", () => {
    fc.assert(
      fc.property(placed, ([index, n]) => {
        expect(planConsistency(index + 1, n).map(spanOf)).toEqual(
          subproofSpans(BigInt(index + 1), [0n, BigInt(n)], true),
        )
      }),
    )
  })

  test("a plan has at most 54 hashes of at most 53 nodes", () => {
    fc.assert(
      fc.property(placed, ([index, n]) => {
        for (const plan of [planInclusion(index, n), planConsistency(index, n)]) {
          expect(plan.length).toBeLessThanOrEqual(54)
          for (const nodes of plan) expect(nodes.length).toBeLessThanOrEqual(53)
        }
      }),
    )
  })
})

describe("rangeNodes()", () => {
  const range = fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([bits, place, part]) => {
      const width = 2 ** bits
      const from = (place % 2 ** (52 - bits)) * width
      return { from, to: from + 1 + Math.floor(part * (width - 1)) }
    })

  test("covers the range without a gap, each node smaller than the one before", () => {
    fc.assert(
      fc.property(range, (r) => {
        let at = r.from
        let lastHeight = 54
        for (const { height, index } of rangeNodes(r)) {
          expect(index * 2 ** height).toBe(at)
          expect(height).toBeLessThanOrEqual(lastHeight)
          at += 2 ** height
          lastHeight = height
        }
        expect(at).toBe(r.to)
      }),
    )
  })

  test("names one subtree for each set bit of a whole tree's size", () => {
    fc.assert(
      fc.property(size, (n) => {
        const bits = BigInt(n).toString(2).replaceAll("0", "").length
        expect(rootNodes(n)).toHaveLength(bits)
      }),
    )
  })

  test("names nothing for an empty range", () => {
    expect(rangeNodes({ from: 8, to: 8 })).toEqual([])
  })
})

describe("roots", () => {
  const data = bodies(200)

  test("foldNodes() over rootNodes() gives MTH for every size to 200", () => {
    for (let n = 0; n <= data.length; n++) {
      const hashes = rootNodes(n).map(({ height, index }) =>
        mth(data.slice(index * 2 ** height, (index + 1) * 2 ** height)),
      )
      expect(foldNodes(hashes, nodeHasher)).toEqual(mth(data.slice(0, n)))
    }
  })

  test("appendToRange() and rangeRoot() give MTH for every size to 200", () => {
    const range = makeCompactRange(0, [])
    data.forEach((body, i) => {
      appendToRange(range, nodeHasher.leaf(body), nodeHasher)
      expect(range.size).toBe(i + 1)
      expect(rangeRoot(range, nodeHasher)).toEqual(mth(data.slice(0, i + 1)))
    })
  })

  test("makeCompactRange() goes on from the roots of any size", () => {
    const start = makeCompactRange(0, [])
    for (const body of data.slice(0, 77)) appendToRange(start, nodeHasher.leaf(body), nodeHasher)
    const copy = makeCompactRange(77, start.roots)
    appendToRange(copy, nodeHasher.leaf(data[77] as Uint8Array), nodeHasher)
    expect(rangeRoot(copy, nodeHasher)).toEqual(mth(data.slice(0, 78)))
    expect(rangeRoot(start, nodeHasher)).toEqual(mth(data.slice(0, 77)))
  })

  test("foldNodes() of nothing gives the root of the empty tree", () => {
    expect(foldNodes([] as Hash[], nodeHasher)).toBe(EMPTY_ROOT)
  })
})

test("splitPoint() gives the largest power of two below the size", () => {
  expect([2, 3, 4, 5, 8, 9].map(splitPoint)).toEqual([1, 2, 2, 4, 4, 8])
  expect(splitPoint(Number.MAX_SAFE_INTEGER)).toBe(2 ** 52)
  expect(splitPoint(2 ** 52 + 1)).toBe(2 ** 52)
  expect(() => splitPoint(1)).toThrow(/^bug:/)
})
