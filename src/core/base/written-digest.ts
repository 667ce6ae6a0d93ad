// Digests as people write them: in any case, bare, behind the `@` of an image reference, with a hyphen in the name of the
// hash, or as npm and browsers do (Subresource Integrity: `sha256-` and base64). Gives the one form of Countersign.
import { parseAnyBase64 } from "./any-base64.ts"
import { digestLength, type HashName, hashNames } from "./digest.ts"
import { refuse, shown, unlessRefused } from "./errors.ts"
import { formatHex } from "./text.ts"

const WRITTEN = /^(?:(?:[^\s@]+@)?([a-z0-9_-]+):)?([0-9a-f]+)$/i
const INTEGRITY = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})$/i
const HYPHENED = /^sha-?(?:2-)?(256|384|512)$/

/** `sha-256`, `SHA256` and `sha2-256` are names of one hash. */
function hashNamed(name: string): HashName | undefined {
  const digits = HYPHENED.exec(name.toLowerCase())?.[1]
  return hashNames.find((each) => each === `sha${digits}`)
}

function integrity(text: string): string | undefined {
  const [, name = "", base64 = ""] = INTEGRITY.exec(text) ?? []
  const hash = hashNamed(name)
  const bytes = unlessRefused(() => parseAnyBase64(base64, "digest"))
  return hash !== undefined && bytes?.length === digestLength[hash]
    ? `${hash}:${formatHex(bytes)}`
    : undefined
}

/** `algorithm:hex` in lower case; undefined for what is no digest, or has not as many digits as its hash. */
export function writtenDigest(text: string): string | undefined {
  const [, name, hex = ""] = WRITTEN.exec(text) ?? []
  const hash =
    name === undefined
      ? hashNames.find((each) => hex.length === 2 * digestLength[each])
      : hashNamed(name)
  const algorithm = hash ?? name
  const isWhole = hash === undefined || hex.length === 2 * digestLength[hash]
  if (algorithm !== undefined && isWhole) return `${algorithm}:${hex.toLowerCase()}`
  return integrity(text)
}

const PLAIN = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/

/** As {@link writtenDigest}, most of them at a glance; refuses `malformed`, and says what to write. */
export function readDigest(text: string): string {
  if (PLAIN.test(text)) return text
  return (
    writtenDigest(text.trim()) ??
    refuse(
      "malformed",
      `digest: expected ALGORITHM:HEX such as sha256: and 64 hex digits, those digits alone, IMAGE@sha256:HEX or sha256-BASE64, found ${shown(text, 150)}`,
    )
  )
}
