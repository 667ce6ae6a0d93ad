// The text of an API token: `cst_` and the token's ID, its secret and a checksum, with underscores between them. The
// beginning lets scanners find a token that lies where it should not; the checksum (CRC-32) tells a mistyped token from
// one that nobody knows, and is no secret. Leaves out how secrets are drawn and kept.
import { refuse } from "../base/errors.ts"

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const ID_LENGTH = 8
/** 43 digits of base 62 hold 256 bits. */
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6
export const SECRET_BYTES = 32
export const ID_BYTES = 5

const FORM = /^cst_([0-9A-Za-z]{8})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/
/** What may be a token or a part of one, also mistyped or percent-encoded: for texts that must not have any. */
const ANY_TOKEN = /cst(?:_|%5f)[\w%.~-]+/gi

/** Digits of base 62, as many as asked; what does not fit is left out. */
function digitsOf(number: bigint, length: number): string {
  let digits = ""
  for (let rest = number; digits.length < length; rest /= 62n) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits
  }
  return digits
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

/** CRC-32 (ISO 3309) of ASCII, bit by bit: texts are short. */
function crc32(text: string): number {
  let sum = 0xff_ff_ff_ff
  for (let i = 0; i < text.length; i += 1) {
    sum ^= text.charCodeAt(i)
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xed_b8_83_20 : 0)
  }
  return ~sum >>> 0
}

function checksumOf(text: string): string {
  return digitsOf(BigInt(crc32(text)), CHECKSUM_LENGTH)
}

/** An ID from {@link ID_BYTES} random bytes. */
export function tokenId(random: Uint8Array): string {
  return digitsOf(numberOf(random), ID_LENGTH)
}

/** The token with this ID and a secret of {@link SECRET_BYTES} random bytes. */
export function formatToken(id: string, secret: Uint8Array): string {
  const text = `cst_${id}_${digitsOf(numberOf(secret), SECRET_LENGTH)}`
  return `${text}_${checksumOf(text)}`
}

/** The ID of a token; undefined for a text that is none, or that is mistyped. */
export function idOfToken(text: string): string | undefined {
  const [, id, secret, checksum] = FORM.exec(text) ?? []
  return checksum === checksumOf(`cst_${id}_${secret}`) ? id : undefined
}

export function looksLikeToken(text: string): boolean {
  return text.startsWith("cst_")
}

/** Refuses `malformed` for what is no token or mistyped, without showing it; `what` names it. */
export function assertToken(text: string, what: string): void {
  if (idOfToken(text) !== undefined) return
  refuse(
    "malformed",
    FORM.test(text)
      ? `${what}: expected a token, found one whose checksum does not fit: it was mistyped or cut`
      : `${what}: expected a token, cst_ID_SECRET_CHECKSUM, found something else`,
  )
}

/** The text with `cst_…` in place of whatever may be a token. */
export function withoutTokens(text: string): string {
  return text.replace(ANY_TOKEN, "cst_…")
}
