// The framing rules of DER (ITU-T X.690 section 10.1 and 8.1), which ASN.1 libraries that read BER do not hold, and
// object identifiers (section 8.19); elements written by them. Leaves out the rules for the contents of other types.
import { concat } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"

const DEEPEST = 24
const CONSTRUCTED = 0x20
const BOOLEAN = 0x01
const OBJECT_IDENTIFIER = 0x06
const SEQUENCE = 0x30
const LONG_TAG = 0x1f

interface Frame {
  readonly from: number
  readonly to: number
}

/** The contents of the element at `at`, or undefined if its tag or length is not DER. */
function readFrame(bytes: Uint8Array, at: number, end: number): Frame | undefined {
  if (at + 2 > end || ((bytes[at] as number) & LONG_TAG) === LONG_TAG) return undefined
  const first = bytes[at + 1] as number
  if (first < 0x80) return within(at + 2, first, end)
  const count = first - 0x80
  if (count < 1 || count > 2 || at + 2 + count > end) return undefined
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] as number)
  // SPEC: X.690 section 10.1: the length is written in the fewest bytes.
  const isShortest = length >= (count === 1 ? 0x80 : 0x100)
  return isShortest ? within(at + 2 + count, length, end) : undefined
}

function within(from: number, length: number, end: number): Frame | undefined {
  return from + length <= end ? { from, to: from + length } : undefined
}

/** Whether the elements from `from` to `to` fill that space exactly, down to the primitive ones. */
function isFramed(bytes: Uint8Array, from: number, to: number, depth: number): boolean {
  if (depth > DEEPEST) return false
  let at = from
  while (at < to) {
    const frame = readFrame(bytes, at, to)
    if (frame === undefined) return false
    const isConstructed = ((bytes[at] as number) & CONSTRUCTED) !== 0
    if (isConstructed && !isFramed(bytes, frame.from, frame.to, depth + 1)) return false
    at = frame.to
  }
  return true
}

/**
 * Refuses `malformed` unless the bytes are one DER element and nothing behind it: definite shortest
 * lengths, single-byte tags, at most 24 levels, at most 65,535 bytes.
 */
export function assertDer(bytes: Uint8Array, what: string): void {
  const whole = readFrame(bytes, 0, bytes.length)
  if (whole?.to === bytes.length && isFramed(bytes, 0, bytes.length, 0)) return
  refuse("malformed", `${what}: expected one DER element and nothing behind it, found other bytes`)
}

/** The contents of the one element with this tag that the bytes are; undefined for any other bytes. */
export function derContents(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  const frame = bytes[0] === tag ? readFrame(bytes, 0, bytes.length) : undefined
  return frame?.to === bytes.length ? bytes.subarray(frame.from, frame.to) : undefined
}

/**
 * The elements inside of the one constructed element that the bytes are, each with its own tag and length, as
 * views. Undefined for any other bytes.
 */
export function derElements(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const whole = readFrame(bytes, 0, bytes.length)
  if (whole?.to !== bytes.length || ((bytes[0] as number) & CONSTRUCTED) === 0) return undefined
  const elements: Uint8Array[] = []
  for (let at = whole.from; at < whole.to; ) {
    const frame = readFrame(bytes, at, whole.to)
    if (frame === undefined) return undefined
    elements.push(bytes.subarray(at, frame.to))
    at = frame.to
  }
  return elements
}

/** The element of this tag with these contents, which may have up to 65,535 bytes. */
export function derElement(tag: number, contents: Uint8Array): Uint8Array {
  const { length } = contents
  const size = length < 0x80 ? [] : length < 0x100 ? [0x81] : [0x82, length >> 8]
  return concat(Uint8Array.of(tag, ...size, length & 0xff), contents)
}

/**
 * A truth value with its tag and length; undefined for any other bytes. False is taken where it is written out, which
 * DER leaves to the default.
 */
export function derBoolean(der: Uint8Array): boolean | undefined {
  const [byte, ...others] = derContents(der, BOOLEAN) ?? []
  return (byte === 0 || byte === 0xff) && others.length === 0 ? byte === 0xff : undefined
}

/** Undefined for arcs that are not written in the fewest bytes, or above 2^53-1. */
function dotted(contents: Uint8Array): string | undefined {
  const arcs: number[] = []
  let arc = 0
  let isInside = false
  for (const byte of contents) {
    if (!isInside && byte === 0x80) return undefined
    arc = arc * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(arc)) return undefined
    isInside = byte >= 0x80
    if (isInside) continue
    arcs.push(arc)
    arc = 0
  }
  const [first, ...others] = arcs
  if (isInside || first === undefined) return undefined
  const top = Math.min(Math.floor(first / 40), 2)
  return [top, first - top * 40, ...others].join(".")
}

/** The dotted form of an object identifier with its tag and length; undefined for any other bytes. */
export function objectIdentifier(der: Uint8Array | undefined): string | undefined {
  const contents = der && derContents(der, OBJECT_IDENTIFIER)
  return contents && dotted(contents)
}

/**
 * Whether the bytes begin as a SubjectPublicKeyInfo does and a certificate does not: two sequences,
 * then an object identifier. Says nothing about the rest of them.
 */
export function looksLikeSpki(bytes: Uint8Array): boolean {
  const outer = derContents(bytes, SEQUENCE)
  if (outer?.[0] !== SEQUENCE) return false
  const inner = readFrame(outer, 0, outer.length)
  return inner !== undefined && outer[inner.from] === OBJECT_IDENTIFIER
}
