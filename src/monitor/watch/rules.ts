// What single lines of a watch file say: who may sign, which key is revoked, what was shipped. Each function
// takes the words behind its keyword and refuses `malformed` for anything else.
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { type Pattern, parsePattern } from "./pattern.ts"

/** Who may sign: a key by its fingerprint, or whom an issuer vouches for. */
export type SignerRule =
  | { readonly form: "key"; readonly key: string }
  | { readonly form: "oidc"; readonly issuer: string; readonly identity: Pattern }

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
  const [issuer, identity] = splitWord(rest)
  if (form !== "oidc" || identity === "") {
    return expected("key sha256:HEX or oidc ISSUER PATTERN", text)
  }
  return { form, issuer, identity: parsePattern(identity) }
}

/** `sha256:HEX at INDEX [in ORIGIN]`. */
export function readRevoked(text: string): RevokedKey {
  const [key = "", at, index = "", inWord, origin, ...others] = wordsOf(text)
  const isWhole = others.length === 0 && (inWord === undefined) === (origin === undefined)
  if (at !== "at" || !isWhole || (inWord ?? "in") !== "in") {
    return expected("revoked sha256:HEX at INDEX [in ORIGIN]", text)
  }
  const revoked = { key: fingerprint(key), index: parseDecimal(index, "index") }
  return origin === undefined ? revoked : { ...revoked, origin }
}

/** `FILE [within HOURS] [in ORIGIN]`. */
export function readShipment(text: string): Omit<Shipment, "digests"> {
  const [file = "", ...words] = wordsOf(text)
  let hours = DEFAULT_HOURS
  if (words[0] === "within") {
    hours = parseDecimal(words[1] ?? "", "hours")
    words.splice(0, 2)
  }
  const [inWord, origin, ...others] = words
  const isWhole = others.length === 0 && (inWord === undefined) === (origin === undefined)
  if (!isWhole || (inWord ?? "in") !== "in" || hours < 1 || hours > MOST_HOURS) {
    return expected(`shipped FILE [within HOURS (1 to ${MOST_HOURS})] [in ORIGIN]`, text)
  }
  return { file, hours, ...present({ origin }) }
}
