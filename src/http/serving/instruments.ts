// What a server is measured by: the metrics of its requests, and values that are read when somebody asks.
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { MetricsText } from "./metrics-text.ts"
import { measureRequests, type RequestMetrics } from "./request-metrics.ts"

/** The values of a metric by its labels; one that is undefined is not shown. */
export type Labelled = Iterable<
  readonly [labels: Record<string, string>, value: number | undefined]
>

export interface MetricsOptions {
  /** Adds the metrics of the process; once a process. */
  readonly withProcess?: boolean
}

/** What a server counts, and what it counted. */
export interface ServerMetrics extends MetricsText, RequestMetrics {}

export interface Instruments extends ServerMetrics {
  readonly registers: Registry[]
  /** A value; 0 where it is undefined. */
  gauge(name: string, help: string, read: () => number | undefined): void
  /** Values that have the same labels are added up. */
  gauges(name: string, help: string, labelNames: readonly string[], read: () => Labelled): void
  /** As `gauges`, for what only grows. */
  counters(name: string, help: string, labelNames: readonly string[], read: () => Labelled): void
}

export function createInstruments({ withProcess = false }: MetricsOptions = {}): Instruments {
  const registry = new Registry()
  const registers = [registry]
  const counted = measureRequests(registers)
  if (withProcess) collectDefaultMetrics({ register: registry })

  function add(
    Kind: typeof Gauge | typeof Counter,
    ...[name, help, labelNames, read]: Parameters<Instruments["gauges"]>
  ): void {
    new Kind({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const [labels, value] of read()) if (value !== undefined) this.inc(labels, value)
      },
    })
  }

  return {
    registers,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...counted,
    gauge: (name, help, read) => add(Gauge, name, help, [], () => [[{}, read()]]),
    gauges: (...metric) => add(Gauge, ...metric),
    counters: (...metric) => add(Counter, ...metric),
  }
}
