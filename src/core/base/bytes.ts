// Byte strings: join, compare, big-endian integers, UTF-8. The one place in `core` where integers of 8
// bytes appear. Leaves out every text encoding but UTF-8 (see text.ts).
import { concatBytes } from "@noble/hashes/utils.js"
import { refuse } from "./errors.ts"

const encoder = new TextEncoder()
// `ignoreBOM` keeps a byte order mark as a character, so that decoding never changes the bytes.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const NOT_UTF8 = "bytes that are not"

/** Whether they begin with a byte order mark of UTF-16. */
function isUtf16([first = 0, second = 0]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

/** Decodes UTF-8. Refuses `malformed` on any invalid sequence; a byte order mark stays. */
export function parseUtf8(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    const found = isUtf16(bytes) ? "UTF-16, which some shells write; save it as UTF-8" : NOT_UTF8
    return refuse("malformed", `${what}: expected UTF-8 text, found ${found}`)
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts)
}

/** Equality of public bytes; not constant in time, so not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Orders byte strings as unsigned bytes, a prefix first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Big-endian u16 at `at`; the caller has checked the length. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 256 + (bytes[at + 1] as number)
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = Math.floor(value / 256)
  bytes[at + 1] = value % 256
}

/** Big-endian u32 at `at`; the caller has checked the length. */
export function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 65_536 + readU16(bytes, at + 2)
}

/** Four big-endian bytes of an integer from 0 to 2^32-1. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Eight big-endian bytes of a safe non-negative integer. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** Big-endian u64 at `at`. Refuses `malformed` above 2^53-1, where a number would lose digits. */
export function readU64(bytes: Uint8Array, at: number, what: string): number {
  const value = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    refuse("malformed", `${what}: expected an integer up to 2^53-1, found ${value}`)
  }
  return Number(value)
}
