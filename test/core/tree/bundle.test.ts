import fc from "fast-check"
import { expect, test } from "vitest"
import { LONGEST_BODY } from "../../../src/core/base/limits.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import { assertBodyLength, decodeBundle, encodeBundle } from "../../../src/core/tree/bundle.ts"
import { nodeHasher } from "../../reference.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"

const text = (value: string) => new TextEncoder().encode(value)

test("encodeBundle() writes the example of C2SP tlog-tiles", () => {
  const bodies = ["", "hi", "abc"].map(text)
  const bundle = encodeBundle(bodies)
  expect(formatHex(bundle)).toBe("0000000268690003616263")
  expect(decodeBundle(bundle, 3)).toEqual(bodies)
  const [first = text("x")] = decodeBundle(bundle, 3)
  expect(formatHex(nodeHasher.leaf(first))).toBe(
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  )
})

test("decodeBundle() gives back up to 256 bodies", () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 })
  fc.assert(
    fc.property(bodies, (value) => {
      expect(decodeBundle(encodeBundle(value), value.length)).toEqual(value)
    }),
    { numRuns: 50 },
  )
})

test("decodeBundle() gives back the longest body, and no bundle holds a longer one", () => {
  const longest = new Uint8Array(LONGEST_BODY).fill(7)
  expect(decodeBundle(encodeBundle([longest]), 1)).toEqual([longest])
  const longer = new Uint8Array(LONGEST_BODY + 1)
  expectRefusal("too-large", () => encodeBundle([longer]))
  expectRefusal("too-large", () => assertBodyLength(longer))
})

test("decodeBundle() refuses another count, a cut and a longer bundle", () => {
  const bundle = encodeBundle(["a", "bc"].map(text))
  expectRefusal("malformed", () => decodeBundle(bundle, 1))
  expectRefusal("malformed", () => decodeBundle(bundle, 3))
  for (let length = 0; length < bundle.length; length++) {
    expectRefusal("malformed", () => decodeBundle(bundle.subarray(0, length), 2))
  }
  expectRefusal("malformed", () => decodeBundle(Uint8Array.of(...bundle, 0), 2))
  const tooMany = encodeBundle(Array.from({ length: 257 }, () => text("")))
  expectRefusal("malformed", () => decodeBundle(tooMany, 257))
})

test("decodeBundle() gives bodies that encode to its input, or refuses", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12, max: 4 }), fc.nat(4), (bytes, count) => {
      const bodies = valueOrRefusal(() => decodeBundle(bytes, count))
      if (bodies !== undefined) expect(encodeBundle(bodies)).toEqual(bytes)
    }),
    { numRuns: 1000 },
  )
})
