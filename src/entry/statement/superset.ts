// What any reader at all may take out of a payload: by text, not by a parser. JSON's readers differ in escapes,
// comments, quotes, encodings and repeated names, and to emulate them all is hopeless; but whatever digest one of
// them reads stands in the text, once NUL bytes (UTF-16, UTF-32), escapes and white space are undone. So does every
// name, between two quotes or, where quotes may be missing, between two other marks. That something is in the
// superset does not mean that a reader would take it.
import { bug } from "../../core/base/errors.ts"
import { eachDigestRun } from "./digest-runs.ts"
import { payloadTexts } from "./payload-text.ts"

export interface Superset {
  /** Bare lower-case hex of 40, 64, 96 or 128 digits. */
  readonly digests: ReadonlySet<string>
  /** Texts of up to 1,024 units that a reader may take for a name: escapes undone, letters as they are written. */
  readonly literals: ReadonlySet<string>
}

const LONGEST_LITERAL = 1024

const BACKSLASH = 0x5c
const LETTER_U = 0x75
const SPACE = 0x20
/** Stands for every character that is neither of hex nor white space. */
const OTHER = 0x2e

/** White space that some reader of hex skips, and the letters behind a backslash that stand for it. */
const isBlank = new Uint8Array(128)
for (const char of " \t\n\v\f\r") isBlank[char.charCodeAt(0)] = 1
const isBlankEscape = new Uint8Array(128)
for (const char of " \t\n\v\f\rtnrf") isBlankEscape[char.charCodeAt(0)] = 1

const FOUR_HEX = /^[0-9a-fA-F]{4}$/

/** The four hex digits at `at` as a number; NaN if they are none. */
function escapedCode(text: string, at: number): number {
  const digits = text.slice(at, at + 4)
  return FOUR_HEX.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
}

/** The text with escapes and NUL undone, as bytes in which a digest's digits stand as they are read. */
function plainBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  let end = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code === BACKSLASH) {
      const next = text.charCodeAt(i + 1)
      const escaped = next === LETTER_U ? escapedCode(text, i + 2) : Number.NaN
      i += Number.isNaN(escaped) ? 1 : 5
      if (Number.isNaN(escaped)) code = isBlankEscape[next] === 1 ? SPACE : OTHER
      else code = escaped
    }
    if (code !== 0) bytes[end++] = code < 128 ? code : OTHER
  }
  return bytes.subarray(0, end)
}

/** Without white space. */
function packed(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length)
  let end = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte > SPACE || isBlank[byte] === 0) out[end++] = byte
  }
  return out.subarray(0, end)
}

const simpleEscapes: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
}

const ESCAPES = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g

/** Escapes of JSON undone; what is none stays as it is, without its backslash. */
export function unescaped(literal: string): string {
  if (!literal.includes("\\")) return literal
  return literal.replaceAll(ESCAPES, (_, hex: string | undefined, char = "") =>
    hex === undefined
      ? (simpleEscapes[char] ?? char)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function isEscapedAt(text: string, at: number, start: number): boolean {
  let slashes = 0
  while (at - slashes > start && text.charCodeAt(at - slashes - 1) === BACKSLASH) slashes += 1
  return slashes % 2 === 1
}

/**
 * What stands between any two neighbouring quotes, whichever of them opens: a quote in a comment would change
 * which do.
 */
function eachBetween(text: string, quote: string, found: (literal: string) => void): void {
  let start = 0
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (isEscapedAt(text, at, start)) continue
    found(text.slice(start, at))
    start = at + 1
  }
  found(text.slice(start))
}

/** What ends a text without quotes, to readers that take one. */
const endsBare = new Uint8Array(128)
for (const char of "/\\;#={}[]:, \t\f\r\n\"'") endsBare[char.charCodeAt(0)] = 1

function eachBare(text: string, found: (literal: string) => void): void {
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (endsBare[text.charCodeAt(at)] !== 1) continue
    if (at > start) found(text.slice(start, at))
    start = at + 1
  }
  found(text.slice(start))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** An escape is at most six units for one. */
const LONGEST_WRITTEN = 6 * LONGEST_LITERAL

/** Thrown and caught here alone. */
class Full extends Error {}

/** As {@link readSuperset}; undefined if there is more than `most` in it, which is noticed as soon as it is so. */
export function readSupersetUpTo(payload: Uint8Array, most: number): Superset | undefined {
  const digests = new Set<string>()
  const literals = new Set<string>()
  const addDigest = (hex: string): void => {
    digests.add(hex)
    if (digests.size + literals.size > most) throw new Full()
  }
  const addLiteral = (written: string): void => {
    if (written === "" || written.length > LONGEST_WRITTEN) return
    const literal = unescaped(written)
    if (literal.length > LONGEST_LITERAL) return
    literals.add(literal)
    if (digests.size + literals.size > most) throw new Full()
  }
  try {
    for (const text of payloadTexts(payload)) {
      const bytes = plainBytes(text)
      eachDigestRun(bytes, addDigest)
      eachDigestRun(packed(bytes), addDigest)
      eachBetween(text, '"', addLiteral)
      if (isJson(text)) continue
      eachBetween(text, "'", addLiteral)
      eachBare(text, addLiteral)
    }
    return { digests, literals }
  } catch (error) {
    if (error instanceof Full) return undefined
    throw error
  }
}

/**
 * Never throws. Time and memory are linear in the payload; some 100 bytes of memory for each text in it.
 */
export function readSuperset(payload: Uint8Array): Superset {
  return readSupersetUpTo(payload, Number.POSITIVE_INFINITY) ?? bug("there is no bound")
}
