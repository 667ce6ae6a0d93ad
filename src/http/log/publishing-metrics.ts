// Metrics of publishing with witnesses. Their labels are the names of configured witnesses, so they are
// bounded. A log without a policy has none of them.
import type { Publisher, PublishingStatus, WitnessStatus } from "../../log/ports/publishing.ts"
import type { Instruments, Labelled } from "../serving/instruments.ts"

/** Adds them if `publisher` publishes with witnesses. */
export function measurePublishing(
  { gauge, gauges, counters }: Pick<Instruments, "gauge" | "gauges" | "counters">,
  publisher: Publisher,
): void {
  if (publisher.status() === undefined) return
  const labelNames = ["witness"]

  function ofAll(read: (status: PublishingStatus) => number | undefined) {
    return () => {
      const status = publisher.status()
      return status && read(status)
    }
  }

  function ofEach(read: (status: WitnessStatus) => number | undefined) {
    return (): Labelled => {
      const { witnesses = [] } = publisher.status() ?? {}
      return witnesses.map((witness) => [{ witness: witness.name }, read(witness)])
    }
  }

  gauge(
    "countersign_published_size",
    "Entries in the published checkpoint.",
    ofAll(({ published }) => published),
  )
  gauge(
    "countersign_quorum_reached",
    "1 if the last round of cosignatures reached the quorum, else 0.",
    ofAll(({ isReached }) => (isReached ? 1 : 0)),
  )
  gauges(
    "countersign_witness_size",
    "The largest size that the witness has cosigned since the start.",
    labelNames,
    ofEach(({ size }) => size),
  )
  gauges(
    "countersign_witness_last_cosignature_seconds",
    "When the witness last cosigned, in Unix seconds.",
    labelNames,
    ofEach(({ cosigned }) => cosigned && cosigned / 1000),
  )
  gauges(
    "countersign_witness_failing",
    "1 if the witness's last answer was no good, else 0.",
    labelNames,
    ofEach((it) => (it.failure === undefined ? 0 : 1)),
  )
  counters(
    "countersign_witness_cosignatures_total",
    "Cosignatures of the witness that were verified.",
    labelNames,
    ofEach(({ cosignatures }) => cosignatures),
  )
  counters(
    "countersign_witness_failures_total",
    "Requests to the witness that brought no cosignature.",
    labelNames,
    ofEach(({ failures }) => failures),
  )
}
