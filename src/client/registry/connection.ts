// Bounded exchanges with one container registry over the Fetch port. It talks to the registry that the operator named
// and to nobody else: redirects are followed only on the registry's own host, or, without credentials, to hosts that
// the operator named. Nothing is read beyond the bound of its question, and everything ends within a time limit.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal, refuse, shown, Trouble } from "../../core/base/errors.ts"
import { parseBase } from "../base-url.ts"
import { boundedBy, type Fetch, readBounded, reasonOf } from "../exchange.ts"
import { assertNoSecretRedirect } from "../redirect.ts"
import { type Attempt, askedWait, askPatiently, type Patience, settle } from "../retrying.ts"
import {
  basicHeader,
  LONGEST_TOKEN_ANSWER,
  parseChallenges,
  readToken,
  tokenQuestion,
} from "./authorization.ts"
import type { Credentials } from "./credentials.ts"

export interface RegistryOptions {
  /** `http(s)://HOST[:PORT]`, without `/v2`. */
  readonly url: string
  readonly fetch: Fetch
  /** Sent to the registry, and to token services on its own host or on one of `tokenHosts`. */
  readonly credentials?: Credentials | undefined
  /** HOST[:PORT] of a token service that may be shown the credentials. */
  readonly tokenHosts?: readonly string[]
  /** HOST[:PORT] that a redirect may lead to; it is shown no credentials. */
  readonly redirectHosts?: readonly string[]
  /** How long one question may take, answer included, in milliseconds; 30 seconds by default. */
  readonly timeout?: number
  /** What is read is asked for again where that may help; by default nothing is. */
  readonly patience?: Patience | undefined
  /** Ends every exchange when it fires; its reason is thrown. */
  readonly signal?: AbortSignal | undefined
}

interface Question {
  readonly method?: "GET" | "HEAD" | "PUT" | "POST"
  /** Below `/v2/`, with its query; or a whole address that the registry gave, on its own host. */
  readonly path: string
  readonly accept?: string
  readonly body?: Uint8Array
  readonly contentType?: string
  /** The longest answer that is read, in bytes. */
  readonly longest: number
  /** What a token must be good for, such as `repository:acme/app:pull`. */
  readonly scope: string
}

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface Connection {
  /** The address that paths are below, with a final slash. */
  readonly base: string
  /** Gives 2xx and 404; any other answer is a `Refusal`, or `Trouble` ("network") if it may pass. */
  ask(question: Question): Promise<Reply>
}

const DEFAULT_TIMEOUT = 30_000
const MOST_REDIRECTS = 3
const LONGEST_ERROR = 65_536
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Refuses `not-allowed` for an address that a redirect must not lead to. */
function assertRedirect(from: URL, to: URL, hosts: readonly string[]): void {
  const isSafe = to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:")
  const isNamed = to.host === from.host || hosts.includes(to.host)
  if (isSafe && isNamed && to.username === "") return
  refuse(
    "not-allowed",
    `the registry redirects to ${shown(to.origin)}, which is not followed unless its host is named with --redirect-host`,
  )
}

function assertLength(response: Response, longest: number): void {
  const length = Number(response.headers.get("content-length") ?? 0)
  if (length <= longest) return
  refuse("too-large", `the registry's answer: expected up to ${longest} bytes, found ${length}`)
}

function explained(body: Uint8Array): string {
  try {
    return shown(parseUtf8(body, "error").trim(), 200)
  } catch {
    return "no reason given"
  }
}

/** What an answer that is neither 2xx nor 404 says. */
function errorOf(status: number, body: Uint8Array, place: string): Refusal | Trouble {
  const message = `the registry answers ${status} for ${place}: ${explained(body)}`
  if (status === 429 || status >= 500) return new Trouble("network", message)
  const code = status === 401 || status === 403 ? "not-allowed" : "malformed"
  return new Refusal(code, message)
}

