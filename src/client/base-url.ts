// Base URLs as people and policies write them: http(s), with or without a final slash, below any path. Says what is
// to be written where an IPv6 address has no brackets or has a zone, which a URL cannot have.
import { refuse, shown } from "../core/base/errors.ts"

const UNBRACKETED =
  /^(?<scheme>\w+:\/\/)?(?<address>[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)(?<zone>%[\w.-]+)?(?<port>:[0-9]+)?(?<path>\/.*)?$/i
const ZONE = /^\w+:\/\/\[?[0-9a-f:.]+%/i
const ZONE_HINT =
  ": a URL cannot have the zone of an IPv6 address; give the address a name (in /etc/hosts, say) and write that"

/** A port is what stands behind the last colon, as far as that can be told of an address without brackets. */
function bracketed(address: string, zone: string, port: string): string {
  const [, host = "", last = ""] = /^(.*[^:]|::|.*::[^:]*)(:[0-9]{1,5})$/.exec(address) ?? []
  return zone + port !== "" || host === "" ? `[${address}${zone}]${port}` : `[${host}]${last}`
}

/** What to write instead, to be put behind an error; empty if the fault is not one of an IPv6 address. */
export function bracketHint(text: string): string {
  if (ZONE.test(text)) return ZONE_HINT
  const { groups } = UNBRACKETED.exec(text) ?? {}
  if (groups === undefined) return ""
  const { scheme = "", address = "", zone = "", port = "", path = "" } = groups
  const written = `${scheme}${bracketed(address, zone, port)}${path}`
  return `: an IPv6 address is written in brackets, as in ${written}`
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
