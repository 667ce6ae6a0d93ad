// The admin server, which gives metrics away. It belongs on an address that only operators reach.
import type { IncomingMessage, Server } from "node:http"
import { Refusal } from "../../core/base/errors.ts"
import { createOutflow } from "../flow/outflow.ts"
import { type Answer, send, textAnswer } from "./answer.ts"
import { defaultHttpConfig } from "./config.ts"
import { createGuardedServer } from "./connections.ts"
import type { MetricsText } from "./metrics-text.ts"
import { plainProblemAnswer, problemOf } from "./problem.ts"
import { namesTwoHosts } from "./request-target.ts"

const isMetrics = (url = ""): boolean => url === "/metrics" || url === "/metrics/"

/** Throws a refusal for a request that is for another server. */
type HostCheck = (request: IncomingMessage) => void

async function metricsAnswer(
  request: IncomingMessage,
  metrics: MetricsText,
  checkHost: HostCheck,
): Promise<Answer> {
  if (namesTwoHosts(request)) throw new Refusal("malformed", "Host: expected one, found several")
  checkHost(request)
  if (request.method !== "GET" || !isMetrics(request.url)) {
    return textAnswer(404, "not-found: expected GET /metrics\n")
  }
  return textAnswer(200, await metrics.text(), { "content-type": metrics.contentType })
}

/** A server for `GET /metrics` and nothing else, with the limits on connections of every server; not listening yet. */
export function createAdminServer(metrics: MetricsText, checkHost: HostCheck = () => {}): Server {
  const outflow = createOutflow(defaultHttpConfig, () => performance.now())
  return createGuardedServer(defaultHttpConfig, {}, (request, response) => {
    void metricsAnswer(request, metrics, checkHost)
      .catch((error: unknown) => plainProblemAnswer(problemOf(error)))
      .then((answer) => send(request, response, answer, outflow, false))
  })
}