/** Opens nothing yet. Refuses `malformed` for the URL. */
export function createConnection(options: RegistryOptions): Connection {
  const { fetch, credentials, tokenHosts = [], redirectHosts = [], signal } = options
  const { timeout = DEFAULT_TIMEOUT, patience } = options
  const base = `${parseBase(options.url, "registry URL")}v2/`
  const own = new URL(base)
  /** The Authorization header that a scope was last granted with. */
  const granted = new Map<string, string>()

  function isTokenHost(url: URL): boolean {
    if (url.host === own.host) return url.protocol === own.protocol || url.protocol === "https:"
    return url.protocol === "https:" && tokenHosts.includes(url.host)
  }

  async function askForToken(header: string, scope: string, limit: AbortSignal): Promise<string> {
    const challenges = parseChallenges(header)
    const bearer = challenges.find(({ scheme }) => scheme === "bearer")
    if (bearer !== undefined) {
      const { url, ...rest } = tokenQuestion(bearer, scope, credentials, isTokenHost)
      const response = await fetch(url.href, { ...rest, redirect: "manual", signal: limit })
      await assertNoSecretRedirect(response, url.href, "the token service")
      const body = await readBounded(response, LONGEST_TOKEN_ANSWER, "the token service's answer")
      if (!response.ok) throw errorOf(response.status, body, "a token")
      return `Bearer ${readToken(parseUtf8(body, "the token service's answer"))}`
    }
    const isBasic = challenges.some(({ scheme }) => scheme === "basic")
    if (isBasic && credentials?.form === "password") return basicHeader(credentials)
    const without =
      credentials === undefined ? "none were given (--registry-config)" : "others were given"
    return refuse("not-allowed", `the registry asks for credentials (${shown(header)}), ${without}`)
  }

  function send(url: URL, question: Question, limit: AbortSignal): Promise<Response> {
    const { method = "GET", accept, body, contentType, scope } = question
    const authorization = url.host === own.host ? granted.get(scope) : undefined
    return fetch(url.href, {
      method,
      redirect: "manual",
      signal: limit,
      headers: {
        // Lengths and digests are those of the bytes as they are stored.
        "accept-encoding": "identity",
        ...(accept !== undefined && { accept }),
        ...(authorization !== undefined && { authorization }),
        ...(contentType !== undefined && { "content-type": contentType }),
      },
      ...(body !== undefined && { body: new Uint8Array(body) }),
    })
  }

  async function follow(question: Question, limit: AbortSignal): Promise<Response> {
    let url = new URL(question.path, base)
    if (url.host !== own.host || url.protocol !== own.protocol) assertRedirect(own, url, [])
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const response = await send(url, question, limit)
      if (!REDIRECTS.includes(response.status)) return response
      await response.body?.cancel()
      const target = response.headers.get("location") ?? ""
      if (!URL.canParse(target, url.href))
        refuse("malformed", "the registry redirects to no address")
      const next = new URL(target, url)
      assertRedirect(url, next, redirectHosts)
      if (question.method === "PUT" || question.method === "POST") {
        refuse("not-allowed", `the registry redirects what is written to ${shown(next.origin)}`)
      }
      url = next
    }
    return refuse("malformed", `the registry redirects more than ${MOST_REDIRECTS} times`)
  }

  async function exchange(question: Question, limit: AbortSignal): Promise<Attempt<Reply>> {
    let response = await follow(question, limit)
    const challenge = response.headers.get("www-authenticate")
    if (response.status === 401 && challenge !== null) {
      await response.body?.cancel()
      granted.set(question.scope, await askForToken(challenge, question.scope, limit))
      response = await follow(question, limit)
    }
    const { ok, status, headers } = response
    const longest = ok ? question.longest : LONGEST_ERROR
    if (question.method !== "HEAD") assertLength(response, longest)
    const body = await readBounded(response, longest, "the registry's answer")
    if (ok || status === 404) return { value: { status, headers, body } }
    const error = errorOf(status, body, question.path)
    if (error instanceof Refusal) throw error
    const reason = `the registry answers ${status}`
    return { trouble: error, again: { reason, wait: askedWait(response) } }
  }

  async function attempt(question: Question, longest: number): Promise<Attempt<Reply>> {
    try {
      return await exchange(question, boundedBy(longest, signal))
    } catch (error) {
      if (error instanceof Refusal || error instanceof Trouble) throw error
      signal?.throwIfAborted()
      const place = new URL(question.path, base)
      const reason = `no answer from ${place.origin}${place.pathname}: ${reasonOf(error)}`
      return { trouble: new Trouble("network", reason, { cause: error }), again: { reason } }
    }
  }

  return {
    base,
    async ask(question) {
      const { method = "GET" } = question
      const isRepeatable = method === "GET" || method === "HEAD"
      const ask = (left: number) => attempt(question, Math.min(timeout, left))
      return patience === undefined || !isRepeatable
        ? settle(await ask(timeout))
        : await askPatiently(patience, ask, signal)
    },
  }
}
