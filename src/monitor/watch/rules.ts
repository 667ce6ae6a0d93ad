// What single lines of a watch file say: who may sign, which key is revoked, what was shipped. Each function
// takes the words behind its keyword and refuses `malformed` for anything else. And the lists that a watch file
// names: digests of what was released, and the ledger of what a pipeline signed. One a line; blank lines and comments
// (#) are skipped. What sha256sum writes is a list of digests, too.
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_WATCH_LIST } from "../../core/base/limits.ts"
import { parseDecimal, parseHex } from "../../core/base/text.ts"
import { digestLength, type HashName } from "../../entry/algorithm.ts"
import { parseDigest } from "../../entry/signature.ts"
import { type IdentityRule, readIdentityRule } from "./identity.ts"

/** Who may sign: a key by its fingerprint, or whom an issuer vouches for. */
export type SignerRule = { readonly form: "key"; readonly key: string } | IdentityRule

/** From the entry after `index` on, nothing by this key is expected. */
export interface RevokedKey {
  readonly key: string
  readonly index: number
  /** The log that the index is of; every followed log if it is not there. */
  readonly origin?: string
}

/** Digests that must be in the log in time. */
export interface Shipment {
  readonly file: string
  readonly digests: ReadonlySet<string>
  readonly hours: number
  /** The log that is meant; every followed log if it is not there. */
  readonly origin?: string
}

const DEFAULT_HOURS = 24
const MOST_HOURS = 24 * 366
const FINGERPRINT = /^sha256:[0-9a-f]{64}$/

export function expected(what: string, found: string): never {
  return refuse("malformed", `expected ${what}, found ${shown(found)}`)
}

/** The first word and what stands behind it. */
export function splitWord(text: string): readonly [word: string, rest: string] {
  const end = text.indexOf(" ")
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end + 1).trimStart()]
}

function wordsOf(text: string): readonly string[] {
  return text.split(/ +/).filter((word) => word !== "")
}

export function oneWord(text: string, what: string): string {
  return text === "" || text.includes(" ") ? expected(what, text) : text
}

function fingerprint(text: string): string {
  return FINGERPRINT.test(text) ? text : expected('"sha256:" and 64 hex digits', text)
}

export function readRule(text: string): SignerRule {
  const [form, rest] = splitWord(text)
  if (form === "key") return { form, key: fingerprint(rest) }
  return form === "oidc"
    ? readIdentityRule(rest)
    : expected("key sha256:HEX or oidc ISSUER PATTERN", text)
}

/** `[in ORIGIN]`; undefined for anything else. */
function readOrigin(words: readonly string[]): { readonly origin?: string } | undefined {
  const [inWord, origin, ...others] = words
  if (words.length === 0) return {}
  return inWord === "in" && origin !== undefined && others.length === 0 ? { origin } : undefined
}

/** `sha256:HEX at INDEX [in ORIGIN]`. */
export function readRevoked(text: string): RevokedKey {
  const [key = "", at, index = "", ...rest] = wordsOf(text)
  const where = readOrigin(rest)
  if (at !== "at" || where === undefined) {
    return expected("revoked sha256:HEX at INDEX [in ORIGIN]", text)
  }
  return { key: fingerprint(key), index: parseDecimal(index, "index"), ...where }
}

/** `FILE [within HOURS] [in ORIGIN]`. */
export function readShipment(text: string): Omit<Shipment, "digests"> {
  const [file = "", ...words] = wordsOf(text)
  const isTimed = words[0] === "within"
  const hours = isTimed ? parseDecimal(words[1] ?? "", "hours") : DEFAULT_HOURS
  const where = readOrigin(isTimed ? words.slice(2) : words)
  if (where === undefined || hours < 1 || hours > MOST_HOURS) {
    return expected(`shipped FILE [within HOURS (1 to ${MOST_HOURS})] [in ORIGIN]`, text)
  }
  return { file, hours, ...where }
}

const MOST_LINES = 1_000_000
const LONGEST_LINE = 65_536

const hashOfDigits: ReadonlyMap<number, HashName> = new Map([
  [2 * digestLength.sha256, "sha256"],
  [2 * digestLength.sha384, "sha384"],
  [2 * digestLength.sha512, "sha512"],
])

/** What `read` gives for each line that says something, told the line's place. */
function readLines(text: string, what: string, read: (line: string, place: string) => string) {
  if (text.length > LONGEST_WATCH_LIST) refuse("too-large", `${what}: expected up to 128 MiB`)
  const lines = text.split("\n")
  if (lines.length > MOST_LINES + 1) {
    refuse("too-large", `${what}: expected up to ${MOST_LINES} lines, found ${lines.length}`)
  }
  const found = new Set<string>()
  lines.forEach((written, i) => {
    const line = written.trim()
    if (line !== "" && !line.startsWith("#")) found.add(read(line, `${what}, line ${i + 1}`))
  })
  return found
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
  return readLines(text, what, readDigest)
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

function readLedgerObject(line: string, place: string): string {
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
  return hash ?? hexOf(text ?? "")
}

/**
 * The hex of the leaf hashes and digests of a ledger: JSON objects with a `leafHash` (as `countersign submit
 * --json` prints them) or a `digest`, or plain digests. Refuses `malformed` or `too-large`, naming the line.
 */
export function readLedger(text: string, what: string): ReadonlySet<string> {
  return readLines(text, what, (line, place) =>
    line.startsWith("{") ? readLedgerObject(line, place) : hexOf(readDigest(line, place)),
  )
}
