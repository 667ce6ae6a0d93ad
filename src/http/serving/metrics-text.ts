// Metrics in the Prometheus text format, and the admin server that gives them away. It belongs on an
// address that only operators reach.
import { createServer, type IncomingMessage, type Server } from "node:http"
import { type Answer, send, textAnswer } from "./answer.ts"
import { plainProblemAnswer, problemOf } from "./problem.ts"

export interface MetricsText {
  readonly contentType: string
  /** The current values of everything. */
  text(): Promise<string>
}

const isMetrics = (url = ""): boolean => url === "/metrics" || url === "/metrics/"

async function metricsAnswer(request: IncomingMessage, metrics: MetricsText): Promise<Answer> {
  if (request.method !== "GET" || !isMetrics(request.url)) {
    return textAnswer(404, "not-found: expected GET /metrics\n")
  }
  return textAnswer(200, await metrics.text(), { "content-type": metrics.contentType })
}

/** A server for `GET /metrics` and nothing else; not listening yet. */
export function createAdminServer(metrics: MetricsText): Server {
  return createServer((request, response) => {
    void metricsAnswer(request, metrics)
      .catch((error: unknown) => plainProblemAnswer(problemOf(error)))
      .then((answer) => send(request, response, answer, false))
  })
}
