// Metrics of a witness in the Prometheus text format: its HTTP interface, and where it stands with each log.
import { collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { WitnessedLogStatus } from "../../witness/witness.ts"
import type { MetricsText } from "../serving/metrics-text.ts"
import { measureRequests, type RequestMetrics } from "../serving/request-metrics.ts"

export interface WitnessMetrics extends MetricsText, RequestMetrics {}

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
  const counted = measureRequests(registers)
  gaugeLogs(registers, logs)
  if (withProcess) collectDefaultMetrics({ register: registry })

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...counted,
  }
}
