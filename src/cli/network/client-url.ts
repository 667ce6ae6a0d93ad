// The address that a log gives its clients, in its trusted root and its signing config. It comes from the operator or
// from where the log listens, and never from a request: `Host` is the word of whoever asks.
import type { Logger } from "pino"

const LOCAL = /^(?:localhost|.+\.localhost|127(?:\.[0-9]+){3}|\[::1\])$/

/**
 * Where clients reach a log without a public URL. One that is named after a host is reached there: behind whatever
 * terminates TLS for it, or, if it speaks TLS itself to more than this machine, on the port that it listens on. One that
 * is named `localhost`, or that is there for development, is reached on that port. `listening` is that place, as a URL;
 * of a Unix socket (`unix:/PATH`) clients know nothing.
 */
export function clientUrl(origin: string, listening: string, isDevelopment: boolean): string {
  const { protocol, port, hostname } = new URL(listening.replace(/%[^\]]*/, ""))
  const isTls = protocol === "https:"
  const shownPort = port || (isTls ? 443 : 80)
  const scheme = isTls ? "https" : "http"
  if (LOCAL.test(origin)) return `${scheme}://${origin}:${shownPort}`
  if (isDevelopment) return `${scheme}://localhost:${shownPort}`
  const isReached = isTls && port !== "" && !LOCAL.test(hostname)
  return `https://${origin}${isReached ? `:${port}` : ""}`
}

/** Sigstore's clients take the host of the address for the log's name: it is told where these are not the same. */
export function remarkOrigin(url: string, origin: string, logger: Pick<Logger, "warn">): void {
  const { hostname } = new URL(url)
  if (hostname === origin) return
  logger.warn(
    { origin, url },
    "the origin is not the host of the URL that clients are given; Sigstore clients will look for checkpoints of that host",
  )
}
