// What a command shows a log to say who it is: a token out of a file, an OpenID Connect token out of a file, or one that
// GitHub Actions gives a job for this log. It goes to the log's own URL and nowhere else: to no registry, no monitor and
// no address that a redirect names.
import { open } from "node:fs/promises"
import { parseBase } from "../../client/base-url.ts"
import type { Fetch } from "../../client/exchange.ts"
import { boundedBy, readBounded } from "../../client/exchange.ts"
import { assertToken, looksLikeToken } from "../../core/access/token.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { asObject, asText, parseJson } from "../../core/base/json-value.ts"
import { type Environment, variableOf } from "./environment.ts"

const LONGEST_CREDENTIAL = 8_192
const LONGEST_ANSWER = 65_536
const ASK_MS = 10_000
/** GitHub's last five minutes. */
const KEPT_MS = 240_000
const OTHERS = 0o077
const CREDENTIAL = /^[\x21-\x7e]{20,8192}$/
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.[0-9]+){3}|\[::1\])$/

/** Gives the credential, as often as it is asked. */
export type Credential = () => Promise<string>

/**
 * Reads a token that only its owner can read: the first line. Refuses `untrusted` for a file that others can read,
 * `malformed` for what is no token, and shows nothing of it; throws trouble ("disk").
 */
export async function readTokenOf(path: string): Promise<string> {
  const bytes = await readPrivate(path)
  const text = parseUtf8(bytes, path).split("\n", 1)[0]?.trim() ?? ""
  if (looksLikeToken(text)) assertToken(text, path)
  else if (!CREDENTIAL.test(text))
    refuse("malformed", `${path}: expected a token in its first line, found something else`)
  return text
}

async function readPrivate(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r")
    try {
      const found = await file.stat()
      // A pipe is its writer's and reader's alone.
      if (found.isFile() && (found.mode & OTHERS) !== 0) {
        refuse("untrusted", `${path} can be read by others; run: chmod 600 ${path}`)
      }
      if (found.size > LONGEST_ANSWER)
        refuse("too-large", `${path}: expected a token, found a large file`)
      const buffer = Buffer.alloc(LONGEST_CREDENTIAL + 2)
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error
    throw new Trouble("disk", `token file ${path}: ${error.message}`, { cause: error })
  }
}

interface Asking {
  readonly fetch: Fetch
  readonly environment: Environment
  /** The origin of the log that the token is for. */
  readonly audience: string
  /** Milliseconds from any moment. */
  readonly now: () => number
}

function safeUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname))
  return url !== undefined && isSafe
    ? url
    : refuse("malformed", `${what}: expected an https URL, found another`)
}

/** A token that GitHub signs for the job that runs, good for that audience alone. */
export function githubCredential({ fetch, environment, audience, now }: Asking): Credential {
  const place = variableOf(environment, ["ACTIONS_ID_TOKEN_REQUEST_URL"])
  const secret = variableOf(environment, ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
  if (place === undefined || secret === undefined) {
    refuse(
      "malformed",
      "--oidc github: expected to run in GitHub Actions with `permissions: id-token: write`, found no request URL and token in the environment",
    )
  }
  const url = safeUrl(place?.text ?? "", place?.name ?? "")
  url.searchParams.set("audience", audience)
  let kept: { readonly token: string; readonly at: number } | undefined

  async function ask(): Promise<string> {
    const response = await fetch(url.href, {
      ...{ redirect: "manual", signal: boundedBy(ASK_MS, undefined) },
      headers: { authorization: `Bearer ${secret?.text}`, accept: "application/json" },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Trouble(
        "network",
        `GitHub gives no OpenID Connect token: it answers ${response.status}`,
      )
    }
    const text = parseUtf8(
      await readBounded(response, LONGEST_ANSWER, "GitHub's answer"),
      "GitHub's answer",
    )
    const { value } = asObject(
      parseJson(text, "GitHub's answer", LONGEST_ANSWER),
      "GitHub's answer",
      ["value"],
    )
    const token = asText(value, "GitHub's answer: value")
    return CREDENTIAL.test(token)
      ? token
      : refuse("malformed", "GitHub's answer: expected a token, found something else")
  }

  return async () => {
    if (kept === undefined || now() - kept.at > KEPT_MS) kept = { token: await ask(), at: now() }
    return kept.token
  }
}

/** Whether a token would go to `url` in the clear, for all on the way to read. */
export function isInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(parseBase(url, "log URL"))
  return protocol === "http:" && !LOOPBACK.test(hostname)
}

/** Fetch that shows the credential at the base URL `log` and below it, and to nobody else. */
export function showingAt(log: string, credential: Credential, fetch: Fetch): Fetch {
  const base = new URL(parseBase(log, "log URL"))
  return async (input, init) => {
    const url = new URL(String(input))
    if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) {
      return await fetch(input, init)
    }
    const headers = new Headers(init?.headers)
    headers.set("authorization", `Bearer ${await credential()}`)
    return await fetch(input, { ...init, headers, redirect: "manual" })
  }
}
