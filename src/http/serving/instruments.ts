// What a server is measured by: the metrics of its requests, and values that are read when somebody asks.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import type { MetricsText } from "./metrics-text.ts"

export interface RequestMetrics {
  /** Counts an answer and the seconds until it was ready; `operation` is a route's, or `other`. */
  answered(operation: string, status: number, seconds: number): void
  refused(code: string): void
  /** Counts a request that was turned away by the limit of a class. */
  limited(limit: string): void
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Adds answers, their duration and refusals to the registries. */
function measureRequests(registers: Registry[]): RequestMetrics {
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
  const limits = new Counter({
    name: "countersign_rate_limited_total",
    help: "Requests and batch lines that were turned away by the limit on a class.",
    labelNames: ["class"],
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
    limited(limit) {
      limits.labels(limit).inc()
    },
  }
}

/** The values of a metric by its labels; one that is undefined is not shown. */
export type Labelled = Iterable<
  readonly [labels: Record<string, string>, value: number | undefined]
>

export interface MetricsOptions {
  /** Adds the metrics of the process; once a process. */
  readonly withProcess?: boolean
  /** When the certificate of the server ends, in Unix seconds; without it the server does not speak TLS. */
  readonly certificateExpiry?: () => number
}

/** What a server counts, and what it counted. */
export interface ServerMetrics extends MetricsText, RequestMetrics {}

/** A metric that is read when somebody asks. */
type Metric = [name: string, help: string, labelNames: readonly string[], read: () => Labelled]

export type Instruments = ReturnType<typeof createInstruments>

export function createInstruments(options: MetricsOptions = {}) {
  const { withProcess = false, certificateExpiry } = options
  const registry = new Registry()
  const registers = [registry]
  const counted = measureRequests(registers)
  if (withProcess) collectDefaultMetrics({ register: registry })

  function add(Kind: typeof Gauge | typeof Counter, [name, help, labelNames, read]: Metric): void {
    new Kind({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const [labels, value] of read()) if (value !== undefined) this.inc(labels, value)
      },
    })
  }

  if (certificateExpiry !== undefined) {
    const about = "When the certificate that the server shows ends, in Unix seconds."
    const read = (): Labelled => [[{}, certificateExpiry()]]
    add(Gauge, ["countersign_tls_certificate_expiry_timestamp_seconds", about, [], read])
  }

  return {
    registers,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...counted,
    /** A value; 0 where it is undefined. */
    gauge(name: string, help: string, read: () => number | undefined): void {
      add(Gauge, [name, help, [], () => [[{}, read()]]])
    },
    /** Values that have the same labels are added up. */
    gauges: (...metric: Metric): void => add(Gauge, metric),
    /** As `gauges`, for what only grows. */
    counters: (...metric: Metric): void => add(Counter, metric),
  }
}
