// Base URLs as people and policies write them: http(s), with or without a final slash, below any path. Says what is
// to be written where an IPv6 address has no brackets or has a zone, which a URL cannot have.
import { refuse, shown } from "../core/base/errors.ts"

const UNBRACKETED = /^(\w+:\/\/)?([0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)((?:%[\w.-]+)?)(\/.*)?$/
const ZONE = /\[[0-9a-fA-F:.]+%/

/** A port is what stands behind the last colon, as far as that can be told from an address without brackets. */
function bracketed(address: string): string {
  const [, host = "", port = ""] = /^(.*[^:]|::|.*::[^:]*):([0-9]{1,5})$/.exec(address) ?? []
  return host === "" ? `[${address}]` : `[${host}]:${port}`
}

/** What to write instead, to be put behind an error; empty if the fault is not one of an IPv6 address. */
export function bracketHint(text: string): string {
  const [, scheme = "", address, zone = "", path = ""] = UNBRACKETED.exec(text) ?? []
  if (address !== undefined) {
    const written = bracketed(address).replace("]", `${scheme === "" ? zone : ""}]`)
    return `: an IPv6 address is written in brackets, as in ${scheme}${written}${path}`
  }
  return ZONE.test(text)
    ? ": a URL cannot have the zone of an IPv6 address; give the address a name (in /etc/hosts, say) and write that"
    : ""
}

const EXPECTED = "http(s)://HOST[:PORT][/PATH]"

/** The URL with a final slash; refuses `malformed`, naming `what`, for anything but http(s). */
export function parseBase(url: string, what: string): string {
  const base = URL.canParse(url) ? new URL(url) : undefined
  const isHttp = base?.protocol === "http:" || base?.protocol === "https:"
  if (base === undefined || !isHttp) {
    return refuse(
      "malformed",
      `${what}: expected ${EXPECTED}, found ${shown(url)}${bracketHint(url)}`,
    )
  }
  if (base.username + base.password + base.search + base.hash !== "") {
    // What is not shown may be a password.
    return refuse(
      "malformed",
      `${what}: expected ${EXPECTED} without a user, a query or a fragment, found one at ${base.origin}`,
    )
  }
  return base.href.endsWith("/") ? base.href : `${base.href}/`
}
