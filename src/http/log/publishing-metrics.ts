// Metrics of publishing with witnesses. Their labels are the names of configured witnesses, so they are
// bounded. A log without a policy has none of them.
import type { Publisher, WitnessStatus } from "../../log/ports/publishing.ts"
import type { Instruments } from "../serving/instruments.ts"

type Row = readonly [
  name: string,
  help: string,
  read: (status: WitnessStatus) => number | undefined,
]

const gaugeRows: readonly Row[] = [
  ["size", "The largest size that the witness has cosigned since the start.", ({ size }) => size],
  [
    "last_cosignature_seconds",
    "When the witness last cosigned, in Unix seconds.",
    ({ cosigned }) => cosigned && cosigned / 1000,
  ],
  [
    "failing",
    "1 if the witness's last answer was no good, else 0.",
    (it) => (it.failure === undefined ? 0 : 1),
  ],
]

const counterRows: readonly Row[] = [
  [
    "cosignatures_total",
    "Cosignatures of the witness that were verified.",
    (it) => it.cosignatures,
  ],
  ["failures_total", "Requests to the witness that brought no cosignature.", (it) => it.failures],
]

/** Adds them if `publisher` publishes with witnesses. */
export function measurePublishing(
  { gauge, gauges, counters }: Pick<Instruments, "gauge" | "gauges" | "counters">,
  publisher: Publisher,
): void {
  if (publisher.status() === undefined) return

  gauge("countersign_published_size", "Entries in the published checkpoint.", () => {
    return publisher.status()?.published
  })
  gauge(
    "countersign_quorum_reached",
    "1 if the last round of cosignatures reached the quorum, else 0.",
    () => (publisher.status()?.isReached ? 1 : 0),
  )
  const ofWitnesses = (add: typeof gauges, rows: readonly Row[]): void => {
    for (const [name, help, read] of rows) {
      add(`countersign_witness_${name}`, help, ["witness"], () => {
        const { witnesses = [] } = publisher.status() ?? {}
        return witnesses.map((witness) => [{ witness: witness.name }, read(witness)])
      })
    }
  }
  ofWitnesses(gauges, gaugeRows)
  ofWitnesses(counters, counterRows)
}
