// How a registry is shown who asks: Basic (RFC 7617), or a Bearer token (RFC 6750) from the token service that the
// registry names, as Docker's token specification has it. Credentials go to the registry itself and to token services on
// its own host or on hosts that the operator named, never anywhere else.
import { utf8 } from "../../core/base/bytes.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent, parseJson } from "../../core/base/json-value.ts"
import { formatBase64 } from "../../core/base/text.ts"
import type { Credentials } from "./credentials.ts"

/** One challenge of WWW-Authenticate. */
interface Challenge {
  /** In lower case. */
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const LONGEST_CHALLENGE = 4_096
export const LONGEST_TOKEN_ANSWER = 65_536
const PARAMETER = /^\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/
const SCHEME = /^\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+|\s*$|\s*,)/

/** Every challenge in the text of WWW-Authenticate; what cannot be read ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  let rest = header.slice(0, LONGEST_CHALLENGE)
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  while (rest.trim() !== "") {
    const parameter = challenges.length > 0 ? PARAMETER.exec(rest) : null
    if (parameter !== null) {
      const [whole, name = "", quoted, bare = ""] = parameter
      const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? bare
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value)
      rest = rest.slice(whole.length)
      continue
    }
    const scheme = SCHEME.exec(rest)
    if (scheme === null) break
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() })
    rest = rest.slice(scheme[0].length)
  }
  return challenges
}

export function basicHeader({
  user,
  password,
}: Credentials & { readonly form: "password" }): string {
  return `Basic ${formatBase64(utf8(`${user}:${password}`))}`
}

interface TokenQuestion {
  readonly url: URL
  readonly method: "GET" | "POST"
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Whether a token service may be asked: on the registry's own host, or on one that the operator named. */
type IsTokenHost = (url: URL) => boolean

/**
 * What to ask the token service of a challenge for `scope`. Refuses `not-allowed` for a service on a host that nobody
 * named, and `malformed` for one that is no address.
 */
export function tokenQuestion(
  { parameters }: Challenge,
  scope: string,
  credentials: Credentials | undefined,
  isTokenHost: IsTokenHost,
): TokenQuestion {
  const realm = parameters.get("realm") ?? ""
  if (!URL.canParse(realm)) {
    refuse("malformed", `the registry's token service: expected an address, found ${shown(realm)}`)
  }
  const url = new URL(realm)
  if (!isTokenHost(url)) {
    refuse(
      "not-allowed",
      `the registry sends its clients to the token service ${shown(url.host)}, which is not asked ` +
        `unless it is named with --token-host`,
    )
  }
  const service = parameters.get("service")
  if (credentials?.form === "refresh-token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "countersign",
      scope,
    })
    form.set("refresh_token", credentials.token)
    if (service !== undefined) form.set("service", service)
    const headers = { "content-type": "application/x-www-form-urlencoded" }
    return { url, method: "POST", headers, body: form.toString() }
  }
  if (service !== undefined) url.searchParams.set("service", service)
  url.searchParams.set("scope", scope)
  const headers = credentials === undefined ? {} : { authorization: basicHeader(credentials) }
  return { url, method: "GET", headers }
}

/** The token in the answer of a token service. Refuses `malformed`. */
export function readToken(text: string): string {
  const what = "the token service's answer"
  const { token, access_token: other } = asObject(parseJson(text, what, LONGEST_TOKEN_ANSWER), what)
  const found = asText(isAbsent(token) ? other : token, `${what}: token`)
  // SPEC: RFC 6750, section 2.1; anything else would reach beyond the header.
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(found)) return found
  return refuse("malformed", `${what}: expected a bearer token, found other characters`)
}
