// The form in which a request names what it asks for, before any router looks at it: origin form, one slash at
// the beginning, none at the end. Leaves percent-encoding, dots and slashes in the middle as they came.
import type { IncomingMessage } from "node:http"

const SLASH = 47

const slashed = new WeakSet<IncomingMessage>()

/** Without the final slash of its path. */
function withoutFinalSlash(request: IncomingMessage, url: string): string {
  const mark = url.indexOf("?")
  const end = mark < 0 ? url.length : mark
  if (end < 2 || url.charCodeAt(end - 1) !== SLASH) return url
  slashed.add(request)
  return url.slice(0, end - 1) + url.slice(end)
}

const authorities = new WeakMap<IncomingMessage, string>()

/** The server that a target in absolute form names, with its port; undefined for the usual form. */
export function targetAuthority(request: IncomingMessage): string | undefined {
  return authorities.get(request)
}

/** The target without scheme and authority, which are remembered. */
function withoutAuthority(request: IncomingMessage, url: string): string {
  const [whole = "", authority] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  if (authority !== undefined) authorities.set(request, authority)
  return url.slice(whole.length)
}

/** Whether the path came with a final slash: a page below it would look for its parts in another folder. */
export function hadFinalSlash(request: IncomingMessage): boolean {
  return slashed.has(request)
}

/**
 * Brings a request's target into the one form that routes are written in, in place: what a client joins to a base URL
 * with a final slash begins with two, and some clients end every path with one. Costs two looks at a character, and
 * nothing is copied of a target that has the form already.
 */
export function takePlainTarget(request: IncomingMessage): void {
  const { url = "" } = request
  // SPEC: a server MUST accept the absolute-form in requests (RFC 9112 section 3.2.2).
  const target = url.charCodeAt(0) === SLASH ? url : withoutAuthority(request, url)
  const plain = target.charCodeAt(1) === SLASH ? target.slice(1) : target
  request.url = withoutFinalSlash(request, plain)
}
