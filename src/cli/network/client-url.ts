// The address that a log gives its clients, in its trusted root and its signing config. It comes from the operator or
// from where the log listens, and never from a request: `Host` is the word of whoever asks.
import type { Logger } from "pino"

const LOCAL = /^(?:localhost|.+\.localhost|127(?:\.[0-9]+){3}|\[::1\])$/

/**
 * Where clients reach a log without a public URL. One that is named after a host is reached there, behind whatever
 * terminates TLS for it; one that is named `localhost`, or that is there for development, on the port that it listens
 * on. `listening` is that place, as a URL.
 */
export function clientUrl(origin: string, listening: string, isDevelopment: boolean): string {
  const { port } = new URL(listening.replace(/%[^\]]*/, ""))
  if (LOCAL.test(origin)) return `http://${origin}:${port || 80}`
  return isDevelopment ? `http://localhost:${port || 80}` : `https://${origin}`
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
