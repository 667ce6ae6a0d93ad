// What happens around every handler, whichever router found it: parameters are read, bodies are held within
// limits, errors become answers in the words of the door, answers are sent, counted and logged.
import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import type { Outflow } from "../flow/outflow.ts"
import type { Turnstile } from "../flow/turnstile.ts"
import { type Answer, type Headers, isRead, send } from "./answer.ts"
import type { Client, ReadClient } from "./client.ts"
import type { HttpLogger } from "./config.ts"
import { chargingOf, type Gate, GateRefusal, passAll } from "./gate.ts"
import type { RequestMetrics } from "./instruments.ts"
import { type Problem, problemOf } from "./problem.ts"
import type { BodyReader } from "./request-body.ts"
import type { Door, PathValues, Route } from "./route.ts"
import type { Doorway, Router } from "./router.ts"

/**
 * What becomes of anything that was thrown while a request was answered: it is counted by its code and logged,
 * loudly if it was no refusal; who was refused is told for debugging alone. Gives what may be told of it; `problem` if
 * the caller knows that already.
 */
type Report = (
  error: unknown,
  operation: string,
  problem?: Problem,
  client?: Client["address"],
) => Problem

export function createReport(meter: Pick<RequestMetrics, "refused">, logger: HttpLogger): Report {
  return (error, operation, problem = problemOf(error), client) => {
    const { status, code, detail } = problem
    meter.refused(code)
    if (error instanceof Refusal) {
      logger.debug({ operation, status, code, detail, client }, "request refused")
    } else {
      logger.error({ operation, status, code, err: error }, "request failed")
    }
    return problem
  }
}

/** A request as it came, with its path and query taken apart. */
interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  /** Without the question mark. */
  readonly query: string
}

export type Serving = ReturnType<typeof createServing>

/** What the handlers of a server are told by it. */
export interface ServerState {
  /** True once the server takes no more connections. */
  readonly isClosing: () => boolean
  readonly report: Report
}

interface ServingOptions extends ServerState {
  readonly router: Router
  readonly readBody: BodyReader
  readonly gates: readonly Gate[]
  readonly readClient: ReadClient
  readonly outflow: Outflow
  readonly searches: Turnstile
  readonly meter: Pick<RequestMetrics, "answered">
  /** Milliseconds on any monotonic clock. */
  readonly now: () => number
}

const OTHER = "other"

const NO_ROOM = "too many large answers are on their way; try again in a second"

export function askedOf(request: IncomingMessage, response: ServerResponse): Asked {
  const { url = "" } = request
  const mark = url.indexOf("?")
  return mark < 0
    ? { request, response, path: url, query: "" }
    : { request, response, path: url.slice(0, mark), query: url.slice(mark + 1) }
}

/** Why no route takes a request to a path with the methods `allow`; `error` is what Express threw. */
function reasonOf({ request, path }: Asked, allow: readonly string[], error: unknown): unknown {
  // Express throws this for a percent sign that stands for nothing.
  if (error instanceof URIError) {
    return new Refusal("malformed", "path: expected valid percent-encoding, found another")
  }
  if (error !== undefined && error !== null) return error
  // A path that Express reads otherwise than it came has no route, whatever the method.
  const { method = "" } = request
  return allow.length === 0 || allow.includes(method)
    ? new Refusal("not-found", `expected a path that is served, found nothing at ${shown(path)}`)
    : new Refusal("wrong-method", `method: expected ${allow.join(", ")}, found ${method}`)
}

