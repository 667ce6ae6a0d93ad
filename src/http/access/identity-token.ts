// OpenID Connect tokens as credentials: signed by a configured issuer for exactly this server, in force now, and with
// claims that a rule names. Signatures are verified by jose (RFC 7519, 7515, 8725); what was found good is remembered by
// its hash for minutes. Leaves out discovery and encrypted tokens.
import { hash } from "node:crypto"
import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose"
import { LRUCache } from "lru-cache"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import type { Writer } from "./writer.ts"

/** Whether a claim's value is one that a rule takes. */
export interface ClaimRule {
  /** The claim's name; below a claim that is an object, the names that lead there. */
  readonly path: readonly string[]
  fits(text: string): boolean
}

export interface IdentityRule {
  /** All of them must fit; at least one. */
  readonly match: readonly ClaimRule[]
  readonly writer: Writer
}

/** Whose tokens are taken, and whom they name: the first rule that fits. */
export interface Issuer {
  readonly issuer: string
  /** The only audience that a token may have. */
  readonly audience: string
  readonly algorithms: readonly string[]
  readonly keys: JWTVerifyGetKey
  readonly rules: readonly IdentityRule[]
}

const LONGEST_TOKEN = 8 * 1024
const LEEWAY_SECONDS = 30
/** A token that was made longer ago is refused, whatever it says of its end. */
const OLDEST_SECONDS = 86_400
const REMEMBERED_MS = 300_000
const MOST_REMEMBERED = 4_096
const MOST_UNDER_WAY = 64
const SIGNED = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

function unauthenticated(found: string): never {
  return refuse(
    "unauthenticated",
    `token: expected one that an issuer of this server signed for it, found ${found}`,
  )
}

/** What the token says before anything is verified: only to choose the rules that may hold. */
function claimsOf(token: string): JWTPayload {
  if (!SIGNED.test(token)) unauthenticated("something else")
  try {
    return decodeJwt(token)
  } catch {
    return unauthenticated("something else")
  }
}

/** Why jose does not take a token, without anything that stands in it but names of claims. */
function faultOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "one that has expired"
  if (error instanceof errors.JWTClaimValidationFailed)
    return `one with another ${shown(error.claim)}`
  if (error instanceof errors.JOSEAlgNotAllowed) return "one under an algorithm that is not allowed"
  if (error instanceof errors.JWKSNoMatchingKey)
    return "one under a key that its issuer does not have"
  return "one that cannot be verified"
}

function valueAt(claims: JWTPayload, path: readonly string[]): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((each) => typeof each === "string")
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number"
    ? [String(value)]
    : []
}

function fits({ match }: IdentityRule, claims: JWTPayload): boolean {
  return match.every((rule) => textsOf(valueAt(claims, rule.path)).some((text) => rule.fits(text)))
}

async function verify(token: string, issuer: Issuer, now: number): Promise<JWTPayload> {
  const { audience, algorithms, keys } = issuer
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer: issuer.issuer, audience, algorithms: [...algorithms] },
      ...{ clockTolerance: LEEWAY_SECONDS, maxTokenAge: OLDEST_SECONDS },
      ...{ currentDate: new Date(now), requiredClaims: ["exp", "iat"] },
    })
    // SPEC: jose takes a token that is for others as well; then each of those could send it here (RFC 8725 section 3.9).
    if (Array.isArray(payload.aud) && payload.aud.length > 1)
      unauthenticated("one for others as well")
    return payload
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof errors.JOSEError)) throw error
    return unauthenticated(faultOf(error))
  }
}

function writerIn({ rules }: Issuer, claims: JWTPayload): Writer {
  const found = rules.find((rule) => fits(rule, claims))
  if (found !== undefined) return found.writer
  const subject = shown(claims.sub ?? "")
  return refuse(
    "not-allowed",
    `the token is genuine, but no rule of this server fits its claims (sub ${subject})`,
  )
}

interface Remembered {
  readonly writer: Writer
  /** Unix milliseconds. */
  readonly until: number
}

/** `now` gives Unix milliseconds. Refuses `malformed` never: what cannot be read is `unauthenticated`. */
export function createIdentities(
  issuers: readonly Issuer[],
  now: () => number,
): (token: string) => Writer | Promise<Writer> {
  const remembered = new LRUCache<string, Remembered>({ max: MOST_REMEMBERED })
  let underWay = 0

  async function judge(token: string, key: string): Promise<Writer> {
    const { iss } = claimsOf(token)
    const issuer =
      issuers.find((each) => each.issuer === iss) ?? unauthenticated("one of another issuer")
    if (underWay >= MOST_UNDER_WAY)
      refuse("try-later", "too many tokens are being verified; try again in a second")
    underWay += 1
    try {
      const claims = await verify(token, issuer, now())
      const writer = writerIn(issuer, claims)
      const until = Math.min(now() + REMEMBERED_MS, 1000 * (claims.exp ?? 0))
      remembered.set(key, { writer, until })
      return writer
    } finally {
      underWay -= 1
    }
  }

  return (token) => {
    if (token.length > LONGEST_TOKEN) unauthenticated(`one above ${LONGEST_TOKEN} characters`)
    const key = hash("sha256", token, "base64url")
    const known = remembered.get(key)
    // A clock that went back makes what is remembered last no longer than this.
    const left = known === undefined ? 0 : known.until - now()
    return known !== undefined && left > 0 && left <= REMEMBERED_MS
      ? known.writer
      : judge(token, key)
  }
}
