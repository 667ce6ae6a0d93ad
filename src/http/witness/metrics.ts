// Metrics of a witness in the Prometheus text format: its HTTP interface, and where it stands with each log.
import type { WitnessedLogStatus } from "../../witness/witness.ts"
import {
  createInstruments,
  type MetricsOptions,
  type ServerMetrics,
} from "../serving/instruments.ts"

export function createWitnessMetrics(
  logs: () => readonly WitnessedLogStatus[],
  options?: MetricsOptions,
): ServerMetrics {
  const instruments = createInstruments(options)

  function ofEach(name: string, help: string, read: (log: WitnessedLogStatus) => number): void {
    instruments.gauges(`countersign_witness_${name}`, help, ["origin"], () =>
      logs().map((log) => [{ origin: log.origin }, read(log)]),
    )
  }

  ofEach(
    "tree_size",
    "Entries in the newest tree of a log that the witness stands for.",
    ({ size }) => size,
  )
  ofEach(
    "cosigned_timestamp_seconds",
    "When the log was last cosigned, in Unix seconds; 0 for never.",
    ({ time }) => time,
  )
  ofEach(
    "frozen",
    "1 if the witness has stopped cosigning the log until an operator acts, else 0.",
    ({ frozen }) => (frozen === undefined ? 0 : 1),
  )
  return instruments
}
