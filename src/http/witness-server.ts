// The HTTP server of a witness (C2SP tlog-witness): its two routes on node:http, matched on the path as it
// came over the wire, and the rest by Express. Any web origin may use it, as nothing here is private.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Express, Request, Response } from "express"
import { Refusal } from "../core/errors.ts"
import { type Answer, isRead, send } from "./answer.ts"
import { defaultHttpConfig, type HttpConfig, type HttpLogger } from "./config.ts"
import { createGuardedServer, drain, takeOriginForm } from "./connections.ts"
import { createExpressApp } from "./express-app.ts"
import { createBodyReader } from "./request-body.ts"
import type { HttpServer } from "./server.ts"
import { refused } from "./witness-answers.ts"
import {
  type ServedWitness,
  type WitnessHandlers,
  type WitnessOperation,
  witnessHandlers,
} from "./witness-handlers.ts"
import type { WitnessMetrics } from "./witness-metrics.ts"

export type WitnessHttpConfig = Pick<
  HttpConfig,
  | "bodyBudget"
  | "headersTimeout"
  | "requestTimeout"
  | "slownessInterval"
  | "keepAliveTimeout"
  | "idleTimeout"
  | "drainTimeout"
>

export interface WitnessServerOptions extends ServedWitness {
  readonly config?: Partial<WitnessHttpConfig>
  readonly logger?: HttpLogger
  readonly meter?: Pick<WitnessMetrics, "answered" | "refused">
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly now?: () => number
}

/** Answers a request to an operation. */
type Serve = (
  request: IncomingMessage,
  response: ServerResponse,
  operation: WitnessOperation,
  name: string,
) => Promise<void>

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }
const CORS = { "access-control-allow-origin": "*" }
const CHECKPOINT = /^\/([0-9a-f]{64})\/checkpoint$/

function pathOf({ url = "" }: IncomingMessage): string {
  const mark = url.indexOf("?")
  return mark < 0 ? url : url.slice(0, mark)
}

/** What Express serves; the methods that a path has stand in the last column. */
const reads: readonly (readonly [path: string, operation: WitnessOperation, allow: string])[] = [
  ["/", "getStatus", "GET, HEAD"],
  ["/livez", "getLiveness", "GET, HEAD"],
  ["/readyz", "getReadiness", "GET, HEAD"],
  ["/evidence", "listEvidence", "GET, HEAD, POST"],
  ["/evidence/:id", "getEvidence", "GET, HEAD"],
]

const hotPaths: readonly (readonly [path: string | RegExp, allow: string])[] = [
  ["/add-checkpoint", "POST"],
  [CHECKPOINT, "GET, HEAD"],
]

type TurnAway = (
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  allow?: string,
) => void

function addRoutes(app: Express, serve: Serve, turnAway: TurnAway): void {
  for (const [path, operation] of reads) {
    app.get(path, (request: Request, response: Response) => {
      const { id } = request.params
      return serve(request, response, operation, typeof id === "string" ? id : "")
    })
  }
  app.post("/evidence", (request, response) => serve(request, response, "addEvidence", ""))
  const paths = [...reads.map(([path, , allow]) => [path, allow] as const), ...hotPaths]
  for (const [path, allow] of paths) {
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
  const config: WitnessHttpConfig = { ...defaultHttpConfig, ...options.config }
  let isClosing = false
  const obstacle = () => (isClosing ? "the witness is shutting down" : options.obstacle())
  const bodies = createBodyReader(config.bodyBudget)
  const handlers: WitnessHandlers = witnessHandlers({ ...options, obstacle }, bodies)

  function deliver(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (isClosing) response.shouldKeepAlive = false
    const headers = isRead(request) ? answer.headers : { ...answer.headers, ...CORS }
    send(request, response, { ...answer, headers })
  }

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

  const serve: Serve = async (request, response, operation, name) => {
    const start = now()
    let answer: Answer
    try {
      answer = await handlers[operation]({ request, response, name })
    } catch (error) {
      answer = refusalAnswer(error, operation)
    }
    deliver(request, response, answer)
    meter?.answered(operation, answer.status, (now() - start) / 1000)
  }

  const turnAway: TurnAway = (request, response, error, allow) => {
    const answer = refusalAnswer(error, "other")
    const headers = allow === undefined ? answer.headers : { ...answer.headers, allow }
    deliver(request, response, { ...answer, headers })
    meter?.answered("other", answer.status, 0)
  }

  const { app, ...classes } = createExpressApp()
  addRoutes(app, serve, turnAway)

  /** Whether a request was one of the two that carry the load. */
  function serveHot(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request)
    if (request.method === "POST" && path === "/add-checkpoint") {
      void serve(request, response, "addCheckpoint", "")
      return true
    }
    const hash = isRead(request) ? CHECKPOINT.exec(path)?.[1] : undefined
    if (hash !== undefined) void serve(request, response, "getCheckpoint", hash)
    return hash !== undefined
  }

  const listener: RequestListener = (request, response) => {
    takeOriginForm(request)
    if (serveHot(request, response)) return
    if (request.method === "OPTIONS") return answerPreflight(request, response)
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
