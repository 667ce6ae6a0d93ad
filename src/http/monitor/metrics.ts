// Metrics of a monitor in the Prometheus text format: its HTTP interface, and what its status page shows.
import { collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { EntryCounters } from "../../monitor/entries/examiner.ts"
import type { LogStatus, MonitorStatus } from "../../monitor/status.ts"
import type { MetricsText } from "../serving/metrics-text.ts"
import { measureRequests, type RequestMetrics } from "../serving/request-metrics.ts"

export interface MonitorMetrics extends MetricsText, RequestMetrics {}

type LogValue = readonly [name: string, help: string, value: (log: LogStatus) => number]

const logValues: readonly LogValue[] = [
  ["tree_size", "Entries that were verified.", ({ size }) => size],
  ["backlog", "Entries of the largest signed head that are not verified.", (log) => log.backlog],
  [
    "head_timestamp_seconds",
    "When the newest head was first seen; 0 for never.",
    ({ headAt = 0 }) => headAt / 1000,
  ],
  ["witnesses_now", "Witnesses that cosigned the newest tree.", ({ quorum }) => quorum.now],
  ["witnesses_lately", "Witnesses that lately cosigned this view.", ({ quorum }) => quorum.lately],
  ["witnesses_needed", "Witnesses that are demanded for this view.", ({ quorum }) => quorum.needed],
  [
    "canary_timestamp_seconds",
    "When the last test entry had come back as an alert; 0 for never.",
    ({ canary }) => (canary?.deliveredAt ?? 0) / 1000,
  ],
]

function gaugeLogs(registers: Registry[], status: () => MonitorStatus): void {
  for (const [name, help, value] of logValues) {
    new Gauge({
      name: `countersign_monitor_${name}`,
      help,
      labelNames: ["origin"],
      registers,
      collect() {
        for (const log of status().logs) this.set({ origin: log.origin }, value(log))
      },
    })
  }
  new Gauge({
    name: "countersign_monitor_witness_timestamp_seconds",
    help: "When a witness last signed anything of a log; 0 for never.",
    labelNames: ["origin", "witness"],
    registers,
    collect() {
      for (const { origin, witnesses } of status().logs) {
        for (const { name, lastAt = 0 } of witnesses) {
          this.set({ origin, witness: name }, lastAt / 1000)
        }
      }
    },
  })
}

function gaugeFindings(registers: Registry[], status: () => MonitorStatus): void {
  new Gauge({
    name: "countersign_monitor_open_findings",
    help: "Open findings by kind and grade, acknowledged ones included.",
    labelNames: ["kind", "grade"],
    registers,
    collect() {
      this.reset()
      for (const { kind, grade } of status().findings) this.inc({ kind, grade })
    },
  })
  new Gauge({
    name: "countersign_monitor_severity",
    help: "0 clean, 1 operational, 2 misissuance, 3 proven misbehaviour of a log or a witness.",
    registers,
    collect() {
      this.set(status().worst)
    },
  })
}

function gaugeDelivery(registers: Registry[], status: () => MonitorStatus): void {
  new Gauge({
    name: "countersign_monitor_undelivered_alerts",
    help: "Alerts that not every sink has yet.",
    registers,
    collect() {
      this.set(status().undelivered)
    },
  })
  new Gauge({
    name: "countersign_monitor_sink_failures",
    help: "Failures of a sink since its last delivery.",
    labelNames: ["sink"],
    registers,
    collect() {
      this.reset()
      for (const { name, failures } of status().sinks) this.set({ sink: name }, failures)
    },
  })
  new Gauge({
    name: "countersign_monitor_complete_round_timestamp_seconds",
    help: "When the last complete round ended; 0 for never.",
    registers,
    collect() {
      this.set((status().lastCompleteAt ?? 0) / 1000)
    },
  })
}

type AllCounters = ReadonlyMap<string, EntryCounters>

/** Expected entries make no other noise than this. */
function gaugeEntries(registers: Registry[], counters: () => AllCounters): void {
  new Gauge({
    name: "countersign_monitor_examined_entries",
    help: "Entries since the start, all and by what they turned out to be.",
    labelNames: ["origin", "as"],
    registers,
    collect() {
      for (const [origin, counted] of counters()) {
        for (const [as, count] of Object.entries(counted)) this.set({ origin, as }, count)
      }
    },
  })
}

export interface MonitorMetricsOptions {
  /** Adds the metrics of the process; once a process. */
  readonly withProcess?: boolean
  /** What was examined, by origin. */
  readonly counters?: () => AllCounters
}

export function createMonitorMetrics(
  status: () => MonitorStatus,
  { withProcess = false, counters }: MonitorMetricsOptions = {},
): MonitorMetrics {
  const registry = new Registry()
  const registers = [registry]
  const counted = measureRequests(registers)
  // One status for all values of a scrape: making it reads every finding.
  let current: MonitorStatus | undefined
  const once = () => {
    current ??= status()
    return current
  }
  gaugeLogs(registers, once)
  gaugeFindings(registers, once)
  gaugeDelivery(registers, once)
  if (counters !== undefined) gaugeEntries(registers, counters)
  if (withProcess) collectDefaultMetrics({ register: registry })
  return {
    contentType: registry.contentType,
    async text() {
      current = status()
      return await registry.metrics()
    },
    ...counted,
  }
}
