// The HTTP server of a monitor: where verifiers post heads and receipts, where anyone reads evidence, and
// where operators look whether it is working. All of it may be public but for what the operator hides.
import type { RequestListener } from "node:http"
import type { Request, Response } from "express"
import { Refusal } from "../../core/base/errors.ts"
import type { Answer } from "../serving/answer.ts"
import { defaultHttpConfig, type HttpLogger } from "../serving/config.ts"
import { createGuardedServer, drain, takeOriginForm } from "../serving/connections.ts"
import { createExpressApp } from "../serving/express-app.ts"
import type { HttpServer } from "../serving/http-server.ts"
import {
  addRoutes,
  createPlainServing,
  type PlainConfig,
  type PlainRoute,
  reasonOf,
  refuseOtherMethods,
} from "../serving/plain-serving.ts"
import { plainProblemAnswer, problemOf } from "../serving/problem.ts"
import { createBodyReader } from "../serving/request-body.ts"
import {
  type MonitorHandlers,
  type MonitorOperation,
  monitorHandlers,
  type ServedMonitor,
} from "./handlers.ts"
import { createMonitorMetrics, type MonitorMetrics } from "./metrics.ts"

export interface MonitorServerOptions extends ServedMonitor {
  readonly config?: Partial<PlainConfig>
  readonly logger?: HttpLogger
  /** By default metrics without those of the process. */
  readonly metrics?: MonitorMetrics
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly stopwatch?: () => number
}

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }
const BODY_BUDGET = 16 * 1024 * 1024

const routes: readonly PlainRoute<MonitorOperation>[] = [
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

const paths = routes.map(([method, path]) => {
  return [path, method === "get" ? "GET, HEAD" : "POST"] as const
})

/** Makes the server; the caller lets it listen. */
export function createMonitorServer(options: MonitorServerOptions): HttpServer {
  const { logger = silentLogger, stopwatch = () => performance.now() } = options
  const { metrics = createMonitorMetrics(options.status) } = options
  const config: PlainConfig = {
    ...defaultHttpConfig,
    bodyBudget: BODY_BUDGET,
    ...options.config,
  }
  let isClosing = false
  const bodies = createBodyReader(config.bodyBudget)
  const handlers: MonitorHandlers = monitorHandlers(options, bodies, metrics, () => isClosing)

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

  const serving = createPlainServing<MonitorOperation>({
    handlers,
    refuse: refusalAnswer,
    meter: metrics,
    now: stopwatch,
    isClosing: () => isClosing,
  })
  const { app, ...classes } = createExpressApp()
  addRoutes(app, routes, serving)
  refuseOtherMethods(app, paths, serving)
  const listener: RequestListener = (request, response) => {
    takeOriginForm(request)
    app(request as Request, response as Response, (error: unknown) =>
      serving.turnAway(request, response, reasonOf(error)),
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
