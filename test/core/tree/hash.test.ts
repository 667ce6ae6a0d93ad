import { describe, expect, test } from "vitest"
import { formatHex } from "../../../src/core/base/text.ts"
import {
  asHash,
  assertSize,
  EMPTY_HEAD,
  EMPTY_ROOT,
  portableHasher,
} from "../../../src/core/tree/hash.ts"
import { mth, nodeHasher, sha256 } from "../../reference.ts"
import { expectRefusal } from "../../refusals.ts"

const a = Uint8Array.of(97)
const b = Uint8Array.of(98)
const c = Uint8Array.of(99)

describe("domain separation", () => {
  const left = portableHasher.leaf(a)
  const right = portableHasher.leaf(b)
  const node = portableHasher.node(left, right)

  test("an entry that spells a node's input does not have the node's hash", () => {
    const spelled = new Uint8Array([1, ...left, ...right])
    expect(portableHasher.leaf(spelled)).not.toEqual(node)
    expect(portableHasher.leaf(spelled.subarray(1))).not.toEqual(node)
    expect(sha256(spelled)).toEqual(node)
  })

  test("repeating the last entry changes the root", () => {
    expect(mth([a, b, c])).not.toEqual(mth([a, b, c, c]))
  })

  test("the empty tree and the tree of one empty entry have the roots of RFC 6962", () => {
    expect(formatHex(EMPTY_ROOT)).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
    expect(formatHex(portableHasher.leaf(new Uint8Array(0)))).toBe(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    )
    expect(EMPTY_HEAD).toEqual({ size: 0, root: EMPTY_ROOT })
  })
})

test("the portable hasher computes what Node's SHA-256 does", () => {
  const [left, right] = [portableHasher.leaf(a), portableHasher.leaf(b)]
  expect(left).toEqual(nodeHasher.leaf(a))
  expect(portableHasher.node(left, right)).toEqual(nodeHasher.node(left, right))
  const from = new Uint8Array([9, ...left, ...right, 9])
  const to = new Uint8Array(40)
  portableHasher.nodeInto(from, 1, to, 5)
  expect(to.subarray(5, 37)).toEqual(portableHasher.node(left, right))
  expect([...to.subarray(0, 5), ...to.subarray(37)]).toEqual(new Array(8).fill(0))
})

test("asHash() refuses any length but 32", () => {
  expect(asHash(new Uint8Array(32))).toHaveLength(32)
  for (const length of [0, 31, 33]) {
    expectRefusal("malformed", () => asHash(new Uint8Array(length)))
  }
})

test("assertSize() throws a bug for anything but 0 to 2^53-1", () => {
  assertSize(0, "size")
  assertSize(Number.MAX_SAFE_INTEGER, "size")
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => assertSize(value, "size")).toThrow(/^bug:/)
  }
})
