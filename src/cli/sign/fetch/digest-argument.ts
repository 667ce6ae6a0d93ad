// A digest as people have it at hand: `sha256:HEX`, the hex alone, in capitals, or behind the name of an image.
import { digestLength, hashNames } from "../../../core/base/digest.ts"
import { refuse, shown } from "../../../core/base/errors.ts"

const DIGEST = /^(?:[^@\s]+@)?(?:(sha256|sha384|sha512):)?([0-9a-f]+)$/i

/** Gives `algorithm:hex` in lower case. Refuses `malformed`. */
export function parseDigestArgument(text: string): string {
  const [, name, hex = ""] = DIGEST.exec(text.trim()) ?? []
  const hash = hashNames.find((each) => digestLength[each] * 2 === hex.length)
  if (hash !== undefined && (name === undefined || name.toLowerCase() === hash)) {
    return `${hash}:${hex.toLowerCase()}`
  }
  const expected = '"sha256:", "sha384:" or "sha512:" and all of its hex'
  return refuse("malformed", `digest: expected ${expected}, found ${shown(text, 150)}`)
}
