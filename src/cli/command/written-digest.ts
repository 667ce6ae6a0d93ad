// Digests as people write them on a command line.
import { digestLength, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"

const WRITTEN = /^(?:(?:[^\s@]+@)?([a-z0-9_-]+):)?([0-9a-f]+)$/i

/**
 * `algorithm:hex` in lower case, of a digest as people have it: in any case, the bare hex of a SHA-2 hash, or behind
 * the `@` of an image reference. Refuses `malformed`.
 */
export function readDigest(text: string): string {
  const [, name, hex = ""] = WRITTEN.exec(text) ?? []
  const hash =
    name === undefined
      ? hashNames.find((each) => hex.length === 2 * digestLength[each])
      : hashNames.find((each) => each === name.toLowerCase())
  const algorithm = hash ?? name
  const isWhole = hash === undefined || hex.length === 2 * digestLength[hash]
  if (algorithm !== undefined && isWhole) return `${algorithm}:${hex.toLowerCase()}`
  return refuse(
    "malformed",
    `digest: expected ALGORITHM:HEX such as sha256: and 64 hex digits, those digits alone, or IMAGE@sha256:HEX, found ${shown(text, 150)}`,
  )
}
