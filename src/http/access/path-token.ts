// A token in the path, `/w/TOKEN/…`, for clients that can be given a URL and nothing else. It is taken off before
// anything looks at the path, so that no route, no log line and no metric has it.
import type { IncomingMessage } from "node:http"
import { hadFinalSlash } from "../serving/request-target.ts"

const PREFIX = "/w/"
const SLASH = 47
const LETTER = 119
const TOKEN = Symbol("token in the path")

interface OfPath {
  [TOKEN]?: string
}

/** What stood in the place of the token, whatever it is; undefined for a path without. */
export function pathTokenOf(request: IncomingMessage): string | undefined {
  return (request as OfPath)[TOKEN]
}

function endOf(url: string): number {
  for (let at = PREFIX.length; at < url.length; at += 1) {
    const character = url.charAt(at)
    if (character === "/" || character === "?") return at
  }
  return url.length
}

/**
 * Takes `/w/TOKEN` off a request's target, in place. What follows is what it would be at the root: `/` if nothing does,
 * and one slash where the client joined a base URL with a final slash. Costs one look at a character for other paths.
 */
export function takePathToken(request: IncomingMessage): void {
  const { url = "" } = request
  if (url.charCodeAt(1) !== LETTER || !url.startsWith(PREFIX)) return
  const end = endOf(url)
  ;(request as OfPath)[TOKEN] = url.slice(PREFIX.length, end)
  const rest = url.slice(end)
  if (rest.charCodeAt(0) !== SLASH) request.url = `/${rest}`
  else request.url = rest.charCodeAt(1) === SLASH ? rest.slice(1) : rest
}

/**
 * Where the thing is that a request to `collection` has made, as `Location` says it: `places` and its name, or, for a
 * request with a token in its path, a reference relative to that path, which then works without showing the token.
 * `collection` is the path of the request without the token.
 */
export function placeBelow(
  request: IncomingMessage,
  collection: string,
  places: string,
  name: string,
): string {
  if (pathTokenOf(request) === undefined) return places + name
  // SPEC: resolved against the target as it came, of which the last segment goes away (RFC 3986 section 5.2.3).
  return hadFinalSlash(request)
    ? name
    : `${collection.slice(collection.lastIndexOf("/") + 1)}/${name}`
}
