// The credential that a request carries, in one of three forms: `Authorization: Bearer`, `Authorization: Basic` with any
// user, or a token in the path. Looks at the form alone; what is in more than one form must be the same in all of them.
import type { IncomingMessage } from "node:http"
import { looksLikeToken } from "../../core/access/token.ts"
import { refuse } from "../../core/base/errors.ts"
import { pathTokenOf } from "./path-token.ts"

/** Of a header: an OpenID Connect token is up to 8 KiB, and in Basic a third longer. */
const LONGEST_HEADER = 12 * 1024
const LONGEST_CREDENTIAL = 8 * 1024

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i
const BASIC = /^Basic +([A-Za-z0-9+/]+=*)$/i

function malformed(): never {
  return refuse(
    "unauthenticated",
    'Authorization: expected "Bearer TOKEN" or "Basic" with a token as password, found another form',
  )
}

function passwordOf(base64: string): string {
  const text = Buffer.from(base64, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 0 ? malformed() : text.slice(colon + 1)
}

/** Node keeps the first of several headers and says nothing of the others. */
function assertOneHeader({ rawHeaders }: IncomingMessage): void {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === "authorization") count += 1
  }
  if (count > 1) refuse("unauthenticated", "Authorization: expected one header, found several")
}

function headerCredential(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers
  if (authorization === undefined) return undefined
  assertOneHeader(request)
  if (authorization.length > LONGEST_HEADER) malformed()
  const basic = BASIC.exec(authorization)?.[1]
  const text = basic === undefined ? BEARER.exec(authorization)?.[1] : passwordOf(basic)
  return text === undefined || text.length > LONGEST_CREDENTIAL ? malformed() : text
}

/**
 * The text of the credential; undefined if there is none. Refuses `unauthenticated` for another form, for several
 * headers, and for two credentials that are not the same.
 */
export function credentialOf(request: IncomingMessage): string | undefined {
  const fromPath = pathTokenOf(request)
  const fromHeader = headerCredential(request)
  if (fromPath === undefined) return fromHeader
  // What expires by itself has no place in a URL that is written down.
  if (!looksLikeToken(fromPath)) {
    refuse("unauthenticated", "path: expected /w/TOKEN/… with a token, found something else there")
  }
  if (fromHeader !== undefined && fromHeader !== fromPath) {
    refuse("unauthenticated", "expected one credential, found another one in the path")
  }
  return fromPath
}
