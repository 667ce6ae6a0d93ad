// The HTTP server of a monitor: where verifiers post heads and receipts, where anyone reads evidence, and
// where operators look whether it is working. All of it may be public but for what the operator hides.

import { present } from "../../core/base/present.ts"
import { type Access, createAccessGate } from "../access/gate.ts"
import { takePathToken } from "../access/path-token.ts"
import { writerOf } from "../access/writer.ts"
import { loadContract } from "../door/contract.ts"
import { createGates, type LimitOptions } from "../limits/gates.ts"
import { referenceRoutes } from "../reference/routes.ts"
import { type HttpServer, type ServerOptions, serveDoors } from "../serving/http-server.ts"
import type { ServerMetrics } from "../serving/instruments.ts"
import { plainProblemAnswer } from "../serving/problem.ts"
import { monitorRoutes, type ServedMonitor } from "./handlers.ts"
import { createMonitorMetrics } from "./metrics.ts"

export interface MonitorServerOptions
  extends ServedMonitor,
    Omit<ServerOptions, "meter" | "now">,
    LimitOptions {
  /** By default metrics without those of the process. */
  readonly metrics?: ServerMetrics
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly stopwatch?: () => number
  /** Who may do what now; without it everything but posting to ledgers is everyone's. */
  readonly access?: (() => Access) | undefined
}

/** Makes the server; the caller lets it listen. */
export function createMonitorServer(options: MonitorServerOptions): HttpServer {
  const { metrics = createMonitorMetrics(options.status), logger, stopwatch, access } = options
  const contract = loadContract()
  return serveDoors({
    logger,
    meter: metrics,
    now: stopwatch,
    rewrite: takePathToken,
    gates: createGates({
      ...options,
      ...{ meter: metrics, now: stopwatch },
      ...(access !== undefined && {
        ...{ accessGates: [createAccessGate(access, options.now)], writerOf },
      }),
    }),
    tls: options.tls,
    ...present({ config: options.config }),
    doors({ isClosing }) {
      const own = monitorRoutes(options, metrics, isClosing)
      const routes = contract.bind([...own, ...referenceRoutes()])
      return [{ below: "/", routes, words: plainProblemAnswer, isPrivate: true }]
    },
  })
}