export function createServing(options: ServingOptions) {
  const { router, readBody, gates, readClient, meter, report, now, isClosing } = options
  const { outflow, searches } = options

  function answer(asked: Asked, route: Route, values: PathValues): Answer | Promise<Answer> {
    const { request, response, query } = asked
    const parameters = route.read === undefined ? values : route.read(values, query)
    if (route.method === "GET") return route.handle({ request, response, parameters, query })
    const charging = chargingOf(request)
    return route.handle({
      ...{ request, response, parameters, query },
      async withBody(use) {
        const body = await readBody(request, response, route.body)
        try {
          return await use(body.bytes, body.client)
        } finally {
          body.release()
        }
      },
      charge: (points) => (points > 0 ? charging?.charge?.(points) : undefined),
      admitKey: charging?.admitKey,
    })
  }

  /** Searches take turns by client; of this machine each connection is one. */
  async function search(asked: Asked, route: Route, values: PathValues): Promise<Answer> {
    const { address, isLocal } = readClient(asked.request)
    const leave = await searches(isLocal ? asked.request.socket : address)
    try {
      return await answer(asked, route, values)
    } finally {
      leave()
    }
  }

  /** Refuses `try-later` where an answer has no room among those that are on their way; what was done is told. */
  function fitting(result: Answer, { method, weight }: Route): Answer {
    const { body, isKept } = result
    const isDone = method === "POST" && weight !== "search"
    if (body === undefined || isKept === true || isDone || !outflow.isLarge(body)) return result
    return outflow.hasRoom(body) ? result : refuse("try-later", NO_ROOM)
  }

  function madeAnswer(asked: Asked, route: Route, values: PathValues): Answer | Promise<Answer> {
    const isSearch = route.weight === "search"
    if ((isSearch || route.isLarge === true) && outflow.isFull()) refuse("try-later", NO_ROOM)
    return isSearch ? search(asked, route, values) : answer(asked, route, values)
  }

  function refusalAnswer(
    { request }: Asked,
    { words }: Door,
    error: unknown,
    operation: string,
  ): Answer {
    const problem = problemOf(error)
    const refusal = words(problem, error)
    const { address } = readClient(request)
    report(error, operation, { ...problem, status: refusal.status }, address)
    return refusal
  }

  /** The answer with what gates say beside it. */
  function withHeaders(result: Answer, headers: Headers | undefined): Answer {
    return headers === undefined
      ? result
      : { ...result, headers: { ...result.headers, ...headers } }
  }

  /** What the gates say to a request; without gates nobody asks who sent it. */
  function pass({ request }: Asked, route: Route) {
    if (gates.length === 0) return undefined
    return passAll(gates, { request, route, client: readClient(request) })
  }

  /** `isShared` says that any web origin may see the answer; that of a read it may unless the door is private. */
  function deliver(
    { request, response }: Asked,
    door: Door,
    result: Answer,
    isShared?: true,
  ): void {
    if (isClosing()) response.shouldKeepAlive = false
    const isSeen = door.isShared === true || (door.isPrivate !== true && isRead(request))
    send(request, response, result, outflow, isShared ?? isSeen)
  }

  return {
    /** Answers; never rejects. */
    async serve(asked: Asked, { door, route }: Doorway, values: PathValues): Promise<void> {
      const { operation } = route
      const start = now()
      let result: Answer
      let passed: Headers | undefined
      try {
        const passing = pass(asked, route)
        passed = passing instanceof Promise ? await passing : passing
        result = withHeaders(fitting(await madeAnswer(asked, route, values), route), passed)
      } catch (error) {
        const headers = error instanceof GateRefusal ? error.headers : undefined
        result = withHeaders(
          withHeaders(refusalAnswer(asked, door, error, operation), passed),
          headers,
        )
      }
      deliver(asked, door, result, route.isShared)
      meter.answered(operation, result.status, (now() - start) / 1000)
    },
    /** Answers a request that no route takes; `error` is what stopped Express from finding one. */
    turnAway(asked: Asked, error?: unknown): void {
      const { door, allow } = router.placeAt(asked.path)
      const reason = reasonOf(asked, allow, error)
      const isWrongMethod = reason instanceof Refusal && reason.code === "wrong-method"
      const {
        status,
        headers,
        body = "",
      } = door.nowhere ?? refusalAnswer(asked, door, reason, OTHER)
      const more = isWrongMethod && door.nowhere === undefined && { allow: allow.join(", ") }
      deliver(asked, door, { status, headers: { ...headers, ...more }, body })
      meter.answered(OTHER, status, 0)
    },
  }
}
