// Measures the witness: a process of its own with its own data, many logs that all advance, and connections
// that each keep one request of one log under way. Every answer is durable before it is given.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { runLoad } from "../load/load.ts"
import { makeWitnessLoad } from "../load/witness-load.ts"
import { endProcess, pin, type Split, splitName } from "../served/processes.ts"
import { serveWitness } from "../served/served-witness.ts"
import { type Cost, watchCost, watchMemory } from "./phase.ts"

export interface WitnessPhase {
  readonly name: string
  /** As many as there are logs: a connection carries the requests of one log in their order. */
  readonly connections: number
  /** What is made ready for each second; the phase ends early on a machine that is faster. */
  readonly requestsASecond: number
}

/** The figures of a phase. */
export interface WitnessResult extends Cost {
  readonly name: string
  readonly split: string
  readonly connections: number
  /** Checkpoints cosigned a second within the timed seconds. */
  readonly rate: number
  /** Milliseconds of a request. */
  readonly p50: number
  readonly p99: number
  /** CPU time in microseconds a request. */
  readonly serverCpu: number | undefined
  readonly generatorCpu: number
  readonly resident: number | undefined
  readonly endedEarly: boolean
}

export const witnessPhases: readonly WitnessPhase[] = [
  { name: "witness-1", connections: 1, requestsASecond: 2_000 },
  { name: "witness-4", connections: 4, requestsASecond: 6_000 },
  { name: "witness-16", connections: 16, requestsASecond: 8_000 },
  { name: "witness-64", connections: 64, requestsASecond: 8_000 },
]

// Own signatures are verified once more on threads of their own.
const SPLIT: Split = "two cores shared"
const WARM_UP_SECONDS = 1

export async function runWitnessPhase(
  phase: WitnessPhase,
  folder: string,
  seconds: number,
): Promise<WitnessResult> {
  const { name, connections } = phase
  const total = phase.requestsASecond * (seconds + WARM_UP_SECONDS)
  const steps = Math.ceil(total / connections)
  const { policy, requests } = await makeWitnessLoad({ folder, name, logs: connections, steps })
  const data = join(folder, `${name}-data`)
  const { child, pid, port } = await serveWitness({ data, name: "witness.example", policy })
  pin(pid, "server", SPLIT)
  const job = {
    port,
    connections,
    requests,
    oneFileEach: true,
    again: false,
    warmUp: WARM_UP_SECONDS,
    seconds,
  }
  const memory = watchMemory(pid)
  const cost = watchCost(pid)
  const result = await runLoad(job, SPLIT)
  const { server, others } = cost(result.cpu)
  const resident = memory()
  await endProcess(child)
  rmSync(data, { recursive: true })
  return {
    name,
    split: splitName(SPLIT),
    connections,
    rate: result.timed / result.seconds,
    p50: result.p50,
    p99: result.p99,
    serverCpu: server === undefined ? undefined : server / result.accepted,
    generatorCpu: result.cpu / result.accepted,
    others,
    resident,
    endedEarly: result.usedUp,
  }
}
