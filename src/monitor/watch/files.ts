// The lists that a watch file names: digests of what was released, and the ledger of what a pipeline signed.
// One a line; blank lines and comments (#) are skipped. What sha256sum writes is a list of digests, too.
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_WATCH_LIST } from "../../core/base/limits.ts"
import { parseHex } from "../../core/base/text.ts"
import { digestLength, type HashName } from "../../entry/algorithm.ts"
import { parseDigest } from "../../entry/signature.ts"

const MOST_LINES = 1_000_000
const LONGEST_LINE = 65_536

const hashOfDigits: ReadonlyMap<number, HashName> = new Map([
  [2 * digestLength.sha256, "sha256"],
  [2 * digestLength.sha384, "sha384"],
  [2 * digestLength.sha512, "sha512"],
])

/** Calls `read` with each line that says something and the line's number. */
function eachLine(text: string, what: string, read: (line: string, number: number) => void): void {
  if (text.length > LONGEST_WATCH_LIST) refuse("too-large", `${what}: expected up to 128 MiB`)
  const lines = text.split("\n")
  if (lines.length > MOST_LINES + 1) {
    refuse("too-large", `${what}: expected up to ${MOST_LINES} lines, found ${lines.length}`)
  }
  lines.forEach((written, i) => {
    const line = written.trim()
    if (line !== "" && !line.startsWith("#")) read(line, i + 1)
  })
}

/** `ALGORITHM:HEX`, or bare hex whose length tells the algorithm, perhaps with a file's name behind it. */
function readDigest(line: string, place: string): string {
  const [first = ""] = line.split(/\s/, 1)
  if (first.includes(":")) {
    parseDigest(first)
    return first
  }
  const hash =
    hashOfDigits.get(first.length) ??
    refuse("malformed", `${place}: expected a SHA-2 digest, found ${shown(line)}`)
  parseHex(first, place)
  return `${hash}:${first}`
}

/** Digests as `algorithm:hex`. Refuses `malformed` or `too-large`, naming the line. */
export function readDigestList(text: string, what: string): ReadonlySet<string> {
  const digests = new Set<string>()
  eachLine(text, what, (line, number) => {
    digests.add(readDigest(line, `${what}, line ${number}`))
  })
  return digests
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1)
}

function readLeafHash(value: unknown, place: string): string {
  const hex = asText(value, `${place}: leafHash`)
  if (hex.length !== 64) refuse("malformed", `${place}: expected a leaf hash of 64 hex digits`)
  parseHex(hex, `${place}: leafHash`)
  return hex
}

function readLedgerObject(line: string, place: string): readonly string[] {
  const { leafHash, digest } = asObject(parseJson(line, place, LONGEST_LINE), place, [
    "leafHash",
    "digest",
  ])
  const hash = optional(leafHash, (value) => readLeafHash(value, place))
  const text = optional(digest, (value) => readDigest(asText(value, `${place}: digest`), place))
  if (hash === undefined && text === undefined) {
    refuse("malformed", `${place}: expected a leafHash or a digest, found neither`)
  }
  // The leaf hash says more, so beside it the digest alone does not make another entry expected.
  return [hash ?? hexOf(text ?? "")]
}

/**
 * The hex of the leaf hashes and digests of a ledger: JSON objects with a `leafHash` (as `countersign submit
 * --json` prints them) or a `digest`, or plain digests. Refuses `malformed` or `too-large`, naming the line.
 */
export function readLedger(text: string, what: string): ReadonlySet<string> {
  const known = new Set<string>()
  eachLine(text, what, (line, number) => {
    const place = `${what}, line ${number}`
    if (!line.startsWith("{")) known.add(hexOf(readDigest(line, place)))
    else for (const hex of readLedgerObject(line, place)) known.add(hex)
  })
  return known
}
