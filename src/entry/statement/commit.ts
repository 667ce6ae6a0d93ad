// What gitsign signs of a commit or a tag when it is offline: the signed attributes of CMS (RFC 5652, DER, as SET OF),
// of which one is the SHA-256 of the Git object without its signature. The object itself may stand behind them; then
// its ID follows. Leaves out certificates and time.
import { concat, utf8 } from "../../core/base/bytes.ts"
import { digestOf, sha1Of } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { StatedSubject } from "./reading.ts"

const SET = 0x31
const OCTET_STRING = 0x04
/** The attribute `messageDigest`, 1.2.840.113549.1.9.4, up to the tag of its one value. */
const MESSAGE_DIGEST = "06092a864886f70d010904"
const LONGEST_ATTRIBUTES = 65_539

/** Where the element at the start of the bytes ends; undefined unless it is a SET in DER. */
function endOfSet(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== SET || bytes.length < 2) return undefined
  const first = bytes[1] as number
  if (first < 0x80) return 2 + first
  const count = first - 0x80
  if (count < 1 || count > 2 || bytes.length < 2 + count) return undefined
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0)
  return 2 + count + length
}

/** Every value of `messageDigest` in the attributes: what is read twice by some reader counts twice. */
function messageDigests(attributes: Uint8Array): readonly string[] {
  const hex = formatHex(attributes)
  const digests: string[] = []
  for (let at = hex.indexOf(MESSAGE_DIGEST); at >= 0; at = hex.indexOf(MESSAGE_DIGEST, at + 2)) {
    // SET, its length, OCTET STRING, its length: four bytes, for a digest is short.
    const value = (at + MESSAGE_DIGEST.length) / 2
    const [set, , string, length = 0] = attributes.subarray(value, value + 4)
    if (at % 2 !== 0 || set !== SET || string !== OCTET_STRING || length > 64) continue
    digests.push(formatHex(attributes.subarray(value + 4, value + 4 + length)))
  }
  return digests
}

const SIGNATURE_HEADER = /^gpgsig(?:-sha256)? .*\n(?: .*\n)*/gm
const TAG_SIGNATURE = /^-----BEGIN SIGNED MESSAGE-----\n[\s\S]*$/m

/** Text a byte a character, so that nothing changes on the way back. */
function latin1Text(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function withoutSignature(text: string, isTag: boolean): string {
  if (isTag) return text.replace(TAG_SIGNATURE, "")
  const end = text.indexOf("\n\n") + 1
  return text.slice(0, end).replaceAll(SIGNATURE_HEADER, "") + text.slice(end)
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

/** The IDs of a Git object, by either hash that a repository may have. */
function objectDigests(object: Uint8Array, isTag: boolean): readonly string[] {
  const header = utf8(`${isTag ? "tag" : "commit"} ${object.length}\0`)
  const whole = concat(header, object)
  const name = isTag ? "gitTag" : "gitCommit"
  return [formatHex(sha1Of(whole)), formatHex(digestOf("sha256", whole))].map(
    (id) => `${name}:${id}`,
  )
}

interface SignedAttributes {
  /** The bytes that were signed. */
  readonly attributes: Uint8Array
  readonly subject: StatedSubject
}

/**
 * The signed attributes, with the Git object behind them if it is there; undefined for other bytes. Refuses
 * `mismatch` for another object than the attributes have the digest of.
 */
export function readSignedAttributes(bytes: Uint8Array): SignedAttributes | undefined {
  const end = endOfSet(bytes)
  if (end === undefined || end > bytes.length || end > LONGEST_ATTRIBUTES) return undefined
  const attributes = bytes.subarray(0, end)
  const stated = messageDigests(attributes)
  if (stated.length === 0) return undefined
  const digests = stated.map((hex) => `sha256:${hex}`)
  if (end === bytes.length) return { attributes, subject: { digests } }
  const object = bytes.subarray(end)
  const text = latin1Text(object)
  const isTag = text.startsWith("object ")
  const found = formatHex(digestOf("sha256", latin1Bytes(withoutSignature(text, isTag))))
  if (!stated.includes(found)) {
    const expected = `a Git object with the digest ${stated.join(" or ")} without its signature`
    refuse("mismatch", `message: expected ${expected}, found one with ${found}`)
  }
  return { attributes, subject: { digests: [...digests, ...objectDigests(object, isTag)] } }
}
