// Metrics in the Prometheus text format, and the admin server that gives them away. It belongs on an
// address that only operators reach.
import { createServer, type IncomingMessage, type Server } from "node:http"
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { Log } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import { type Answer, send, textAnswer } from "../serving/answer.ts"
import type { Meter } from "../serving/config.ts"
import { plainProblemAnswer, problemOf } from "../serving/problem.ts"
import { measureRequests } from "../serving/request-metrics.ts"
import { measurePublishing } from "./publishing-metrics.ts"

/** Metrics as they are given away. */
export interface MetricsText {
  readonly contentType: string
  /** The current values of everything. */
  text(): Promise<string>
}

export interface Metrics extends Meter, MetricsText {}

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
  const counted = measureRequests(registers)
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
  gaugeLog(registers, log)
  if (publisher !== undefined) measurePublishing(registers, publisher)
  if (withProcess) collectDefaultMetrics({ register: registry })

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...counted,
    logged(isNew) {
      ;(isNew ? entries : duplicates).inc()
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
