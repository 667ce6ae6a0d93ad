// The HTTP server of a monitor: where verifiers post heads and receipts, where anyone reads evidence, and
// where operators look whether it is working. All of it may be public but for what the operator hides.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Express, Request, Response } from "express"
import { Refusal } from "../core/errors.ts"
import { type Answer, send } from "./answer.ts"
import { defaultHttpConfig, type HttpConfig, type HttpLogger } from "./config.ts"
import { createGuardedServer, drain, takeOriginForm } from "./connections.ts"
import { createExpressApp } from "./express-app.ts"
import {
  type MonitorHandlers,
  type MonitorOperation,
  monitorHandlers,
  type ServedMonitor,
} from "./monitor-handlers.ts"
import { createMonitorMetrics, type MonitorMetrics } from "./monitor-metrics.ts"
import { plainProblemAnswer, problemOf } from "./problem.ts"
import { createBodyReader } from "./request-body.ts"
import type { HttpServer } from "./server.ts"

export type MonitorHttpConfig = Pick<
  HttpConfig,
  | "bodyBudget"
  | "headersTimeout"
  | "requestTimeout"
  | "slownessInterval"
  | "keepAliveTimeout"
  | "idleTimeout"
  | "drainTimeout"
>

export interface MonitorServerOptions extends ServedMonitor {
  readonly config?: Partial<MonitorHttpConfig>
  readonly logger?: HttpLogger
  /** By default metrics without those of the process. */
  readonly metrics?: MonitorMetrics
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly stopwatch?: () => number
}

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }
const BODY_BUDGET = 16 * 1024 * 1024

type Route = readonly [method: "get" | "post", path: string, operation: MonitorOperation]

const routes: readonly Route[] = [
  ["get", "/", "getStatusPage"],
  ["get", "/status.json", "getStatus"],
  ["get", "/evidence", "listEvidence"],
  ["get", "/evidence/:id", "getEvidence"],
  ["get", "/metrics", "getMetrics"],
  ["get", "/livez", "getLiveness"],
  ["get", "/readyz", "getReadiness"],
  ["post", "/heads", "addHeads"],
  ["post", "/receipts", "addReceipts"],
]

type Serve = (
  request: IncomingMessage,
  response: ServerResponse,
  operation: MonitorOperation,
  name: string,
) => Promise<void>

type TurnAway = (
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  allow?: string,
) => void

function addRoutes(app: Express, serve: Serve, turnAway: TurnAway): void {
  for (const [method, path, operation] of routes) {
    app[method](path, (request: Request, response: Response) => {
      const { id } = request.params
      return serve(request, response, operation, typeof id === "string" ? id : "")
    })
  }
  for (const [method, path] of routes) {
    const allow = method === "get" ? "GET, HEAD" : "POST"
    app.all(path, (request: Request, response: Response) => {
      const refusal = new Refusal("wrong-method", `expected ${allow}, found ${request.method}`)
      turnAway(request, response, refusal, allow)
    })
  }
}

/** What Express gives up: a path that it cannot decode, or one that nothing has. */
function reasonOf(error: unknown): unknown {
  if (error instanceof URIError) {
    return new Refusal("malformed", "path: expected valid percent-encoding")
  }
  return error ?? new Refusal("not-found", "there is nothing at this path")
}

/** Makes the server; the caller lets it listen. */
export function createMonitorServer(options: MonitorServerOptions): HttpServer {
  const { logger = silentLogger, stopwatch = () => performance.now() } = options
  const { metrics = createMonitorMetrics(options.status) } = options
  const config: MonitorHttpConfig = {
    ...defaultHttpConfig,
    bodyBudget: BODY_BUDGET,
    ...options.config,
  }
  let isClosing = false
  const bodies = createBodyReader(config.bodyBudget)
  const handlers: MonitorHandlers = monitorHandlers(options, bodies, metrics, () => isClosing)

  function deliver(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (isClosing) response.shouldKeepAlive = false
    send(request, response, answer)
  }

  function refusalAnswer(error: unknown, operation: string): Answer {
    const problem = problemOf(error)
    const { status, code, detail } = problem
    metrics.refused(code)
    if (status >= 500 && !(error instanceof Refusal)) {
      logger.error({ operation, status, code, err: error }, "request failed")
    } else {
      logger.debug({ operation, status, code, detail }, "request refused")
    }
    return plainProblemAnswer(problem)
  }

  const serve: Serve = async (request, response, operation, name) => {
    const start = stopwatch()
    let answer: Answer
    try {
      answer = await handlers[operation]({ request, response, name })
    } catch (error) {
      answer = refusalAnswer(error, operation)
    }
    deliver(request, response, answer)
    metrics.answered(operation, answer.status, (stopwatch() - start) / 1000)
  }

  const turnAway: TurnAway = (request, response, error, allow) => {
    const answer = refusalAnswer(error, "other")
    const headers = allow === undefined ? answer.headers : { ...answer.headers, allow }
    deliver(request, response, { ...answer, headers })
    metrics.answered("other", answer.status, 0)
  }

  const { app, ...classes } = createExpressApp()
  addRoutes(app, serve, turnAway)
  const listener: RequestListener = (request, response) => {
    takeOriginForm(request)
    app(request as Request, response as Response, (error: unknown) =>
      turnAway(request, response, reasonOf(error)),
    )
  }
  const server = createGuardedServer({ ...classes, config, listener })
  return {
    server,
    close() {
      isClosing = true
      return drain(server, config.drainTimeout)
    },
  }
}
