// What the small servers (witness, monitor) do around their handlers: errors become answers, answers are sent,
// counted and logged; and the paths that Express serves for them. The log's own doors have serving.ts.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Express, Request, Response } from "express"
import { Refusal } from "../../core/base/errors.ts"
import { type Answer, send } from "./answer.ts"
import type { HttpConfig } from "./config.ts"
import type { RequestMetrics } from "./request-metrics.ts"

/** What of the configuration a small server has. */
export type PlainConfig = Pick<
  HttpConfig,
  | "bodyBudget"
  | "headersTimeout"
  | "requestTimeout"
  | "slownessInterval"
  | "keepAliveTimeout"
  | "idleTimeout"
  | "drainTimeout"
>

export interface PlainCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What the path names; else empty. */
  readonly name: string
}

export type PlainHandler = (call: PlainCall) => Answer | Promise<Answer>

export interface PlainServingOptions<Operation extends string> {
  readonly handlers: { readonly [Each in Operation]: PlainHandler }
  /** Turns anything that was thrown into an answer, and logs and counts it. */
  readonly refuse: (error: unknown, operation: string) => Answer
  readonly meter?: Pick<RequestMetrics, "answered"> | undefined
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number
  readonly isClosing: () => boolean
  /** The answer as it goes out. */
  readonly finished?: (request: IncomingMessage, answer: Answer) => Answer
}

export interface PlainServing<Operation extends string> {
  /** Answers a request to an operation; never rejects. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    operation: Operation,
    name: string,
  ): Promise<void>
  /** Answers a request that no handler takes; `allow` names the methods of its path. */
  turnAway(request: IncomingMessage, response: ServerResponse, error: unknown, allow?: string): void
}

export function createPlainServing<Operation extends string>(
  options: PlainServingOptions<Operation>,
): PlainServing<Operation> {
  const { handlers, refuse, meter, now, isClosing, finished = (_, answer) => answer } = options

  function deliver(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (isClosing()) response.shouldKeepAlive = false
    send(request, response, finished(request, answer))
  }

  return {
    async serve(request, response, operation, name) {
      const start = now()
      let answer: Answer
      try {
        answer = await handlers[operation]({ request, response, name })
      } catch (error) {
        answer = refuse(error, operation)
      }
      deliver(request, response, answer)
      meter?.answered(operation, answer.status, (now() - start) / 1000)
    },
    turnAway(request, response, error, allow) {
      const answer = refuse(error, "other")
      const headers = allow === undefined ? answer.headers : { ...answer.headers, allow }
      deliver(request, response, { ...answer, headers })
      meter?.answered("other", answer.status, 0)
    },
  }
}

/** A path of Express's with its operation. */
export type PlainRoute<Operation extends string> = readonly [
  method: "get" | "post",
  path: string,
  operation: Operation,
]

/** Lets Express serve the routes; `:id` in a path is the call's name. */
export function addRoutes<Operation extends string>(
  app: Express,
  routes: readonly PlainRoute<Operation>[],
  { serve }: PlainServing<Operation>,
): void {
  for (const [method, path, operation] of routes) {
    app[method](path, (request: Request, response: Response) => {
      const { id } = request.params
      return serve(request, response, operation, typeof id === "string" ? id : "")
    })
  }
}

/** Refuses every other method of these paths; to be added behind their routes. */
export function refuseOtherMethods<Operation extends string>(
  app: Express,
  paths: readonly (readonly [path: string | RegExp, allow: string])[],
  { turnAway }: PlainServing<Operation>,
): void {
  for (const [path, allow] of paths) {
    app.all(path, (request: Request, response: Response) => {
      const refusal = new Refusal("wrong-method", `expected ${allow}, found ${request.method}`)
      turnAway(request, response, refusal, allow)
    })
  }
}

/** Why Express gives a request up: a path that it cannot decode, or one that nothing has. */
export function reasonOf(error: unknown): unknown {
  if (error instanceof URIError) {
    return new Refusal("malformed", "path: expected valid percent-encoding")
  }
  return error ?? new Refusal("not-found", "there is nothing at this path")
}
