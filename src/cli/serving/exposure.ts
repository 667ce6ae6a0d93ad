// What is said at the start of listeners that strangers may reach: HTTP without TLS, and metrics. Both are allowed,
// because a proxy or a network of containers may stand in front, and the server cannot see that.
import { BlockList, isIP } from "node:net"
import type { Logger } from "pino"

interface Exposed {
  /** As `listen` gives it. */
  readonly url: string
  readonly admin: string | undefined
  readonly publicUrl?: string
  /** Anything that says that a proxy stands in front. */
  readonly trustProxy?: unknown
}

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

/** Whether only this machine reaches it: a loopback address or a Unix socket. */
export function isLocalUrl(url: string): boolean {
  if (url.startsWith("unix:")) return true
  const { hostname } = new URL(url.replace(/%25[^\]]*/, ""))
  const host = hostname.replace(/^\[|\]$/g, "")
  const family = isIP(host)
  if (family === 0) return host === "localhost" || host.endsWith(".localhost")
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4")
}

export function remarkExposure(
  { url, admin, publicUrl, trustProxy }: Exposed,
  logger: Pick<Logger, "warn">,
): void {
  const isFronted = publicUrl?.startsWith("https:") === true || trustProxy !== undefined
  if (url.startsWith("http:") && !isLocalUrl(url) && !isFronted) {
    logger.warn(
      { url },
      "HTTP without TLS on an address that others reach: who is on the way reads and changes everything. Give " +
        "--tls-certificate and --tls-key, or put a proxy with TLS in front and say so with --public-url https://…",
    )
  }
  if (admin !== undefined && !isLocalUrl(admin)) {
    logger.warn(
      { admin },
      "the metrics are on an address that others reach, without TLS: let a firewall admit nobody but those who collect them",
    )
  }
}
