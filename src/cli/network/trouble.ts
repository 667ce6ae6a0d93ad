// What is said when a connection does not come about: what was found, and what to do. Knows the errors of TLS and of
// proxies; what may pass by itself stays an error that is worth another attempt.
import { reasonOf } from "../../client/exchange.ts"
import { shown, Trouble } from "../../core/base/errors.ts"
import type { ProxyServer } from "./proxies.ts"

/** How a request went out. */
interface Way {
  readonly url: URL
  readonly proxy: ProxyServer | undefined
  /** The file of --ca-file. */
  readonly caFile: string | undefined
}

interface Fault {
  readonly code: string
  readonly reason: string
  /** The names in the certificate of a TLS server that has another one. */
  readonly names: string | undefined
}

/** What Node tells beside the message. */
interface Details {
  readonly code?: unknown
  readonly cert?: { readonly subjectaltname?: string }
}

/** Codes of OpenSSL for a chain that leads to no authority that is known. */
const UNKNOWN_AUTHORITY: readonly string[] = [
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]
const NO_TLS: readonly string[] = [
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
]
const REFUSED_BY_PROXY = /^Proxy (?:response|Authentication Required) \(([0-9]{3})\)/

const DEEPEST = 8

/** fetch hides what happened behind a cause, and a connection behind causes of its own. */
function faultOf(error: unknown): Fault | undefined {
  let last = error
  for (let depth = 0; depth < DEEPEST && last instanceof Error && last.cause; depth++) {
    last = last.cause
  }
  if (!(last instanceof Error)) return undefined
  const { code, cert } = last as Details
  return {
    code: typeof code === "string" ? code : "",
    reason: reasonOf(last),
    names: cert?.subjectaltname,
  }
}

/** Whether it may help to know more authorities. */
export function isOfUnknownAuthority(error: unknown): boolean {
  return UNKNOWN_AUTHORITY.includes(faultOf(error)?.code ?? "")
}

/** What is wrong with a TLS server and what to do; undefined for other faults. */
function ofTls({ code, reason, names }: Fault, { url, caFile }: Way): string | undefined {
  if (UNKNOWN_AUTHORITY.includes(code)) {
    const known =
      caFile === undefined
        ? "give the certificate of its authority (CA) as PEM with --ca-file FILE"
        : `${caFile} has no certificate of its authority (CA) either`
    return `its certificate is of no authority that is trusted here (${reason}): ${known}`
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is for other names (${shown(names ?? "none")}): write one of these in the URL, or have it certified for ${url.hostname}`
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return `its certificate is not valid now (${reason}): have it renewed, or set the clock of this machine right`
  }
  return NO_TLS.includes(code)
    ? "it does not speak TLS there: write http:// if it is meant so"
    : undefined
}

/** Trouble that asking again does not help with. */
function lasting({ url }: Way, what: string, cause?: unknown): Trouble {
  return new Trouble("network", `no answer from ${url.origin}: ${what}`, { cause })
}

/** What a proxy is told by that asks for other credentials. */
export function refusedByProxy(way: Way, { url, variable, authorization }: ProxyServer): Trouble {
  const found =
    authorization === undefined ? "asks for credentials" : "does not take the credentials"
  const form = "http://USER:PASSWORD@HOST:PORT"
  return lasting(way, `the proxy ${url} ${found}: give them in ${variable} as ${form}`)
}

function ofProxy(fault: Fault, way: Way, proxy: ProxyServer): Error {
  const { url } = proxy
  const status = Number(REFUSED_BY_PROXY.exec(fault.reason)?.[1] ?? 0)
  if (status === 407) return refusedByProxy(way, proxy)
  if (status === 0) return new Error(`by the proxy ${url} (${proxy.variable}): ${fault.reason}`)
  const what = `the proxy ${url} (${proxy.variable}) answers ${status} instead of leading there`
  return status >= 500
    ? new Error(what)
    : lasting(way, `${what}: name the host in NO_PROXY if it is reached without`)
}

/** What is to be thrown in place of what fetch threw; the same where there is nothing to add. */
export function explained(error: unknown, way: Way): unknown {
  const isAbort = error instanceof DOMException
  const fault = faultOf(error)
  if (isAbort || fault === undefined || error instanceof Trouble) return error
  const tls = ofTls(fault, way)
  if (tls !== undefined) return lasting(way, tls, error)
  if (way.proxy === undefined) return error
  const told = ofProxy(fault, way, way.proxy)
  return told instanceof Trouble ? told : new TypeError("fetch failed", { cause: told })
}
