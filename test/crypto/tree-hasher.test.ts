import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LONGEST_BODY } from "../../src/core/base/limits.ts"
import { asHash, portableHasher } from "../../src/core/tree/hash.ts"
import { nativeHasher } from "../../src/crypto/tree-hasher.ts"

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => asHash(bytes))

describe("nativeHasher", () => {
  it("hashes leaves as the portable hasher does, long ones and short ones in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (bodies) => {
        expect(bodies.map(nativeHasher.leaf)).toEqual(bodies.map(portableHasher.leaf))
      }),
    )
    for (const length of [0, LONGEST_BODY, LONGEST_BODY + 1, 200_000]) {
      const body = new Uint8Array(length).fill(9)
      expect(nativeHasher.leaf(body)).toEqual(portableHasher.leaf(body))
    }
  })

  it("hashes nodes as the portable hasher does", () => {
    fc.assert(
      fc.property(hash, hash, (left, right) => {
        expect(nativeHasher.node(left, right)).toEqual(portableHasher.node(left, right))
      }),
    )
  })

  it("hashes from one place to another, also within the same bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 192, maxLength: 192 }),
        fc.nat(128),
        fc.nat(160),
        (slab, left, at) => {
          const byNative = Uint8Array.from(slab)
          const byPortable = Uint8Array.from(slab)
          nativeHasher.nodeInto(byNative, left, byNative, at)
          portableHasher.nodeInto(byPortable, left, byPortable, at)
          expect(byNative).toEqual(byPortable)
        },
      ),
    )
  })

  it("gives bytes of their own that later calls leave alone", () => {
    const first = nativeHasher.leaf(Uint8Array.of(1))
    const before = Uint8Array.from(first)
    nativeHasher.leaf(Uint8Array.of(2))
    nativeHasher.node(first, first)
    expect(first).toEqual(before)
  })
})
