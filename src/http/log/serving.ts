// What happens around every handler, whichever router found it: parameters are validated, errors become
// answers, answers are sent, counted and logged.
import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal } from "../../core/base/errors.ts"
import type { Contract, OperationId } from "../door/contract.ts"
import type { DoorCall, Handlers, Report } from "../door/handler.ts"
import { type Answer, send } from "../serving/answer.ts"
import type { HttpLogger, Meter } from "../serving/config.ts"
import { plainProblemAnswer, problemAnswer, problemOf } from "../serving/problem.ts"

/** A request whose operation a router has found. */
export interface Routed {
  readonly id: OperationId
  /** Path parameters, still text. */
  readonly path: Readonly<Record<string, string>>
  /** Without the question mark. */
  readonly query: string
}

export interface Serving {
  /** Answers; never rejects. */
  serve(request: IncomingMessage, response: ServerResponse, routed: Routed): Promise<void>
  /** Answers, also errors in the words of the door; never rejects. */
  serveDoor(request: IncomingMessage, response: ServerResponse, call: DoorCall): Promise<void>
  /** Answers a request that no handler takes. `headers` are added. */
  turnAway(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    headers?: Readonly<Record<string, string>>,
  ): void
}

export interface ServingOptions {
  readonly handlers: Handlers
  readonly contract: Contract
  readonly meter: Meter
  readonly report: Report
  /** Milliseconds on any monotonic clock. */
  readonly now: () => number
  readonly isClosing: () => boolean
}

const OTHER = "other"
const tilePath = /^\/(?:tile\/|checkpoint$)/

export function createReport(meter: Meter, logger: HttpLogger): Report {
  return (error, operation) => {
    const problem = problemOf(error)
    const { status, code, detail } = problem
    meter.refused(code)
    if (status >= 500 && !(error instanceof Refusal)) {
      logger.error({ operation, status, code, err: error }, "request failed")
    } else {
      logger.debug({ operation, status, code, detail }, "request refused")
    }
    return problem
  }
}

export function createServing(options: ServingOptions): Serving {
  const { handlers, contract, meter, report, now, isClosing } = options

  function refusalAnswer(request: IncomingMessage, error: unknown, operation: string): Answer {
    const problem = report(error, operation)
    return tilePath.test(request.url ?? "") ? plainProblemAnswer(problem) : problemAnswer(problem)
  }

  function answer<Id extends OperationId>(
    id: Id,
    request: IncomingMessage,
    response: ServerResponse,
    { path, query }: Routed,
  ): Answer | Promise<Answer> {
    const parameters = contract.parameters(id, path, query)
    return handlers[id]({ request, response, parameters })
  }

  function deliver(request: IncomingMessage, response: ServerResponse, result: Answer): void {
    if (isClosing()) response.shouldKeepAlive = false
    send(request, response, result)
  }

  return {
    async serve(request, response, routed) {
      const start = now()
      let result: Answer
      try {
        result = await answer(routed.id, request, response, routed)
      } catch (error) {
        result = refusalAnswer(request, error, routed.id)
      }
      deliver(request, response, result)
      meter.answered(routed.id, result.status, (now() - start) / 1000)
    },
    async serveDoor(request, response, call) {
      const start = now()
      let result: Answer
      try {
        result = await call.handle()
      } catch (error) {
        result = call.refusal(error, report(error, call.operation))
      }
      deliver(request, response, result)
      meter.answered(call.operation, result.status, (now() - start) / 1000)
    },
    turnAway(request, response, error, headers = {}) {
      const result = refusalAnswer(request, error, OTHER)
      deliver(request, response, { ...result, headers: { ...result.headers, ...headers } })
      meter.answered(OTHER, result.status, 0)
    },
  }
}
