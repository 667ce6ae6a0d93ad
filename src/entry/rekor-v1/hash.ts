// Digests as Rekor v1 has them: the name of a hash beside hexadecimal text.
import { digestLength, type HashName, isHashName } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent } from "../../core/base/json-value.ts"
import { parseHex } from "../../core/base/text.ts"

/** A digest with its hexadecimal text, which may be in upper case. */
interface SentDigest {
  readonly hash: HashName
  readonly text: string
  readonly bytes: Uint8Array
}

const HEX = /^[0-9a-fA-F]*$/

/** Refuses in Rekor's words for a hash that is not there or not of its own length. */
export function readHash(value: unknown): SentDigest {
  if (isAbsent(value)) refuse("malformed", "missing hash: expected data.hash, found nothing")
  const members = asObject(value, "hash", ["algorithm", "value"])
  if (isAbsent(members.value) || members.value === "") {
    refuse("malformed", "missing hash value: expected data.hash.value, found nothing")
  }
  const hash = asText(members.algorithm ?? "", "hash algorithm")
  if (!isHashName(hash)) {
    return refuse(
      "unsupported",
      `hash algorithm: expected sha256, sha384 or sha512, found ${shown(hash)}`,
    )
  }
  const text = asText(members.value, "hash value")
  const digits = 2 * digestLength[hash]
  if (text.length !== digits || !HEX.test(text)) {
    refuse(
      "malformed",
      `invalid value for hash: expected ${digits} hex digits, found ${shown(text, 150)}`,
    )
  }
  return { hash, text, bytes: parseHex(text.toLowerCase(), "hash value") }
}
