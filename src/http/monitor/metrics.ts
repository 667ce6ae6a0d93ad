// Metrics of a monitor in the Prometheus text format: its HTTP interface, and what its status page shows.
import type { EntryCounters } from "../../monitor/entries/examiner.ts"
import type { LogStatus, MonitorStatus } from "../../monitor/status.ts"
import {
  createInstruments,
  type Instruments,
  type Labelled,
  type MetricsOptions,
  type ServerMetrics,
} from "../serving/instruments.ts"

type LogValue = readonly [name: string, help: string, value: (log: LogStatus) => number]

const logValues: readonly LogValue[] = [
  ["tree_size", "Entries that were verified.", ({ size }) => size],
  ["backlog", "Entries of the largest signed head that are not verified.", (log) => log.backlog],
  [
    "head_timestamp_seconds",
    "When the newest head was first seen; 0 for never.",
    ({ headAt = 0 }) => headAt / 1000,
  ],
  [
    "judged_entries",
    "Entries that are judged by the present watch file.",
    ({ rescan }) => rescan.judged,
  ],
  [
    "undecided_validity",
    "Entries of which it cannot be told whether their certificates were valid when they were logged.",
    ({ entries }) => entries.undecided,
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

const opaqueHelp =
  "Entries of which nobody here knows what was signed, by whether a watched signer signed them."

function pendingEntries({ logs }: MonitorStatus): Labelled {
  return logs.flatMap(({ origin, entries: { pending } }) =>
    Object.entries(pending.byReason).map(([reason, count]) => [{ origin, reason }, count] as const),
  )
}

function opaqueEntries({ logs }: MonitorStatus): Labelled {
  return logs.flatMap(({ origin, entries: { opaque } }) => [
    [{ origin, signer: "listed" }, opaque.listed] as const,
    [{ origin, signer: "stranger" }, opaque.strangers] as const,
  ])
}

function witnessTimes({ logs }: MonitorStatus): Labelled {
  return logs.flatMap(({ origin, witnesses }) =>
    witnesses.map(({ name, lastAt = 0 }) => [{ origin, witness: name }, lastAt / 1000] as const),
  )
}

function measureStatus(instruments: Instruments, status: () => MonitorStatus): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    instruments.gauge(`countersign_monitor_${name}`, help, read)
  const gauges = (name: string, help: string, labels: readonly string[], read: () => Labelled) =>
    instruments.gauges(`countersign_monitor_${name}`, help, labels, read)
  for (const [name, help, value] of logValues) {
    gauges(name, help, ["origin"], () =>
      status().logs.map((log) => [{ origin: log.origin }, value(log)]),
    )
  }
  gauges(
    "witness_timestamp_seconds",
    "When a witness last signed anything of a log; 0 for never.",
    ["origin", "witness"],
    () => witnessTimes(status()),
  )
  gauges(
    "pending_entries",
    "Entries of which what was signed was asked for and has not come, by reason.",
    ["origin", "reason"],
    () => pendingEntries(status()),
  )
  gauges("opaque_entries", opaqueHelp, ["origin", "signer"], () => opaqueEntries(status()))
  gauge(
    "kept_messages",
    "Messages that others gave and that are kept.",
    () => status().messages?.count ?? 0,
  )
  gauge("kept_message_bytes", "Bytes of these messages.", () => status().messages?.bytes ?? 0)
  gauges(
    "open_findings",
    "Open findings by kind and grade, acknowledged ones included.",
    ["kind", "grade"],
    () => status().findings.map(({ kind, grade }) => [{ kind, grade }, 1]),
  )
  gauge(
    "severity",
    "0 clean, 1 operational, 2 misissuance, 3 a log or a witness is convicted.",
    () => status().worst,
  )
  gauge("undelivered_alerts", "Alerts that not every sink has yet.", () => status().undelivered)
  gauges("sink_failures", "Failures of a sink since its last delivery.", ["sink"], () =>
    status().sinks.map(({ name, failures }) => [{ sink: name }, failures]),
  )
  gauge(
    "complete_round_timestamp_seconds",
    "When the last complete round ended; 0 for never.",
    () => (status().lastCompleteAt ?? 0) / 1000,
  )
}

type AllCounters = ReadonlyMap<string, EntryCounters>

function examined(counters: AllCounters): Labelled {
  return [...counters].flatMap(([origin, counted]) =>
    Object.entries(counted).map(([as, count]) => [{ origin, as }, count] as const),
  )
}

interface MonitorMetricsOptions extends MetricsOptions {
  /** What was examined, by origin. */
  readonly counters?: () => AllCounters
}

export function createMonitorMetrics(
  status: () => MonitorStatus,
  { counters, ...options }: MonitorMetricsOptions = {},
): ServerMetrics {
  const instruments = createInstruments(options)
  // One status for all values of a scrape: making it reads every finding.
  let current: MonitorStatus | undefined
  measureStatus(instruments, () => {
    current ??= status()
    return current
  })
  if (counters !== undefined) {
    // Expected entries make no other noise than this.
    instruments.gauges(
      "countersign_monitor_examined_entries",
      "Entries since the start, all and by what they turned out to be.",
      ["origin", "as"],
      () => examined(counters()),
    )
  }
  return {
    ...instruments,
    async text() {
      current = status()
      return await instruments.text()
    },
  }
}
