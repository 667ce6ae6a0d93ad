// A server of this floor: the doors of a log, a witness or a monitor on one port. Hot routes are served on
// node:http, the rest by Express; slow clients are limited, and the end is an orderly one.
import type { IncomingMessage, RequestListener, Server } from "node:http"
import type { TlsOptions } from "node:tls"
import type { Request, Response } from "express"
import { createOutflow } from "../flow/outflow.ts"
import { createTurnstile } from "../flow/turnstile.ts"
import { type Answer, send } from "./answer.ts"
import { createClientReader } from "./client.ts"
import { defaultHttpConfig, type HttpLogger, noMeter, type ServerConfig } from "./config.ts"
import { createGuardedServer, drain } from "./connections.ts"
import { createExpressApp } from "./express-app.ts"
import type { Gate } from "./gate.ts"
import type { RequestMetrics } from "./instruments.ts"
import { createBodyReader } from "./request-body.ts"
import { takePlainTarget } from "./request-target.ts"
import type { Door } from "./route.ts"
import { createRouter } from "./router.ts"
import { askedOf, createReport, createServing, type ServerState } from "./serving.ts"

/** A server as its process sees it: something that listens, and an orderly end. */
export interface HttpServer {
  /** Not listening yet. */
  readonly server: Server
  /**
   * Takes no more connections, finishes the requests that were begun, and resolves when the last
   * connection is closed. What is not finished after `drainTimeout` is cut off. The log stays open.
   */
  close(): Promise<void>
}

/** What of a server is up to the process that it runs in. */
export interface ServerOptions {
  readonly config?: Partial<ServerConfig>
  readonly logger?: HttpLogger | undefined
  readonly meter?: RequestMetrics | undefined
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly now?: (() => number) | undefined
  /** What it speaks TLS with; without it, it speaks HTTP alone. */
  readonly tls?: TlsOptions | undefined
}

export interface ServedDoors extends ServerOptions {
  /** One of them is below `/`. */
  readonly doors: (state: ServerState) => readonly Door[]
  /** What stands before every handler, in this order. */
  readonly gates?: readonly Gate[]
  /** Changes a request's `url` before anything else looks at it. */
  readonly rewrite?: (request: IncomingMessage) => void
  /**
   * What browsers are answered that ask before they send to a path, which may be shared; without it OPTIONS
   * is refused.
   */
  readonly preflight?: (isShared: boolean) => Answer
}

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }

/** Makes the server; the caller lets it listen. */
export function serveDoors(options: ServedDoors): HttpServer {
  const { logger = silentLogger, meter = noMeter, rewrite, preflight, gates = [] } = options
  const { now = () => performance.now() } = options
  const config: ServerConfig = { ...defaultHttpConfig, ...options.config }
  let closing = false
  const isClosing = (): boolean => closing
  const report = createReport(meter, logger)
  const router = createRouter(options.doors({ isClosing, report }))
  const readClient = createClientReader(config.trustedProxies)
  const outflow = createOutflow(config, now)
  const clientOf = (request: IncomingMessage) => readClient(request).address
  const readBody = createBodyReader({ ...config, now, clientOf })
  const serving = createServing({
    ...{ router, readBody, meter, report, now, isClosing },
    ...{ gates, readClient, outflow, searches: createTurnstile("searches", config.searches) },
  })
  const { app, ...classes } = createExpressApp(router.others, serving)

  const listener: RequestListener = (request, response) => {
    takePlainTarget(request)
    rewrite?.(request)
    const asked = askedOf(request, response)
    const found = router.hot(request, asked.path)
    if (found !== undefined) return void serving.serve(asked, found.value, found.values)
    if (request.method !== "OPTIONS") {
      return app(request as Request, response as Response, (error: unknown) =>
        serving.turnAway(asked, error),
      )
    }
    return preflight === undefined
      ? serving.turnAway(asked)
      : send(request, response, preflight(router.isShared(asked.path)), outflow)
  }
  const server = createGuardedServer(config, classes, listener, options.tls)
  return {
    server,
    close() {
      closing = true
      return drain(server, config.drainTimeout)
    },
  }
}
