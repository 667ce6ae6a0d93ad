// Which proxy leads to a URL, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, written in capitals or not. What is said of a
// proxy never has its credentials. Leaves out ALL_PROXY, SOCKS and PAC files.
import { refuse } from "../../core/base/errors.ts"
import { type Environment, variableOf } from "./environment.ts"
import { isLoopback, parseNoProxy } from "./no-proxy.ts"

export interface ProxyServer {
  /** `http(s)://HOST[:PORT]`, without credentials. */
  readonly url: string
  /** The value of Proxy-Authorization. */
  readonly authorization?: string
  /** The variable that names it. */
  readonly variable: string
}

/** The proxy that leads to a URL, if one does; refuses `malformed` or `unsupported` for what its variable says. */
type ProxyOf = (url: URL) => ProxyServer | undefined

const FORM = "http://[USER:PASSWORD@]HOST:PORT"

function authorizationOf({ username, password }: URL, variable: string) {
  if (username + password === "") return {}
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` }
  } catch {
    return refuse(
      "malformed",
      `${variable}: expected valid percent-encoding in the credentials, found another`,
    )
  }
}

// The text is not shown where it cannot be read: it may have a password.
function parseProxy({ name, text }: { readonly name: string; readonly text: string }): ProxyServer {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || url.hostname === "") {
    return refuse("malformed", `${name}: expected ${FORM}, found something else`)
  }
  const { protocol, host } = url
  if (protocol !== "http:" && protocol !== "https:") {
    const kind = protocol.slice(0, -1)
    return refuse("unsupported", `${name}: expected ${FORM}, found a proxy of the kind ${kind}`)
  }
  return { url: `${protocol}//${host}`, variable: name, ...authorizationOf(url, name) }
}

/** Reads nothing of a variable until a URL needs it, so that one that is wrong stops nothing else. */
export function proxiesOf(environment: Environment): ProxyOf {
  const http = variableOf(environment, ["HTTP_PROXY", "http_proxy"])
  const https = variableOf(environment, ["HTTPS_PROXY", "https_proxy"])
  if (http === undefined && https === undefined) return () => undefined
  const isDirect = parseNoProxy(variableOf(environment, ["NO_PROXY", "no_proxy"])?.text ?? "")
  return (url) => {
    const variable = url.protocol === "https:" ? https : http
    if (variable === undefined || isLoopback(url) || isDirect(url)) return undefined
    return parseProxy(variable)
  }
}
