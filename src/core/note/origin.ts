// The names of logs. Two rules: an origin is any first line of a checkpoint that C2SP lets pass (tlog-checkpoint), as logs
// of others have them; a key name has neither blanks nor "+" (signed-note), and what is made here has that form, as its
// origin is the name of its keys as well.
import { utf8 } from "../base/bytes.ts"
import { refuse, shown } from "../base/errors.ts"

/** The mark of {@link Origin} in the type system; nothing of it exists at run time. */
export declare const originBrand: unique symbol
/** A log's origin: 1 to 255 bytes of UTF-8 without control characters. */
export type Origin = string & { readonly [originBrand]: true }

const LINE = /^[^\p{Cc}]+$/u
const NAME = /^[^\p{White_Space}\p{Cc}+]+$/u
/** SPEC: what a cosignature of type 6 can name (C2SP tlog-cosignature). */
const LONGEST_NAME = 255

function isName(text: string, form: RegExp): boolean {
  return form.test(text) && text.isWellFormed() && utf8(text).length <= LONGEST_NAME
}

/**
 * Takes a text for an origin, of a log that somebody else made: SPEC: a reader MUST NOT assume that it has no blanks or
 * `+` (C2SP tlog-checkpoint). Refuses `malformed`.
 *
 * @example
 * ```ts
 * import { parseOrigin } from "countersign/audit"
 *
 * console.log(parseOrigin("log.example.com")) // log.example.com
 * ```
 */
export function parseOrigin(text: string): Origin {
  if (isName(text, LINE)) return text as Origin
  return refuse(
    "malformed",
    `origin: expected 1 to ${LONGEST_NAME} bytes without control characters, found ${shown(text)}`,
  )
}

/** Takes a text for the name of a log or a witness of our own, which names its keys as well; refuses `malformed`. */
export function parseKeyName(text: string, what: string): Origin {
  if (isName(text, NAME)) return text as Origin
  return refuse(
    "malformed",
    `${what}: expected 1 to ${LONGEST_NAME} bytes without spaces, controls or "+", found ${shown(text)}`,
  )
}

/**
 * The origin as one word, for places where blanks separate: itself if it is a key name; else percent-encoded behind a
 * `+`, which no key name has, so that no two origins have one word.
 */
export function originWord(origin: string): string {
  return NAME.test(origin) ? origin : `+${encodeURIComponent(origin)}`
}

/** The way back from {@link originWord}. Refuses `malformed`. */
export function parseOriginWord(word: string): Origin {
  if (!word.startsWith("+")) return parseOrigin(word)
  try {
    return parseOrigin(decodeURIComponent(word.slice(1)))
  } catch (cause) {
    return refuse("malformed", `origin: expected one word, found ${shown(word)}`, { cause })
  }
}

const HOST_NAME = /^(?!-)[a-z0-9_-]+(?<!-)(?:\.(?!-)[a-z0-9_-]+(?<!-))*$/
const ADDRESS = /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*|\[.*\])$/i
const LONGEST_HOST_NAME = 253

/** A witness has no URL that is compared with its name, so it may name one of several at a host. */
const PATH = /^(?:\/[a-z0-9._~-]+)+$/

function isNewName(text: string, mayHavePath: boolean): boolean {
  const slash = mayHavePath ? text.indexOf("/") : -1
  const [host, path] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash)]
  const isHost = HOST_NAME.test(host) && host.length <= LONGEST_HOST_NAME && !ADDRESS.test(host)
  return isHost && (path === "" || PATH.test(path))
}

function adviceFor(text: string, owner: string): string {
  const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?([^/:?#]*?)\.?(?:[/:?#]|$)/.exec(
    text.trim().toLowerCase(),
  )?.[1]
  const isHost = host !== undefined && !ADDRESS.test(text) && isNewName(host, false)
  return isHost ? `write ${host}` : `write the ${owner}'s host name`
}

/**
 * The name of a log or a witness that is to be made and keeps it for ever. Unless it is forced it must be a host name
 * as clients compare it with the host of a URL: no scheme, port, path, upper case, blanks, dot at its end, and no IP
 * address, which changes hands. Refuses `malformed` and says what to write instead, or to add `force`.
 */
export function parseNewName(
  text: string,
  what: "origin" | "name",
  force: string | undefined,
): Origin {
  const mayHavePath = what === "name"
  if (force === undefined || isNewName(text, mayHavePath)) return parseKeyName(text, what)
  const path = mayHavePath ? "" : " path"
  const expected = `a host name in lower case without scheme, port,${path} and spaces`
  return refuse(
    "malformed",
    `${what}: expected ${expected}, found ${shown(text)}; ${adviceFor(text, mayHavePath ? "witness" : "log")}, or add ${force} if it ` +
      "shall have this name for ever",
  )
}
