// Strict text codecs: decimals, base64 (RFC 4648 section 4), hex, plain text. Each accepts exactly what
// it would print itself (canonical or refused), on any engine, without Node's lenient `Buffer`.
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
const NOT_A_DIGIT = 255

const digitOf = new Uint8Array(128).fill(NOT_A_DIGIT)
for (let i = 0; i < ALPHABET.length; i++) digitOf[ALPHABET.charCodeAt(i)] = i

function base64Digit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (digitOf[code] as number) : NOT_A_DIGIT
}

function paddingOf(text: string): number {
  if (text.charCodeAt(text.length - 1) !== PAD) return 0
  return text.charCodeAt(text.length - 2) === PAD ? 2 : 1
}

/** Standard alphabet, padded, zero trailing bits; `undefined` for anything else. */
function base64Bytes(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  if (text.length === 0) return new Uint8Array(0)
  const padding = paddingOf(text)
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  const digits = text.length - padding
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const digit = base64Digit(text, i)
    if (digit === NOT_A_DIGIT) return undefined
    held = ((held << 6) | digit) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 0xff
    }
  }
  const trailing = held & ((1 << bits) - 1)
  return trailing === 0 ? bytes : undefined
}

/** Decodes canonical base64; refuses `malformed` for every other spelling. */
export function parseBase64(text: string, what: string): Uint8Array {
  return (
    base64Bytes(text) ??
    refuse("malformed", `${what}: expected padded standard base64, found ${shown(text)}`)
  )
}

export function formatBase64(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] as number
    const b = bytes[i + 1] ?? 0
    const c = bytes[i + 2] ?? 0
    const left = bytes.length - i
    text += ALPHABET.charAt(a >> 2) + ALPHABET.charAt(((a & 3) << 4) | (b >> 4))
    text += left > 1 ? ALPHABET.charAt(((b & 15) << 2) | (c >> 6)) : "="
    text += left > 2 ? ALPHABET.charAt(c & 63) : "="
  }
  return text
}

const HEX = /^(?:[0-9a-f]{2})*$/

/** Decodes lower-case hex; refuses `malformed` for every other spelling. */
export function parseHex(text: string, what: string): Uint8Array {
  if (!HEX.test(text)) {
    refuse("malformed", `${what}: expected lower-case hex, found ${shown(text)}`)
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  }
  return bytes
}

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

export function formatHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += hexOf[byte]
  return text
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
