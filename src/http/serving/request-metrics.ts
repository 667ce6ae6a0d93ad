// The metrics that every HTTP server of Countersign's has: answers, their duration, refusals.
import { Counter, Histogram, type Registry } from "prom-client"

export interface RequestMetrics {
  /**
   * Counts an answer and the seconds until it was ready; `operation` is a route's, or `other`.
   */
  answered(operation: string, status: number, seconds: number): void
  refused(code: string): void
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Adds them to the registries. */
export function measureRequests(registers: Registry[]): RequestMetrics {
  const requests = new Counter({
    name: "countersign_http_requests_total",
    help: "Answered requests by operation and status.",
    labelNames: ["operation", "status"],
    registers,
  })
  const durations = new Histogram({
    name: "countersign_http_request_seconds",
    help: "Seconds from a request's headers to its answer, by operation.",
    labelNames: ["operation"],
    buckets: SECONDS,
    registers,
  })
  const refusals = new Counter({
    name: "countersign_refusals_total",
    help: "Refused requests and batch lines by code.",
    labelNames: ["code"],
    registers,
  })
  // Looking a labelled metric up costs more than counting; there are few operations and statuses.
  const labelled = new Map<string, (seconds: number) => void>()

  function counterOf(operation: string, status: number): (seconds: number) => void {
    const counted = requests.labels(operation, String(status))
    const timed = durations.labels(operation)
    return (seconds) => {
      counted.inc()
      timed.observe(seconds)
    }
  }

  return {
    answered(operation, status, seconds) {
      const name = `${operation} ${status}`
      const count = labelled.get(name) ?? counterOf(operation, status)
      labelled.set(name, count)
      count(seconds)
    },
    refused(code) {
      refusals.labels(code).inc()
    },
  }
}
