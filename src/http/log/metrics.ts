// Metrics of a log: its tree, the entries under way, requests, publishing.
import { Counter } from "prom-client"
import type { Log } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import type { Meter } from "../serving/config.ts"
import { createInstruments, type MetricsOptions } from "../serving/instruments.ts"
import type { MetricsText } from "../serving/metrics-text.ts"
import { measurePublishing } from "./publishing-metrics.ts"

interface Metrics extends Meter, MetricsText {}

interface LogMetricsOptions extends MetricsOptions {
  /** Adds those of its witnesses, if it has any. */
  readonly publisher?: Publisher
}

/** Metrics of a log and its HTTP interface. */
export function createMetrics(
  log: Pick<Log, "head" | "status">,
  { publisher, ...options }: LogMetricsOptions = {},
): Metrics {
  const { registers, gauge, ...instruments } = createInstruments(options)
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
  gauge("countersign_tree_size", "Entries in the newest signed tree.", () => log.head().size)
  const pool = () => log.status().queued
  gauge("countersign_pool_entries", "Entries on their way through the pool into the log.", pool)
  gauge("countersign_queue_length", "The older name of countersign_pool_entries.", pool)
  gauge(
    "countersign_search_lag",
    "Entries of the newest signed tree that the search index does not have yet.",
    () => Math.max(0, log.head().size - log.status().indexed),
  )
  gauge(
    "countersign_opaque_entries",
    "Entries in the search index of which the log cannot say what was signed.",
    () => log.status().opaque,
  )
  gauge(
    "countersign_messages",
    "Messages that were attached to entries.",
    () => log.status().messages,
  )
  gauge(
    "countersign_message_lag",
    "Attached messages that the search index does not know yet.",
    () => Math.max(0, log.status().messages - log.status().attachedUpTo),
  )
  gauge("countersign_accepting", "1 if the log takes entries, else 0.", () =>
    log.status().accepting ? 1 : 0,
  )
  gauge("countersign_clock_doubted", "1 if nothing is signed because the clock is in doubt.", () =>
    log.status().clock?.doubt === undefined ? 0 : 1,
  )
  gauge(
    "countersign_clock_standing",
    "1 if the newest time is signed on because the clock is behind it.",
    () => (log.status().clock?.standing === undefined ? 0 : 1),
  )
  gauge(
    "countersign_clock_ahead_seconds",
    "By how much the newest time is ahead of the time that it is, as far as that can be told.",
    () => (log.status().clock?.ahead ?? 0) / 1_000,
  )
  if (publisher !== undefined) measurePublishing({ gauge, ...instruments }, publisher)
  return {
    ...instruments,
    logged: (isNew) => (isNew ? entries : duplicates).inc(),
  }
}
