// Metrics in the Prometheus text format, and the admin server that gives them away. It belongs on an
// address that only operators reach.
import { createServer, type IncomingMessage, type Server } from "node:http"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import type { Log } from "../log/log.ts"
import type { Publisher } from "../log/publishing.ts"
import { type Answer, send, textAnswer } from "./answer.ts"
import type { Meter } from "./config.ts"
import { plainProblemAnswer, problemOf } from "./problem.ts"
import { measurePublishing } from "./publishing-metrics.ts"

/** Metrics as they are given away. */
export interface MetricsText {
  readonly contentType: string
  /** The current values of everything. */
  text(): Promise<string>
}

export interface Metrics extends Meter, MetricsText {}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

function gaugeLog(registers: Registry[], log: Pick<Log, "head" | "status">): void {
  new Gauge({
    name: "countersign_tree_size",
    help: "Entries in the newest signed tree.",
    registers,
    collect() {
      this.set(log.head().size)
    },
  })
  new Gauge({
    name: "countersign_queue_length",
    help: "Entries that are under way into the log.",
    registers,
    collect() {
      this.set(log.status().queued)
    },
  })
  new Gauge({
    name: "countersign_accepting",
    help: "1 if the log takes entries, else 0.",
    registers,
    collect() {
      this.set(log.status().accepting ? 1 : 0)
    },
  })
}

export interface MetricsOptions {
  /** Adds those of the process; once a process. */
  readonly withProcess?: boolean
  /** Adds those of its witnesses, if it has any. */
  readonly publisher?: Publisher
}

/** Metrics of a log and its HTTP interface. */
export function createMetrics(
  log: Pick<Log, "head" | "status">,
  { withProcess = false, publisher }: MetricsOptions = {},
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: "countersign_http_requests_total",
    help: "Answered requests by operation of the contract and status.",
    labelNames: ["operation", "status"],
    registers,
  })
  const seconds = new Histogram({
    name: "countersign_http_request_seconds",
    help: "Seconds from a request's headers to its answer, by operation.",
    labelNames: ["operation"],
    buckets: SECONDS,
    registers,
  })
  const entries = new Counter({
    name: "countersign_entries_total",
    help: "Entries that were added.",
    registers,
  })
  const duplicates = new Counter({
    name: "countersign_duplicates_total",
    help: "Submissions whose body was in the log before.",
    registers,
  })
  const refusals = new Counter({
    name: "countersign_refusals_total",
    help: "Refused requests and batch lines by code.",
    labelNames: ["code"],
    registers,
  })
  gaugeLog(registers, log)
  if (publisher !== undefined) measurePublishing(registers, publisher)
  if (withProcess) collectDefaultMetrics({ register: registry })

  // Looking a labelled metric up costs more than counting; there are few operations and statuses.
  const labelled = new Map<
    string,
    { requests: Counter.Internal; seconds: Histogram.Internal<"operation"> }
  >()
  function answeredAs(operation: string, status: number) {
    const name = `${operation} ${status}`
    const known = labelled.get(name)
    if (known !== undefined) return known
    const made = {
      requests: requests.labels(operation, String(status)),
      seconds: seconds.labels(operation),
    }
    labelled.set(name, made)
    return made
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered(operation, status, duration) {
      const answered = answeredAs(operation, status)
      answered.requests.inc()
      answered.seconds.observe(duration)
    },
    logged(isNew) {
      ;(isNew ? entries : duplicates).inc()
    },
    refused(code) {
      refusals.labels(code).inc()
    },
  }
}

async function metricsAnswer(request: IncomingMessage, metrics: MetricsText): Promise<Answer> {
  if (request.method !== "GET" || request.url !== "/metrics") {
    return textAnswer(404, "not-found: expected GET /metrics\n")
  }
  return textAnswer(200, await metrics.text(), { "content-type": metrics.contentType })
}

/** A server for `GET /metrics` and nothing else; not listening yet. */
export function createAdminServer(metrics: MetricsText): Server {
  return createServer((request, response) => {
    void metricsAnswer(request, metrics)
      .catch((error: unknown) => plainProblemAnswer(problemOf(error)))
      .then((answer) => send(request, response, answer))
  })
}
