import fc from "fast-check"
import { expect, test } from "vitest"
import {
  compareBytes,
  concat,
  equalBytes,
  parseUtf8,
  readU16,
  readU32,
  readU64,
  u32,
  u64,
  utf8,
  writeU16,
} from "../../../src/core/base/bytes.ts"
import { expectRefusal } from "../../refusals.ts"

const bytes = fc.uint8Array({ maxLength: 20 })

test("concat() joins in order", () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      expect(concat(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)))
    }),
  )
})

test("equalBytes() and compareBytes() agree with Buffer.compare()", () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      expect(equalBytes(a, a.slice())).toBe(true)
    }),
  )
})

test("integers are big-endian and come back", () => {
  expect([...u32(0xfae20353)]).toEqual([0xfa, 0xe2, 3, 0x53])
  expect([...u64(2 ** 32 + 1)]).toEqual([0, 0, 0, 1, 0, 0, 0, 1])
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffffffff), fc.maxSafeNat(), (a, b, c) => {
      const short = new Uint8Array(3)
      writeU16(short, 1, a)
      expect(readU16(short, 1)).toBe(a)
      expect(readU32(concat(Uint8Array.of(9), u32(b)), 1)).toBe(b)
      expect(readU64(concat(Uint8Array.of(9), u64(c)), 1, "c")).toBe(c)
    }),
  )
})

test("readU64() refuses what a number cannot hold", () => {
  expectRefusal("malformed", () => readU64(Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 0), 0, "size"))
  expectRefusal("malformed", () => readU64(new Uint8Array(8).fill(255), 0, "size"))
})

test("parseUtf8() gives back what utf8() encodes and refuses other bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(parseUtf8(utf8(text), "text")).toBe(text)
    }),
  )
  expect(parseUtf8(Uint8Array.of(0xef, 0xbb, 0xbf), "text")).toBe("\ufeff")
  expectRefusal("malformed", () => parseUtf8(Uint8Array.of(0xff), "text"))
})
