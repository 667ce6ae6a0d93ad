// Whether a message has a digest that stands in bodies of entries: then it is what their signatures were made over, or
// holds the payload that they are about. Needs no body, so whoever is given a message can see that it is the one.

import { equalBytes } from "../core/base/bytes.ts"
import { digestOf, type HashName } from "../core/base/digest.ts"
import { unlessRefused } from "../core/base/errors.ts"
import { parseDigest } from "./signature.ts"
import { readSignedAttributes } from "./statement/commit.ts"
import { isPae, parsePae } from "./statement/pae.ts"

/** The payload of an envelope, or the attributes of a commit: what else than the whole may have the digest. */
function signedPart(bytes: Uint8Array): Uint8Array | undefined {
  return isPae(bytes) ? parsePae(bytes).payload : readSignedAttributes(bytes)?.attributes
}

/** `hash` is noble's by default, some 15 MB a second. False for a digest that is none. */
export function hasMessageDigest(
  bytes: Uint8Array,
  digest: string,
  hash: (name: HashName, bytes: Uint8Array) => Uint8Array = digestOf,
): boolean {
  const expected = unlessRefused(() => parseDigest(digest))
  if (expected === undefined) return false
  const isIt = (part: Uint8Array): boolean => equalBytes(hash(expected.hash, part), expected.bytes)
  if (isIt(bytes)) return true
  const part = unlessRefused(() => signedPart(bytes))
  return part !== undefined && isIt(part)
}
