// Finds the one bit whose flip explains a broken checksum of SQLite's write-ahead log. The sums are linear in each
// word, modulo 2^32, so that what every bit adds to them is known without adding all words up again. Among random
// bytes hardly one of 2^40 frames has such a bit: what a loss of power tore has none.
import { endianness } from "node:os"
import {
  FRAME_HEADER_BYTES,
  frameSums,
  HEADER_BYTES,
  parseFrameHeader,
  parseHeader,
  type Sums,
  sameSums,
  type WalHeader,
} from "./wal-format.ts"

/** A bit, counted from the lowest one, of a byte. */
export interface Bit {
  readonly byte: number
  readonly bit: number
}

const SALTS_AT = 8
const SUMS_AT = 16
const BITS = Array.from({ length: 32 }, (_, bit) => bit)

/**
 * The bits of a frame each of which, flipped, makes it follow one with the sums `before`; none if it takes more than
 * one. High bits of words add the same to the sums in many places, so that a flip of them may have several.
 */
export function flippedInFrame(
  frame: Uint8Array,
  before: Sums,
  { salts, isNative }: WalHeader,
): readonly Bit[] {
  const found = parseFrameHeader(frame)
  const computed = frameSums(before, frame, isNative)
  const isCovered = sameSums(computed, found.sums)
  if (!sameSums(found.salts, salts)) {
    return isCovered ? difference(found.salts, salts, SALTS_AT) : []
  }
  if (isCovered) return []
  const inSums = difference(found.sums, computed, SUMS_AT)
  return [...inSums, ...flippedInWords(frame, computed, found.sums, isNative)]
}

/** Whether a bit lies in the sums of a frame, which the next frame does not go on from if they are wrong. */
export function isInSums({ byte }: Bit): boolean {
  return byte >= SUMS_AT && byte < FRAME_HEADER_BYTES
}

/** The bit in which two pairs of big-endian words that begin at byte `at` differ; none if it is not one. */
function difference(a: Sums, b: Sums, at: number): readonly Bit[] {
  const bits = [0, 1].flatMap((word) => {
    const differing = (a[word] as number) ^ (b[word] as number)
    const set = BITS.filter((bit) => ((differing >>> bit) & 1) === 1)
    return set.map((bit) => ({ byte: at + 4 * word + 3 - (bit >> 3), bit: bit & 7 }))
  })
  return bits.length === 1 ? bits : []
}

/** Looks through the words that a checksum covers, from the last one to the first. */
function flippedInWords(
  frame: Uint8Array,
  computed: Sums,
  sums: Sums,
  isNative: boolean,
): readonly Bit[] {
  const wanted: Sums = [(sums[0] - computed[0]) | 0, (sums[1] - computed[1]) | 0]
  const isLittle = isNative === (endianness() === "LE")
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const found: Bit[] = []
  // What one more in a pair's first and in its second word adds to the sums at the end.
  let first: Sums = [1, 1]
  let second: Sums = [0, 1]
  for (const at of pairsBackwards(frame.length)) {
    found.push(...bitsInWord(view, at, { weight: first, wanted, isLittle }))
    found.push(...bitsInWord(view, at + 4, { weight: second, wanted, isLittle }))
    first = onePairOn(first)
    second = onePairOn(second)
  }
  return found
}

function* pairsBackwards(length: number): Generator<number> {
  for (let at = length - 8; at >= FRAME_HEADER_BYTES; at -= 8) yield at
  yield 0
}

function onePairOn([a, b]: Sums): Sums {
  const sum = (a + b) | 0
  return [sum, (b + sum) | 0]
}

interface Wanted {
  readonly weight: Sums
  readonly wanted: Sums
  readonly isLittle: boolean
}

function bitsInWord(view: DataView, at: number, { weight, wanted, isLittle }: Wanted): Bit[] {
  const word = view.getInt32(at, isLittle)
  const bits = BITS.filter((bit) => {
    const step = ((word >>> bit) & 1) === 1 ? -(2 ** bit) : 2 ** bit
    return Math.imul(weight[0], step) === wanted[0] && Math.imul(weight[1], step) === wanted[1]
  })
  return bits.map((bit) => ({ byte: at + (isLittle ? bit >> 3 : 3 - (bit >> 3)), bit: bit & 7 }))
}

/** The bit of a header that makes it one whose first frame is `frame`; undefined if it takes more than one. */
export function flippedInHeader(header: Uint8Array, frame: Uint8Array): Bit | undefined {
  const { salts, sums } = parseFrameHeader(frame)
  const bytes = new Uint8Array(header)
  for (let at = 0; at < HEADER_BYTES * 8; at++) {
    const found = { byte: at >> 3, bit: at & 7 }
    flip(bytes, found)
    const parsed = parseHeader(bytes)
    flip(bytes, found)
    if (parsed === undefined || !sameSums(parsed.salts, salts)) continue
    if (sameSums(frameSums(parsed.sums, frame, parsed.isNative), sums)) return found
  }
  return undefined
}

/** Flips a bit where it is. */
export function flip(bytes: Uint8Array, { byte, bit }: Bit): void {
  bytes[byte] = (bytes[byte] as number) ^ (1 << bit)
}
