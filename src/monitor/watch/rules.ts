// What single lines of a watch file say: who may sign, which key is revoked, what was shipped, which image or commit
// is meant. Each function takes the words behind its keyword and refuses `malformed` for anything else.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
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

/** A list of digests that must be in the log in time. */
export interface ShippedList {
  readonly file: string
  readonly hours: number
  /** The log that is meant; every followed log if it is not there. */
  readonly origin?: string
}

/** An image in one repository or several. */
export interface ImageLine {
  /** `sha256:hex` */
  readonly digest: string
  readonly repositories: readonly string[]
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
export function readShipment(text: string): ShippedList {
  const [file = "", ...words] = wordsOf(text)
  const isTimed = words[0] === "within"
  const hours = isTimed ? parseDecimal(words[1] ?? "", "hours") : DEFAULT_HOURS
  const where = readOrigin(isTimed ? words.slice(2) : words)
  if (where === undefined || hours < 1 || hours > MOST_HOURS) {
    return expected(`shipped FILE [within HOURS (1 to ${MOST_HOURS})] [in ORIGIN]`, text)
  }
  return { file, hours, ...where }
}

/** Hours of a line such as `within HOURS`. */
export function readHours(text: string, what: string): number {
  const hours = parseDecimal(text, "hours")
  return hours < 1 || hours > MOST_HOURS ? expected(`${what} (1 to ${MOST_HOURS})`, text) : hours
}

const IMAGE = "image [REPOSITORY@]sha256:HEX [also REPOSITORY ...], without tags"

/** A port stands in front of a slash; behind the last one a colon begins a tag. */
function isRepository(text: string): boolean {
  return /^[^@]+$/.test(text) && !text.slice(text.lastIndexOf("/") + 1).includes(":")
}

/** `[REPOSITORY@]sha256:HEX [also REPOSITORY ...]`. */
export function readImage(text: string): ImageLine {
  const [reference = "", also, ...others] = wordsOf(text)
  const at = reference.lastIndexOf("@")
  const digest = reference.slice(at + 1)
  const repositories = at < 0 ? others : [reference.slice(0, at), ...others]
  const isWhole = also === undefined || (also === "also" && others.length > 0)
  if (!isWhole || !FINGERPRINT.test(digest) || !repositories.every(isRepository)) {
    return expected(IMAGE, text)
  }
  return { digest, repositories: [...new Set(repositories)] }
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** A commit's ID in full: 40 or 64 hex digits. */
export function readCommit(text: string): string {
  return COMMIT.test(text) ? text : expected("commit and its ID of 40 or 64 hex digits", text)
}
