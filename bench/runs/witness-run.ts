// Measures the witness: a process of its own with its own data, many logs that all advance, and connections
// that each keep one request of one log under way. Every answer is durable before it is given.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { makeWitnessLoad } from "../load/witness-load.ts"
import { endProcess, type Split } from "../served/processes.ts"
import { serveWitness } from "../served/served-witness.ts"
import { type Figures, measureLoad, WARM_UP_SECONDS } from "./phase.ts"

export interface WitnessPhase {
  readonly name: string
  /** As many as there are logs: a connection carries the requests of one log in their order. */
  readonly connections: number
  /** What is made ready for each second; the phase ends early on a machine that is faster. */
  readonly requestsASecond: number
}

export const witnessPhases: readonly WitnessPhase[] = [
  { name: "witness-1", connections: 1, requestsASecond: 2_000 },
  { name: "witness-4", connections: 4, requestsASecond: 6_000 },
  { name: "witness-16", connections: 16, requestsASecond: 8_000 },
  { name: "witness-64", connections: 64, requestsASecond: 8_000 },
]

// Own signatures are verified once more on threads of their own.
const SPLIT: Split = "two cores shared"

/** The figures are of checkpoints that were cosigned. */
export async function runWitnessPhase(
  phase: WitnessPhase,
  folder: string,
  seconds: number,
): Promise<Figures> {
  const { name, connections } = phase
  const total = phase.requestsASecond * (seconds + WARM_UP_SECONDS)
  const steps = Math.ceil(total / connections)
  const { policy, requests } = await makeWitnessLoad({ folder, name, logs: connections, steps })
  const data = join(folder, `${name}-data`)
  const { child, pid, port } = await serveWitness({ data, name: "witness.example", policy })
  const measured = { name, connections, pid, split: SPLIT, entriesARequest: 1 }
  const job = { port, requests, oneFileEach: true, again: false, seconds }
  const { figures } = await measureLoad(measured, job)
  await endProcess(child)
  rmSync(data, { recursive: true })
  return figures
}
