// Base64 as people and programs spell it: in the standard or the URL alphabet (RFC 4648 sections 4 and 5),
// padded or not, in lines of any width, with blanks around it or a byte order mark in front. Leaves out what
// could be read in two ways: mixed alphabets, half a padding, blanks within a line, bits that are left over.
import { base64Fault } from "./base64-fault.ts"
import { refuse } from "./errors.ts"
import { base64Bytes, formatBase64 } from "./text.ts"

const URL_DIGIT = /[-_]/
const STANDARD_DIGIT = /[+/]/
const WHITE_SPACE = /[ \t\r\n]+/g
const LINE_END = /[\r\n]/
const BYTE_ORDER_MARK = "\ufeff"

/** Takes away line breaks with the blanks at them, and blanks at both ends; those within a line stay. */
function inOneLine(text: string): string {
  return text.replaceAll(WHITE_SPACE, (run, at: number) => {
    const isOutside = at === 0 || at + run.length === text.length
    return isOutside || LINE_END.test(run) ? "" : run
  })
}

/**
 * The text in the one spelling that parseBase64 takes, if it is base64 at all; canonical text is given back as it
 * is. What could be read in two ways stays as it is, to be refused there.
 */
function standardBase64(text: string): string {
  const line = inOneLine(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
  const isUrl = URL_DIGIT.test(line)
  if (isUrl && STANDARD_DIGIT.test(line)) return line
  const standard = isUrl ? line.replaceAll("-", "+").replaceAll("_", "/") : line
  if (standard.endsWith("=") || standard.length % 4 === 1) return standard
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, "=")
}

/** Decodes any of these spellings, the canonical one as fast as parseBase64; refuses `malformed` for what is none. */
export function parseAnyBase64(text: string, what: string): Uint8Array {
  const bytes = base64Bytes(text)
  if (bytes !== undefined) return bytes
  const standard = standardBase64(text)
  return (
    base64Bytes(standard) ??
    refuse("malformed", `${what}: expected base64, found ${base64Fault(standard)}`)
  )
}

const OTHER_SPELLING = /[-_\s\ufeff]/

/** The canonical base64 of bytes that were decoded from `text`: that text itself, unless it was spelled otherwise. */
export function canonicalBase64(text: string, bytes: Uint8Array): string {
  const isCanonical = text.length === Math.ceil(bytes.length / 3) * 4 && !OTHER_SPELLING.test(text)
  return isCanonical ? text : formatBase64(bytes)
}
