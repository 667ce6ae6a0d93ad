// What is wrong with a text that is no canonical base64 (RFC 4648 sections 3.5 and 4), said to whoever wrote it.
// Looks only at texts that were refused already.

const PEM = /^\s*-----BEGIN /
const HEX = /^(?:[0-9a-fA-F]{2}){8,}$/
const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/

function paddingFault(text: string): string {
  const digits = text.replace(/={1,2}$/, "").length
  if (digits % 4 === 1) return "one digit too many or too few, as of a text that was cut"
  if (text.length % 4 !== 0) return text.endsWith("=") ? "half a padding" : "no padding"
  return "bits left over behind the last byte, as of a text that was changed or cut"
}

/** A few words, for the end of a sentence; never repeats the text. */
export function base64Fault(text: string): string {
  if (text === "") return "nothing"
  if (PEM.test(text)) return "PEM, where base64 of bytes belongs"
  if (text.startsWith("\ufeff")) return "a byte order mark"
  if (/[\r\n]/.test(text)) return "line breaks"
  if (/\s/.test(text)) return "blanks"
  if (HEX.test(text)) return "what looks like hexadecimal"
  const hasUrl = /[-_]/.test(text)
  if (hasUrl && /[+/]/.test(text)) return "digits of two alphabets"
  if (/=[^=]/.test(text) || /={3}$/.test(text)) return "something behind the padding"
  if (hasUrl && /^[A-Za-z0-9_-]*={0,2}$/.test(text)) return "the URL alphabet"
  if (!STANDARD.test(text)) return "characters that are no digits of base64"
  return paddingFault(text)
}
