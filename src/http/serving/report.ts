// What becomes of anything that was thrown while a request was answered: it is counted by its code and
// logged, loudly if it was no refusal.
import { Refusal } from "../../core/base/errors.ts"
import type { HttpLogger } from "./config.ts"
import { type Problem, problemOf } from "./problem.ts"
import type { RequestMetrics } from "./request-metrics.ts"

/** Gives what may be told of it; `problem` if the caller knows that already. */
export type Report = (error: unknown, operation: string, problem?: Problem) => Problem

export function createReport(meter: Pick<RequestMetrics, "refused">, logger: HttpLogger): Report {
  return (error, operation, problem = problemOf(error)) => {
    const { status, code, detail } = problem
    meter.refused(code)
    if (error instanceof Refusal) {
      logger.debug({ operation, status, code, detail }, "request refused")
    } else {
      logger.error({ operation, status, code, err: error }, "request failed")
    }
    return problem
  }
}
