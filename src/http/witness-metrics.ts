// Metrics of a witness in the Prometheus text format: its HTTP interface, and where it stands with each log.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import type { WitnessedLogStatus } from "../witness/witness.ts"
import type { MetricsText } from "./metrics.ts"

export interface WitnessMetrics extends MetricsText {
  answered(operation: string, status: number, seconds: number): void
  refused(code: string): void
}

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5]

function gaugeLogs(registers: Registry[], logs: () => readonly WitnessedLogStatus[]): void {
  const labelNames = ["origin"]
  new Gauge({
    name: "countersign_witness_tree_size",
    help: "Entries in the newest tree of a log that the witness stands for.",
    labelNames,
    registers,
    collect() {
      for (const { origin, size } of logs()) this.set({ origin }, size)
    },
  })
  new Gauge({
    name: "countersign_witness_cosigned_timestamp_seconds",
    help: "When the log was last cosigned, in Unix seconds; 0 for never.",
    labelNames,
    registers,
    collect() {
      for (const { origin, time } of logs()) this.set({ origin }, time)
    },
  })
  new Gauge({
    name: "countersign_witness_frozen",
    help: "1 if the witness has stopped cosigning the log until an operator acts, else 0.",
    labelNames,
    registers,
    collect() {
      for (const { origin, frozen } of logs()) this.set({ origin }, frozen === undefined ? 0 : 1)
    },
  })
}

/** `withProcess` adds the metrics of the process; once a process. */
export function createWitnessMetrics(
  logs: () => readonly WitnessedLogStatus[],
  { withProcess = false }: { readonly withProcess?: boolean } = {},
): WitnessMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: "countersign_http_requests_total",
    help: "Answered requests by operation and status.",
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
  const refusals = new Counter({
    name: "countersign_refusals_total",
    help: "Refused requests by code.",
    labelNames: ["code"],
    registers,
  })
  gaugeLogs(registers, logs)
  if (withProcess) collectDefaultMetrics({ register: registry })

  // Looking a labelled metric up costs more than counting; there are few operations and statuses.
  const labelled = new Map<string, (duration: number) => void>()
  function counterOf(operation: string, status: number): (duration: number) => void {
    const counted = requests.labels(operation, String(status))
    const timed = seconds.labels(operation)
    return (duration) => {
      counted.inc()
      timed.observe(duration)
    }
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered(operation, status, duration) {
      const name = `${operation} ${status}`
      const count = labelled.get(name) ?? counterOf(operation, status)
      labelled.set(name, count)
      count(duration)
    },
    refused(code) {
      refusals.labels(code).inc()
    },
  }
}
