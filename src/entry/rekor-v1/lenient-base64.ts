// Base64 as senders of other formats spell it: in the standard or the URL alphabet (RFC 4648 sections 4
// and 5), padded or not. DSSE and the JSON form of protobuf allow both. Leaves out white space, and
// everything else that parseBase64 refuses.
import { parseBase64 } from "../../core/base/text.ts"

const URL_DIGIT = /[-_]/
const STANDARD_DIGIT = /[+/]/

/**
 * The text in the one spelling that parseBase64 takes, if it is base64 at all. A mixture of the
 * alphabets and half a padding stay as they are, to be refused there.
 */
export function standardBase64(text: string): string {
  const isUrl = URL_DIGIT.test(text)
  if (isUrl && STANDARD_DIGIT.test(text)) return text
  const standard = isUrl ? text.replaceAll("-", "+").replaceAll("_", "/") : text
  if (standard.endsWith("=")) return standard
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, "=")
}

/** Decodes either spelling; refuses `malformed` for what is neither. */
export function parseAnyBase64(text: string, what: string): Uint8Array {
  return parseBase64(standardBase64(text), what)
}
