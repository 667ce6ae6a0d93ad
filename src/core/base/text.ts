// Strict text codecs: decimals, base64 (RFC 4648 section 4), hex, plain text. Each accepts exactly what
// it would print itself (canonical or refused), on any engine, without Node's lenient `Buffer`.
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js"
import { base64Fault } from "./base64-fault.ts"
import { parseUtf8, utf8 } from "./bytes.ts"
import { refuse, shown } from "./errors.ts"

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/** A decimal from 0 to 2^53-1 without sign, space or leading zero; else refuses `malformed`. */
export function parseDecimal(text: string, what: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  return refuse(
    "malformed",
    `${what}: expected a decimal from 0 to 2^53-1 without leading zeros, found ${shown(text)}`,
  )
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const PAD = "=".charCodeAt(0)
/** A bit that no digit has, so that one test finds a wrong character among four. */
const NOT_A_DIGIT = 64

const digitOf = new Uint8Array(128).fill(NOT_A_DIGIT)
const codeOf = new Uint8Array(64)
for (let i = 0; i < ALPHABET.length; i++) {
  codeOf[i] = ALPHABET.charCodeAt(i)
  digitOf[ALPHABET.charCodeAt(i)] = i
}

function base64Digit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (digitOf[code] as number) : NOT_A_DIGIT
}

function paddingOf(text: string): number {
  if (text.charCodeAt(text.length - 1) !== PAD) return 0
  return text.charCodeAt(text.length - 2) === PAD ? 2 : 1
}

/** Standard alphabet, padded, zero trailing bits; `undefined` for anything else. */
export function base64Bytes(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  if (text.length === 0) return new Uint8Array(0)
  const padding = paddingOf(text)
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  const whole = text.length - (padding === 0 ? 0 : 4)
  let wrong = 0
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const a = base64Digit(text, i)
    const b = base64Digit(text, i + 1)
    const c = base64Digit(text, i + 2)
    const d = base64Digit(text, i + 3)
    wrong |= a | b | c | d
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = (b << 4) | (c >> 2)
    bytes[at++] = (c << 6) | d
  }
  if ((wrong & NOT_A_DIGIT) !== 0) return undefined
  return padding === 0 || readLastDigits(text, padding, bytes, at) ? bytes : undefined
}

/** Reads the two or three digits before the padding; false if they are not, or bits are left over. */
function readLastDigits(text: string, padding: number, bytes: Uint8Array, at: number): boolean {
  const a = base64Digit(text, text.length - 4)
  const b = base64Digit(text, text.length - 3)
  const c = padding === 1 ? base64Digit(text, text.length - 2) : 0
  if (((a | b | c) & NOT_A_DIGIT) !== 0) return false
  bytes[at] = (a << 2) | (b >> 4)
  if (padding === 2) return (b & 15) === 0
  bytes[at + 1] = (b << 4) | (c >> 2)
  return (c & 3) === 0
}

/** Decodes canonical base64; refuses `malformed` for every other spelling. */
export function parseBase64(text: string, what: string): Uint8Array {
  return (
    base64Bytes(text) ??
    refuse("malformed", `${what}: expected padded standard base64, found ${base64Fault(text)}`)
  )
}

export function formatBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PAD)
  let at = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] as number
    const b = bytes[i + 1] ?? 0
    const c = bytes[i + 2] ?? 0
    const left = bytes.length - i
    codes[at] = codeOf[a >> 2] as number
    codes[at + 1] = codeOf[((a & 3) << 4) | (b >> 4)] as number
    if (left > 1) codes[at + 2] = codeOf[((b & 15) << 2) | (c >> 6)] as number
    if (left > 2) codes[at + 3] = codeOf[c & 63] as number
    at += 4
  }
  // Joining single characters would cost several times as much once the text is read.
  return parseUtf8(codes, "base64")
}

/** Decodes lower-case hex; refuses `malformed` for every other spelling. */
export function parseHex(text: string, what: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-f]/.test(text)) {
    refuse("malformed", `${what}: expected lower-case hex, found ${shown(text)}`)
  }
  return hexToBytes(text)
}

export function formatHex(bytes: Uint8Array): string {
  return bytesToHex(bytes)
}

const PLAIN = /^[\n -\u{10ffff}]*$/u

/**
 * Text as C2SP formats have it: UTF-8 without control characters below U+0020 other than LF. Refuses
 * `too-large` above `limit` bytes and else `malformed`. Decoding loses nothing: the UTF-8 of the
 * result is the input.
 */
export function parsePlainText(input: Uint8Array | string, limit: number, what: string): string {
  const bytes = typeof input === "string" ? utf8(input) : input
  if (bytes.length > limit) {
    refuse("too-large", `${what}: expected up to ${limit} bytes, found ${bytes.length}`)
  }
  const text = typeof input === "string" ? input : parseUtf8(input, what)
  if (!PLAIN.test(text) || !text.isWellFormed()) {
    refuse("malformed", `${what}: expected text without control characters, found ${shown(text)}`)
  }
  return text
}
