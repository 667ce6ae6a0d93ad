// Letting the servers of a process listen, wherever their operator wants them, until the process is told to stop.
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Server as TlsServer } from "node:tls"
import { isatty } from "node:tty"
import type { Logger } from "pino"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { createHostCheck } from "../../http/limits/host-gate.ts"
import { createAdminServer } from "../../http/serving/admin-server.ts"
import { drain } from "../../http/serving/connections.ts"
import type { HttpServer } from "../../http/serving/http-server.ts"
import type { MetricsText } from "../../http/serving/metrics-text.ts"
import type { Address } from "../command/options.ts"
import { activatedDescriptor } from "./activation.ts"
import { remarkExposure } from "./exposure.ts"
import { untilStopped } from "./process.ts"
import { listenAtPath } from "./socket-file.ts"
import type { ServedTls } from "./tls.ts"

/** Connections that wait to be taken; the system makes it less where its own limit is (net.core.somaxconn). */
const BACKLOG = 4_096
/** Modes of Unix sockets: a reverse proxy is in the group of the server; metrics are for the server's own user. */
const PUBLIC_MODE = 0o660
const ADMIN_MODE = 0o600
const ADMIN_DRAIN_MS = 1_000

function hostOf(host: string): string {
  // SPEC: a zone is written after %25 in a URL (RFC 6874).
  return host.includes(":") ? `[${host.replace("%", "%25")}]` : host
}

/** Where an address is reached, as far as that is known before a server listens. */
export function urlOf(address: Address, isTls: boolean): string {
  if ("path" in address) return `unix:${address.path}`
  const scheme = isTls ? "https" : "http"
  if ("activated" in address) return `${scheme}://localhost`
  return `${scheme}://${hostOf(address.host)}:${address.port}`
}

function listenOn(
  server: Server,
  where: { readonly host: string; readonly port: number } | { readonly fd: number },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(new Trouble("network", `cannot listen on ${name}: ${cause.message}`, { cause }))
    }
    server.once("error", fail)
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.removeListener("error", fail)
      resolve()
    })
  })
}

/** What the system says of the socket, for those that came without an address or with port 0. */
function boundAddress(server: Server, host?: string): Address {
  const bound: AddressInfo | string | null = server.address()
  // Node knows no path of a Unix socket that it has not opened itself.
  if (bound === null || typeof bound === "string") return { path: bound ?? "systemd" }
  return { host: host ?? bound.address, port: bound.port }
}

/**
 * Resolves with the URL once the server listens (`unix:/PATH` at a Unix socket). Refuses what cannot be listened at,
 * and throws trouble ("network").
 */
export async function listen(
  server: Server,
  address: Address,
  mode: number = PUBLIC_MODE,
): Promise<string> {
  const isTls = server instanceof TlsServer
  if ("path" in address) {
    await listenAtPath(server, { path: address.path, mode, backlog: BACKLOG })
    return urlOf(address, isTls)
  }
  if ("activated" in address) {
    const fd = activatedDescriptor(address.activated)
    await listenOn(server, { fd }, `descriptor ${fd} of systemd`)
    return urlOf(boundAddress(server), isTls)
  }
  const { host, port } = address
  await listenOn(server, { host, port }, `${hostOf(host)}:${port}`)
  return urlOf(boundAddress(server, host), isTls)
}

interface Serving {
  readonly http: HttpServer
  readonly metrics: MetricsText
  readonly logger: Logger
  /** Where it listens, where the metrics can be read, if anywhere, and what stands in front. */
  readonly options: {
    readonly listen: Address
    readonly adminListen?: Address
    readonly publicUrl?: string
    readonly trustProxy?: unknown
    /** Names under which the metrics may be asked for over loopback, beside those of this machine. */
    readonly allowHost?: readonly string[]
  }
  readonly tls?: ServedTls | undefined
  readonly onServing: (urls: { readonly url: string; readonly admin: string | undefined }) => void
  /** Before the requests that were begun are finished. */
  readonly onStopping?: () => void
}

/** Refuses `conflict` for one socket of systemd that is to be both: strangers would be given the metrics. */
function assertApart({ listen: open, adminListen: admin }: Serving["options"]): void {
  if (!("activated" in open) || admin === undefined || !("activated" in admin)) return
  if (activatedDescriptor(open.activated) !== activatedDescriptor(admin.activated)) return
  refuse(
    "conflict",
    "--admin-listen: expected another socket of systemd than --listen has, found the same; name them with systemd:NAME",
  )
}

/** Serves until a signal comes, then finishes the requests that were begun. */
export async function serveUntilStopped(serving: Serving): Promise<void> {
  const { http, metrics, logger, options, tls, onServing, onStopping } = serving
  assertApart(options)
  // Before it says that it serves: who waits for that may send a signal at once.
  const stopped = untilStopped(logger)
  // A service that is told to read its files again goes on, also where it has none to read; a terminal that is closed
  // still ends what was started in it.
  if (!isatty(0)) process.on("SIGHUP", () => logger.debug("SIGHUP: files are read again"))
  const url = await listen(http.server, options.listen)
  // Without it a web page could read the metrics under a name of its own.
  const checkHost = createHostCheck(options.allowHost ?? [])
  const admin = options.adminListen && createAdminServer(metrics, checkHost)
  try {
    tls?.follow(http.server)
    const adminUrl = admin && (await listen(admin, options.adminListen, ADMIN_MODE))
    remarkExposure({ url, admin: adminUrl, ...options }, logger)
    onServing({ url, admin: adminUrl })
    await stopped
  } finally {
    onStopping?.()
    await http.close()
    tls?.close()
    // Whoever reads metrics slowly keeps no server from its end.
    if (admin !== undefined) await drain(admin, ADMIN_DRAIN_MS)
  }
}
