// Recognises what stands where the bytes of a signature belong and is another tool's form of one: armour of OpenPGP and
// SSH, minisign, CMS, base64 or hexadecimal once more. By its first bytes alone: nothing is verified or accepted.
import { equalBytes } from "./bytes.ts"
import type { RefusalCode } from "./errors.ts"
import { parseHex } from "./text.ts"

export interface ForeignSignature {
  readonly code: Extract<RefusalCode, "malformed" | "unsupported">
  /** The end of a sentence: what it is, and what to do. */
  readonly found: string
}

/** What a door takes instead. */
export const BARE_SIGNATURE = "the bytes of an ECDSA, RSA or Ed25519 signature"

function other(found: string): ForeignSignature {
  return { code: "unsupported", found }
}

function wrapped(found: string): ForeignSignature {
  return { code: "malformed", found }
}

const SSH = other("a signature of SSH's (ssh-keygen -Y sign); sign the artifact with a key in PEM")

const armours: readonly (readonly [RegExp, ForeignSignature])[] = [
  [
    /^-----BEGIN PGP /,
    other("a signature of OpenPGP's; sign with a key in PEM, for example by openssl dgst -sign"),
  ],
  [/^-----BEGIN SSH SIGNATURE/, SSH],
  [/^untrusted comment:/, other("a signature of minisign's; sign the artifact with a key in PEM")],
  [/^-----BEGIN (?:PKCS7|CMS)/, other("a signature in CMS; sign with openssl dgst -sign")],
  [/^-----BEGIN /, wrapped("PEM of something else; give the signature alone")],
]

const wrappings: readonly (readonly [RegExp, ForeignSignature])[] = [
  [/^\{/, wrapped("JSON, such as a bundle or an envelope; give the signature alone")],
  [/^(?:[0-9a-fA-F]{2}){48,}$/, wrapped("hexadecimal; give the bytes that it stands for")],
  [
    /^[A-Za-z0-9+/_-]{62}[A-Za-z0-9+/_\-\s]*={0,2}$/,
    wrapped("base64 of base64; take one of them away"),
  ],
]

const PRINTABLE = /^[\t\n\r -~]*$/
const latin1 = new TextDecoder("latin1")

/** DER of the object identifier of CMS signed data. */
const SIGNED_DATA = parseHex("06092a864886f70d010702", "object identifier")
const SEQUENCE = 0x30

/** CMS says what it is in its first element. */
function isCms(bytes: Uint8Array): boolean {
  if (bytes[0] !== SEQUENCE) return false
  const length = bytes[1] ?? 0
  const at = length < 0x80 ? 2 : 2 + (length - 0x80)
  return equalBytes(bytes.subarray(at, at + SIGNED_DATA.length), SIGNED_DATA)
}

/** No signature begins with so many characters of text by chance. */
const SURE = 16

/** Undefined for what may be the bytes of a signature; of nearly all of those it looks at the first bytes only. */
export function foreignForm(bytes: Uint8Array): ForeignSignature | undefined {
  if (isCms(bytes)) return other("a signature in CMS; sign with openssl dgst -sign")
  const start = latin1.decode(bytes.subarray(0, SURE))
  if (start.startsWith("SSHSIG")) return SSH
  if (start.length < SURE || !PRINTABLE.test(start)) return undefined
  const text = latin1.decode(bytes).trim()
  if (!PRINTABLE.test(text)) return undefined
  return foreignText(text) ?? wrappings.find(([pattern]) => pattern.test(text))?.[1]
}

/** Of a text: whether it is armour of another tool. */
export function foreignText(text: string): ForeignSignature | undefined {
  const start = text.trimStart().slice(0, 200)
  return armours.find(([pattern]) => pattern.test(start))?.[1]
}
