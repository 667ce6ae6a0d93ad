// The file of `--access`: what anyone may do, which OpenID Connect tokens and which client certificates name which
// writer. YAML; every member is known, every rule names somebody, and every pattern is one of the watch file's.
import { dirname, resolve } from "node:path"
import type { JWTVerifyGetKey } from "jose"
import { parse } from "yaml"
import { everyScope, parseScopes, type Scope } from "../../core/access/scope.ts"
import { parseTokenName } from "../../core/access/stored-token.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import {
  asInteger,
  asList,
  asMessage,
  asObject,
  asText,
  isAbsent,
  optional,
} from "../../core/base/json-value.ts"
import { present } from "../../core/base/present.ts"
import type { CertificateRule } from "../../http/access/certificate-writer.ts"
import type { ClaimRule, Issuer } from "../../http/access/identity-token.ts"
import type { Writer } from "../../http/access/writer.ts"
import { parsePattern } from "../../monitor/watch/pattern.ts"

/** Where an issuer's keys are: a URL, or the path of a file. */
type KeysAt = (
  place: { readonly url: string } | { readonly file: string },
) => Promise<JWTVerifyGetKey>

export interface ReadAccess {
  readonly anonymous?: ReadonlySet<Scope>
  readonly issuers: readonly Issuer[]
  readonly certificates: readonly CertificateRule[]
}

/** Signatures only, and none that is made with a key that others verify with. */
const algorithms: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
]
const DEFAULT_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
const MOST_RULES = 200
const MOST_ALLOWED = 1_000
const FINGERPRINT = /^sha256:[0-9a-f]{64}$/
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/

interface Surroundings {
  readonly file: string
  /** The audience of tokens that no rule says otherwise of. */
  readonly origin: string | undefined
  readonly keysAt: KeysAt
  /** Whether certificates in entries are verified, so that identities in them mean something. */
  readonly hasAuthorities: boolean
}

function asTexts(value: unknown, what: string): readonly string[] {
  if (typeof value === "string") return [value]
  return asList(value, what, MOST_ALLOWED).map((each, i) => asText(each, `${what}[${i}]`))
}

function readAllowed(
  members: { readonly [Name in "allow-keys" | "allow-identities"]?: unknown },
  what: string,
  hasAuthorities: boolean,
) {
  const keys = optional(members["allow-keys"], (list) => asTexts(list, `${what}.allow-keys`))
  const names = optional(members["allow-identities"], (list) =>
    asTexts(list, `${what}.allow-identities`),
  )
  const wrong = keys?.find((key) => !FINGERPRINT.test(key))
  if (wrong !== undefined)
    refuse("malformed", `${what}.allow-keys: expected sha256:HEX, found ${shown(wrong)}`)
  if (names !== undefined && !hasAuthorities) {
    refuse(
      "malformed",
      `${what}.allow-identities: expected --certificate-authorities beside it: without, anyone can make a certificate of any identity`,
    )
  }
  if (keys === undefined && names === undefined) return undefined
  const identities = names && new Set(names.map((name) => name.toLowerCase()))
  return present({ keys: keys && new Set(keys), identities })
}

const writerMembers = ["name", "scopes", "per-minute", "allow-keys", "allow-identities"] as const

function readWriter(
  members: { readonly [Name in (typeof writerMembers)[number]]?: unknown },
  kind: "oidc" | "certificate",
  what: string,
  hasAuthorities: boolean,
): Writer {
  const perMinute = optional(members["per-minute"], (count) =>
    asInteger(count, `${what}.per-minute`),
  )
  if (perMinute === 0) refuse("malformed", `${what}.per-minute: expected a number above 0, found 0`)
  const scopes = parseScopes(asTexts(members.scopes, `${what}.scopes`), `${what}.scopes`)
  return {
    id: `${kind}:${parseTokenName(asText(members.name, `${what}.name`))}`,
    scopes,
    ...present({ perMinute, allow: readAllowed(members, what, hasAuthorities) }),
  }
}

function readPattern(value: unknown, what: string): (text: string) => boolean {
  const patterns = asTexts(value, what).map(parsePattern)
  if (patterns.length === 0) refuse("malformed", `${what}: expected a pattern, found none`)
  return (text) => patterns.some((pattern) => pattern.matches(text))
}

/** Claims that are objects are written as mappings. */
function readMatch(
  value: unknown,
  what: string,
  path: readonly string[] = [],
): readonly ClaimRule[] {
  const rules = Object.entries(asObject(value, what)).flatMap(([name, wanted]) => {
    const place = [...path, name]
    const isNested = typeof wanted === "object" && wanted !== null && !Array.isArray(wanted)
    if (isNested) return readMatch(wanted, `${what}.${name}`, place)
    const text = typeof wanted === "boolean" || typeof wanted === "number" ? String(wanted) : wanted
    return [{ path: place, fits: readPattern(text, `${what}.${name}`) }]
  })
  if (rules.length > 0) return rules
  return refuse(
    "malformed",
    `${what}: expected a claim that tells one writer from all others of the issuer, found none`,
  )
}

