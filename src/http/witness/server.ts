// The HTTP server of a witness (C2SP tlog-witness): its two routes on node:http, matched on the path as it
// came over the wire, and the rest by Express. Any web origin may use it, as nothing here is private.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Request, Response } from "express"
import { Refusal } from "../../core/base/errors.ts"
import { type Answer, isRead, send } from "../serving/answer.ts"
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
import { createBodyReader } from "../serving/request-body.ts"
import { refused } from "./answers.ts"
import {
  type ServedWitness,
  type WitnessHandlers,
  type WitnessOperation,
  witnessHandlers,
} from "./handlers.ts"
import type { WitnessMetrics } from "./metrics.ts"

export interface WitnessServerOptions extends ServedWitness {
  readonly config?: Partial<PlainConfig>
  readonly logger?: HttpLogger
  readonly meter?: Pick<WitnessMetrics, "answered" | "refused">
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly now?: () => number
}

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }
const CORS = { "access-control-allow-origin": "*" }
const CHECKPOINT = /^\/([0-9a-f]{64})\/checkpoint$/

function pathOf({ url = "" }: IncomingMessage): string {
  const mark = url.indexOf("?")
  return mark < 0 ? url : url.slice(0, mark)
}

/** What Express serves. */
const routes: readonly PlainRoute<WitnessOperation>[] = [
  ["get", "/", "getStatus"],
  ["get", "/livez", "getLiveness"],
  ["get", "/readyz", "getReadiness"],
  ["get", "/evidence", "listEvidence"],
  ["post", "/evidence", "addEvidence"],
  ["get", "/evidence/:id", "getEvidence"],
]

/** Every path with its methods. */
const paths: readonly (readonly [path: string | RegExp, allow: string])[] = [
  ["/", "GET, HEAD"],
  ["/livez", "GET, HEAD"],
  ["/readyz", "GET, HEAD"],
  ["/evidence", "GET, HEAD, POST"],
  ["/evidence/:id", "GET, HEAD"],
  ["/add-checkpoint", "POST"],
  [CHECKPOINT, "GET, HEAD"],
]

function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  send(request, response, {
    status: 204,
    headers: {
      ...CORS,
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "86400",
    },
  })
}

/** Makes the server; the caller lets it listen. */
export function createWitnessServer(options: WitnessServerOptions): HttpServer {
  const { logger = silentLogger, meter, now = () => performance.now() } = options
  const config: PlainConfig = { ...defaultHttpConfig, ...options.config }
  let isClosing = false
  const obstacle = () => (isClosing ? "the witness is shutting down" : options.obstacle())
  const bodies = createBodyReader(config.bodyBudget)
  const handlers: WitnessHandlers = witnessHandlers({ ...options, obstacle }, bodies)

  function refusalAnswer(error: unknown, operation: string): Answer {
    const { code, answer } = refused(error)
    meter?.refused(code)
    if (answer.status >= 500 && !(error instanceof Refusal)) {
      logger.error({ operation, status: answer.status, err: error }, "request failed")
    } else {
      logger.debug({ operation, status: answer.status, code, err: error }, "request refused")
    }
    return answer
  }

  const serving = createPlainServing<WitnessOperation>({
    handlers,
    refuse: refusalAnswer,
    meter,
    now,
    isClosing: () => isClosing,
    finished(request, answer) {
      return isRead(request) ? answer : { ...answer, headers: { ...answer.headers, ...CORS } }
    },
  })
  const { app, ...classes } = createExpressApp()
  addRoutes(app, routes, serving)
  refuseOtherMethods(app, paths, serving)

  /** Whether a request was one of the two that carry the load. */
  function serveHot(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request)
    if (request.method === "POST" && path === "/add-checkpoint") {
      void serving.serve(request, response, "addCheckpoint", "")
      return true
    }
    const hash = isRead(request) ? CHECKPOINT.exec(path)?.[1] : undefined
    if (hash !== undefined) void serving.serve(request, response, "getCheckpoint", hash)
    return hash !== undefined
  }

  const listener: RequestListener = (request, response) => {
    takeOriginForm(request)
    if (serveHot(request, response)) return
    if (request.method === "OPTIONS") return answerPreflight(request, response)
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
