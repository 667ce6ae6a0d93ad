// Metrics of publishing with witnesses. Their labels are the names of configured witnesses, so they are
// bounded. A log without a policy has none of them.
import { Counter, Gauge, type Registry } from "prom-client"
import type { Publisher, PublishingStatus, WitnessStatus } from "../../log/ports/publishing.ts"

type Read<S> = (status: S) => number | undefined

function gauge(
  registers: Registry[],
  name: string,
  help: string,
  read: () => number | undefined,
): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      const value = read()
      if (value === undefined) this.reset()
      else this.set(value)
    },
  })
}

/** Adds them to `registers` if `publisher` publishes with witnesses. */
export function measurePublishing(registers: Registry[], publisher: Publisher): void {
  if (publisher.status() === undefined) return

  function ofAll(name: string, help: string, read: Read<PublishingStatus>): void {
    gauge(registers, name, help, () => {
      const status = publisher.status()
      return status && read(status)
    })
  }

  const witnesses = (): readonly WitnessStatus[] => publisher.status()?.witnesses ?? []
  const labelNames = ["witness"] as const

  function ofEach(name: string, help: string, read: Read<WitnessStatus>): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const witness of witnesses()) {
          const value = read(witness)
          if (value !== undefined) this.set({ witness: witness.name }, value)
        }
      },
    })
  }

  function countOfEach(name: string, help: string, read: (status: WitnessStatus) => number): void {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        for (const witness of witnesses()) this.inc({ witness: witness.name }, read(witness))
      },
    })
  }

  ofAll(
    "countersign_published_size",
    "Entries in the published checkpoint.",
    ({ published }) => published,
  )
  ofAll(
    "countersign_quorum_reached",
    "1 if the last round of cosignatures reached the quorum, else 0.",
    ({ isReached }) => (isReached ? 1 : 0),
  )
  ofEach(
    "countersign_witness_size",
    "The largest size that the witness has cosigned since the start.",
    ({ size }) => size,
  )
  ofEach(
    "countersign_witness_last_cosignature_seconds",
    "When the witness last cosigned, in Unix seconds.",
    ({ cosigned }) => cosigned && cosigned / 1000,
  )
  ofEach(
    "countersign_witness_failing",
    "1 if the witness's last answer was no good, else 0.",
    (it) => (it.failure === undefined ? 0 : 1),
  )
  countOfEach(
    "countersign_witness_cosignatures_total",
    "Cosignatures of the witness that were verified.",
    ({ cosignatures }) => cosignatures,
  )
  countOfEach(
    "countersign_witness_failures_total",
    "Requests to the witness that brought no cosignature.",
    ({ failures }) => failures,
  )
}