function readAlgorithms(value: unknown, what: string): readonly string[] {
  if (isAbsent(value)) return DEFAULT_ALGORITHMS
  const names = asTexts(value, what)
  const wrong = names.find((name) => !algorithms.includes(name))
  if (names.length > 0 && wrong === undefined) return names
  return refuse(
    "malformed",
    `${what}: expected algorithms of ${algorithms.join(", ")}, found ${shown(wrong ?? "none")}`,
  )
}

/** Refuses `malformed` for plain HTTP, but on this machine: whoever is on the way could put in keys of their own. */
function placeOf(text: string, what: string, file: string) {
  if (!/^\w+:\/\//.test(text)) return { file: resolve(dirname(file), text) }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname))
  if (url !== undefined && isSafe && url.username + url.password === "") return { url: url.href }
  return refuse(
    "malformed",
    `${what}: expected https://… or the path of a file, found ${shown(text)}`,
  )
}

const issuerMembers = [
  "issuer",
  "audience",
  "jwks",
  "algorithms",
  "match",
  ...writerMembers,
] as const

async function readIssuer(
  value: unknown,
  what: string,
  known: readonly Issuer[],
  around: Surroundings,
): Promise<Issuer> {
  const members = asMessage(value, what, issuerMembers)
  const issuer = asText(members.issuer, `${what}.issuer`)
  const written = optional(members.audience, (text) => asText(text, `${what}.audience`))
  const audience =
    written ??
    around.origin ??
    refuse("malformed", `${what}.audience: expected a text, found nothing`)
  const signedBy = readAlgorithms(members.algorithms, `${what}.algorithms`)
  const place = placeOf(asText(members.jwks, `${what}.jwks`), `${what}.jwks`, around.file)
  const rule = {
    match: readMatch(members.match, `${what}.match`),
    writer: readWriter(members, "oidc", what, around.hasAuthorities),
  }
  const before = known.find((each) => each.issuer === issuer)
  if (before === undefined) {
    return {
      issuer,
      audience,
      algorithms: signedBy,
      keys: await around.keysAt(place),
      rules: [rule],
    }
  }
  if (before.audience !== audience || String(before.algorithms) !== String(signedBy)) {
    refuse(
      "malformed",
      `${what}: expected the audience and the algorithms that the other rules of ${shown(issuer)} have, found others`,
    )
  }
  return { ...before, rules: [...before.rules, rule] }
}

const certificateMembers = ["subject-alternative-name", ...writerMembers] as const

function readCertificate(value: unknown, what: string, hasAuthorities: boolean): CertificateRule {
  const members = asMessage(value, what, certificateMembers)
  const name = "subject-alternative-name"
  const fits = readPattern(members[name], `${what}.${name}`)
  return { fits, writer: readWriter(members, "certificate", what, hasAuthorities) }
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    const [reason] = String(cause).split(":\n", 1)
    return refuse("malformed", `${file}: expected YAML, found a ${reason}`, { cause })
  }
}

/** What posts lines that make entries expected is never anyone's: a thief would begin with that. */
export function assertAnonymous(scopes: ReadonlySet<Scope>, what: string): ReadonlySet<Scope> {
  if (!scopes.has("ledger")) return scopes
  const others = everyScope.filter((scope) => scope !== "ledger").join(", ")
  return refuse(
    "malformed",
    `${what}: expected scopes of ${others}, found ledger: who posts to a ledger must be known`,
  )
}

/** Reads the text of the file; refuses `malformed`, and what `keysAt` refuses. */
export async function readAccess(text: string, around: Surroundings): Promise<ReadAccess> {
  const { file, hasAuthorities } = around
  const all = asMessage(parseYaml(text, file) ?? {}, file, ["anonymous", "oidc", "certificates"])
  const anonymous = optional(all.anonymous, (list) =>
    assertAnonymous(
      parseScopes(asTexts(list, `${file}: anonymous`), `${file}: anonymous`),
      `${file}: anonymous`,
    ),
  )
  const issuers = new Map<string, Issuer>()
  for (const [i, rule] of asList(all.oidc ?? [], `${file}: oidc`, MOST_RULES).entries()) {
    const issuer = await readIssuer(rule, `${file}: oidc[${i}]`, [...issuers.values()], around)
    issuers.set(issuer.issuer, issuer)
  }
  const rules = asList(all.certificates ?? [], `${file}: certificates`, MOST_RULES)
  const certificates = rules.map((rule, i) =>
    readCertificate(rule, `${file}: certificates[${i}]`, hasAuthorities),
  )
  return { ...present({ anonymous }), issuers: [...issuers.values()], certificates }
}
