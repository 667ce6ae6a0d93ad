// DER (ITU-T X.690) written by hand, for structures that the ASN.1 library has no types of.
import { concat, utf8 } from "../../src/core/base/bytes.ts"

export const SEQUENCE = 0x30
export const SET = 0x31
export const INTEGER = 0x02
export const OCTET_STRING = 0x04
export const GENERALIZED_TIME = 0x18
/** Constructed and context-specific, 0. */
export const CONTEXT_0 = 0xa0

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  if (length < 0x100) return Uint8Array.of(0x81, length)
  return Uint8Array.of(0x82, length >> 8, length & 0xff)
}

/** One element, up to 65,535 bytes inside. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const inside = concat(...contents)
  return concat(Uint8Array.of(tag), lengthOf(inside.length), inside)
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

export function derOid(text: string): Uint8Array {
  const [first = 0, second = 0, ...others] = text.split(".").map(Number)
  return der(0x06, Uint8Array.of(first * 40 + second, ...others.flatMap(base128)))
}

/** A positive integer from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  const sign = (bytes[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return der(INTEGER, sign, bytes)
}

/** In whole seconds. */
export function derTime(time: Date): Uint8Array {
  const digits = time.toISOString().slice(0, 19).replaceAll(/\D/g, "")
  return der(GENERALIZED_TIME, utf8(`${digits}Z`))
}

/** SPEC: X.690 section 11.6: the elements of a set stand in the order of their bytes. */
export function derSet(elements: readonly Uint8Array[], tag = SET): Uint8Array {
  return der(tag, ...elements.toSorted((a, b) => Buffer.compare(a, b)))
}
