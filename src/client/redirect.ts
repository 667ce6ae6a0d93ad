// Redirects of a log, a witness or a monitor, which are not followed: one would let the other side send its client to
// any address. What is said of them names the new address, for a person to decide.
import { shown, Trouble } from "../core/base/errors.ts"

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Browsers hide everything about a redirect that they were told not to follow. */
function isRedirect({ status, type }: Pick<Response, "status" | "type">): boolean {
  return type === "opaqueredirect" || REDIRECTS.includes(status)
}

/** Where a redirect of the URL `from` leads; undefined where that is not said, or is no http(s) URL. */
function targetOf({ headers }: Response, from: string): URL | undefined {
  const location = headers.get("location")
  if (location === null || !URL.canParse(location, from)) return undefined
  const target = new URL(location, from)
  return target.protocol === "http:" || target.protocol === "https:" ? target : undefined
}

/**
 * Throws trouble ("network") for a redirect of `base + path`, naming the base URL that it leads to if the path is the
 * same there. `peer` answers, in messages.
 */
export async function assertNoRedirect(
  response: Response,
  base: string,
  path: string,
  peer: string,
): Promise<void> {
  if (!isRedirect(response)) return
  await response.body?.cancel()
  const target = targetOf(response, base + path)?.href
  const isMoved = path !== "" && target?.endsWith(`/${path}`) === true
  const place = isMoved ? target.slice(0, -path.length) : target
  const where = place === undefined ? "another address" : shown(place)
  const advice = `if you trust that address, give it in place of ${base}`
  const what = `the ${peer} redirects ${base}${path} to ${where}`
  throw new Trouble("network", `${what}, which is not followed: ${advice}`)
}

/** As {@link assertNoRedirect} for an address that may be secret: of both only the host is told. */
export async function assertNoSecretRedirect(
  response: Response,
  url: string,
  who: string,
): Promise<void> {
  if (!isRedirect(response)) return
  await response.body?.cancel()
  const where = targetOf(response, url)?.origin ?? "another address"
  const what = `${who} redirects to ${where}, which is not followed`
  throw new Trouble("network", `${what}: write the address that it leads to, if you trust that`)
}
