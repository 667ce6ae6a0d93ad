// Metrics of a log: its tree, the entries under way, requests, publishing.
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { Log } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import type { Meter } from "../serving/config.ts"
import type { MetricsText } from "../serving/metrics-text.ts"
import { measureRequests } from "../serving/request-metrics.ts"
import { measurePublishing } from "./publishing-metrics.ts"

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
    name: "countersign_search_lag",
    help: "Entries of the newest signed tree that the search index does not have yet.",
    registers,
    collect() {
      this.set(Math.max(0, log.head().size - log.status().indexed))
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
