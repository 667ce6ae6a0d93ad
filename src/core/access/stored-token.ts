// What is kept of a token, and the file of all tokens of a data directory as text: a line with a checksum of the rest,
// so that damage cannot bring a revoked token back, then a token a line. Secrets are not in it, only their SHA-256.

import { utf8 } from "../base/bytes.ts"
import { digestOf } from "../base/digest.ts"
import { refuse, shown } from "../base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../base/json-value.ts"
import { present } from "../base/present.ts"
import { formatHex } from "../base/text.ts"
import { parseScopes, type Scope } from "./scope.ts"

export interface StoredToken {
  readonly id: string
  /** Whom it was made for; a rotated token has the name of the one before. */
  readonly name: string
  /** SHA-256 of the token's text, in hex. */
  readonly sha256: string
  readonly scopes: ReadonlySet<Scope>
  /** Unix milliseconds, as all times here. */
  readonly created: number
  /** From when on it is refused; never if undefined. */
  readonly expires?: number
  readonly revoked?: number
  /** Points a minute; as an address has them if undefined. */
  readonly perMinute?: number
  /** Fingerprints of the keys whose entries it may add. */
  readonly keys?: readonly string[]
  /** Identities in certificates whose entries it may add. */
  readonly identities?: readonly string[]
}

const TITLE = "countersign tokens 1"
const HEADER = /^countersign tokens 1 sha256 ([0-9a-f]{64})$/
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._@/-]{0,63}$/
const ID = /^[0-9A-Za-z]{8}$/
const SHA256 = /^[0-9a-f]{64}$/
const LONGEST_LINE = 65_536
const MOST_TOKENS = 10_000
/** Bytes of a file of tokens. */
export const LONGEST_TOKEN_FILE = 16 * 1024 * 1024
const MOST_ALLOWED = 1_000
const LATEST = Date.UTC(9999, 0)

/** A name that fits into a line of any log; refuses `malformed`. */
export function parseTokenName(text: string): string {
  if (NAME.test(text)) return text
  return refuse(
    "malformed",
    `name: expected 1 to 64 letters, digits and . _ - @ /, found ${shown(text)}`,
  )
}

function asTime(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= LATEST) {
    return Number(value)
  }
  return refuse("malformed", `${what}: expected Unix milliseconds, found something else`)
}

function asCount(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value)
  return refuse("malformed", `${what}: expected a number above 0, found something else`)
}

function asTexts(value: unknown, what: string): readonly string[] {
  return asList(value, what, MOST_ALLOWED).map((each) => asText(each, what))
}

function asForm(value: unknown, form: RegExp, what: string): string {
  const text = asText(value, what)
  return form.test(text) ? text : refuse("malformed", `${what}: found another form`)
}

function parseLine(line: string, what: string): StoredToken {
  const token = asObject(parseJson(line, what, LONGEST_LINE), what)
  const { id, name, sha256, scopes, created } = token
  return {
    id: asForm(id, ID, `${what}.id`),
    name: parseTokenName(asText(name, `${what}.name`)),
    sha256: asForm(sha256, SHA256, `${what}.sha256`),
    scopes: parseScopes(asTexts(scopes, `${what}.scopes`), `${what}.scopes`),
    created: asTime(created, `${what}.created`),
    ...present({
      expires: optional(token["expires"], (time) => asTime(time, `${what}.expires`)),
      revoked: optional(token["revoked"], (time) => asTime(time, `${what}.revoked`)),
      perMinute: optional(token["perMinute"], (count) => asCount(count, `${what}.perMinute`)),
      keys: optional(token["keys"], (keys) => asTexts(keys, `${what}.keys`)),
      identities: optional(token["identities"], (names) => asTexts(names, `${what}.identities`)),
    }),
  }
}

function checksumOf(body: string): string {
  return formatHex(digestOf("sha256", utf8(body)))
}

export function formatTokens(tokens: readonly StoredToken[]): string {
  const lines = tokens.map(
    (token) => `${JSON.stringify({ ...token, scopes: [...token.scopes] })}\n`,
  )
  const body = lines.join("")
  return `${TITLE} sha256 ${checksumOf(body)}\n${body}`
}

/** Refuses `malformed` for anything that {@link formatTokens} did not give, `too-large` for too many. */
export function parseTokens(text: string): readonly StoredToken[] {
  const end = text.indexOf("\n")
  const [, sum] = HEADER.exec(text.slice(0, Math.max(end, 0))) ?? []
  const body = text.slice(end + 1)
  if (sum === undefined || sum !== checksumOf(body)) {
    refuse("malformed", "expected a file of tokens that is whole, found a damaged or another one")
  }
  const lines = body.split("\n").slice(0, -1)
  if (lines.length > MOST_TOKENS) {
    refuse("too-large", `expected up to ${MOST_TOKENS} tokens, found ${lines.length}`)
  }
  const tokens = lines.map((line, i) => parseLine(line, `token ${i + 1}`))
  if (new Set(tokens.map(({ id }) => id)).size < tokens.length) {
    refuse("malformed", "expected a token of each ID once, found one twice")
  }
  return tokens
}
