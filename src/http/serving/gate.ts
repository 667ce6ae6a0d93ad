// What stands before every handler and may turn a request away: who may do what, how often, and from where. A gate
// that lets a request pass may name headers for its answer, and what happens when the handler finds the request dearer
// than it looked.
import type { IncomingMessage } from "node:http"
import { Refusal, type RefusalCode } from "../../core/base/errors.ts"
import type { Headers } from "./answer.ts"
import type { Client } from "./client.ts"
import type { Charging, Route } from "./route.ts"

/** A request on its way to a handler. */
export interface Passing {
  readonly request: IncomingMessage
  readonly route: Route
  readonly client: Client
}

/**
 * Throws a {@link Refusal}: `unauthenticated`, `not-allowed`, `rate-limited`, `misdirected`. Synchronous wherever it can
 * be. Gives headers for the answer.
 */
export type Gate = (passing: Passing) => Headers | undefined | Promise<Headers | undefined>

/** A refusal whose answer has headers of its own, beside those of its status. */
export class GateRefusal extends Refusal {
  readonly headers: Headers
  constructor(code: RefusalCode, message: string, headers: Headers) {
    super(code, message)
    this.headers = headers
  }
}

const charges = new WeakMap<IncomingMessage, Charging>()

/** Says how what a request costs beyond its one point is charged. */
export function chargeBy(request: IncomingMessage, charging: Charging): void {
  charges.set(request, charging)
}

/** Undefined where no gate limits a request. */
export function chargingOf(request: IncomingMessage): Charging | undefined {
  return charges.get(request)
}

/** The headers that all gates give together; synchronous where they all are. */
export function passAll(
  gates: readonly Gate[],
  passing: Passing,
  from = 0,
  given?: Headers,
): Headers | undefined | Promise<Headers | undefined> {
  let headers = given
  for (let at = from; at < gates.length; at++) {
    const more = gates[at]?.(passing)
    if (more instanceof Promise) {
      const sofar = headers
      return more.then((late) => passAll(gates, passing, at + 1, joined(sofar, late)))
    }
    headers = joined(headers, more)
  }
  return headers
}

function joined(headers: Headers | undefined, more: Headers | undefined): Headers | undefined {
  if (headers === undefined || more === undefined) return headers ?? more
  return { ...headers, ...more }
}
