// Whether a message has a digest that stands in bodies of entries: then it is what their signatures were made over, or
// holds the payload that they are about. Needs no body, so whoever is given a message can see that it is the one.
import { digestOf, type HashName } from "../core/base/digest.ts"
import { unlessRefused } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { parseDigest } from "./signature.ts"
import { readMessage } from "./statement/message.ts"

/** `hash` is noble's by default, some 15 MB a second. False for a digest that is none. */
export function hasMessageDigest(
  bytes: Uint8Array,
  digest: string,
  hash: (name: HashName, bytes: Uint8Array) => Uint8Array = digestOf,
): boolean {
  const expected = unlessRefused(() => parseDigest(digest))
  if (expected === undefined) return false
  const wanted = formatHex(expected.bytes)
  const isIt = (part: Uint8Array): boolean => formatHex(hash(expected.hash, part)) === wanted
  if (isIt(bytes)) return true
  const message = unlessRefused(() => readMessage(bytes))
  return [message?.signed, message?.payload].some((part) => part !== undefined && isIt(part))
}
