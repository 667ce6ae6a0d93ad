// One phase: so many connections send requests of one sort to the served log for some seconds. Its entries
// are counted by the growth of the tree, which must equal what was answered.
import { cpus } from "node:os"
import { join } from "node:path"
import { type LoadJob, runLoad } from "../load/load.ts"
import { getRequest, writeRequests } from "../load/request-file.ts"
import { signRequests } from "../load/signing.ts"
import {
  cpuTime,
  machineCpuTime,
  memoryOf,
  pin,
  type Split,
  splitName,
} from "../served/processes.ts"
import type { ServedLog } from "../served/served-log.ts"

export interface Phase {
  readonly name: string
  readonly connections: number
  readonly split: Split
  readonly sends: Submissions | Reads
}

export interface Submissions {
  readonly type: "submissions"
  readonly keys: number
  readonly entriesARequest: number
  /** How many entries a second are made ready; the phase ends early on a machine that is faster. */
  readonly entriesASecond: number
  /** Whether each submission waits for a witnessed checkpoint. */
  readonly waits?: boolean
}

export interface Reads {
  readonly type: "reads"
  /** A path to read from a log of this size; called once for each request that is made ready. */
  readonly path: (size: number) => string
}

/** The figures that every phase has; what it counts is its entries, or its requests. */
export interface Figures {
  readonly name: string
  readonly split: string
  readonly connections: number
  /** Within the timed seconds. */
  readonly rate: number
  /** Milliseconds of a request. */
  readonly p50: number
  readonly p99: number
  /** CPU time in microseconds of one that is counted. */
  readonly serverCpu: number | undefined
  readonly generatorCpu: number
  /** The share of the machine that others used meanwhile, 0 to 1: high means noisy figures. */
  readonly others: number | undefined
  /** The most resident bytes that were seen. */
  readonly resident: number | undefined
  /** The requests ran out before the time did. */
  readonly endedEarly: boolean
}

/** The figures of a phase of the log. Entries are requests where nothing is submitted. */
export interface PhaseResult extends Figures {
  /** Entries in the log before and after. */
  readonly sizes: readonly [before: number, after: number]
}

export const WARM_UP_SECONDS = 1
const READS_MADE_READY = 50_000
const MEMORY_LOOK_MS = 100

async function makeRequests(
  { name, sends }: Phase,
  folder: string,
  seconds: number,
  size: number,
): Promise<readonly string[]> {
  if (sends.type === "submissions") {
    const entries = sends.entriesASecond * (seconds + WARM_UP_SECONDS)
    return await signRequests({ ...sends, folder, name: `${name}-${size}`, entries })
  }
  const file = join(folder, `${name}-${size}.requests`)
  writeRequests(
    file,
    Array.from({ length: READS_MADE_READY }, () => getRequest(sends.path(size))),
  )
  return [file]
}

/** Looks at the memory of a process until told to stop, which gives the most that was seen. */
export function watchMemory(pid: number): () => number | undefined {
  let most: number | undefined
  const look = (): void => {
    const memory = memoryOf(pid)
    if (memory !== undefined) most = Math.max(most ?? 0, memory.resident)
  }
  const timer = setInterval(look, MEMORY_LOOK_MS)
  return () => {
    clearInterval(timer)
    look()
    return most
  }
}

interface Cost extends Pick<Figures, "others"> {
  /** Microseconds. */
  readonly server?: number
}

/** Begins to count CPU time; gives the microseconds of the server and the share of all others. */
export function watchCost(pid: number) {
  const start = performance.now()
  const serverBefore = cpuTime(pid)
  const machineBefore = machineCpuTime()
  return (generator: number): Cost => {
    const serverAfter = cpuTime(pid)
    const machineAfter = machineCpuTime()
    if (serverBefore === undefined || serverAfter === undefined) return { others: undefined }
    const server = serverAfter - serverBefore
    if (machineBefore === undefined || machineAfter === undefined)
      return { server, others: undefined }
    const others = machineAfter - machineBefore - server - generator
    const available = (performance.now() - start) * 1_000 * cpus().length
    return { server, others: Math.max(0, others / available) }
  }
}

interface Measured extends Pick<Figures, "name" | "connections"> {
  readonly pid: number
  readonly split: Split
  /** What one request counts for. */
  readonly entriesARequest: number
}

/** Sends the requests of a job to the process and gives what that cost, and how many were accepted. */
export async function measureLoad(
  { name, connections, pid, split, entriesARequest }: Measured,
  job: Omit<LoadJob, "connections" | "warmUp">,
): Promise<{ readonly figures: Figures; readonly accepted: number }> {
  pin(pid, "server", split)
  const memory = watchMemory(pid)
  const cost = watchCost(pid)
  const result = await runLoad({ ...job, connections, warmUp: WARM_UP_SECONDS }, split)
  const { server, others } = cost(result.cpu)
  const { accepted, timed, seconds, p50, p99, usedUp } = result
  const count = accepted * entriesARequest
  const figures = {
    name,
    split: splitName(split),
    connections,
    rate: (timed * entriesARequest) / seconds,
    p50,
    p99,
    serverCpu: server === undefined ? undefined : server / count,
    generatorCpu: result.cpu / count,
    others,
    resident: memory(),
    endedEarly: usedUp,
  }
  return { figures, accepted }
}

function assertGrowth({ sends, name }: Phase, accepted: number, growth: number): void {
  const expected = sends.type === "submissions" ? accepted * sends.entriesARequest : 0
  if (growth === expected) return
  throw new Error(`${name}: expected the tree to grow by ${expected} entries, found ${growth}`)
}

/** Rejects if an answer was not 2xx or the tree did not grow by what was answered. */
export async function runPhase(
  phase: Phase,
  log: ServedLog,
  folder: string,
  seconds: number,
): Promise<PhaseResult> {
  const { sends } = phase
  const before = await log.size()
  const requests = await makeRequests(phase, folder, seconds, before)
  const entriesARequest = sends.type === "submissions" ? sends.entriesARequest : 1
  const job = { port: log.port, requests, again: sends.type === "reads", seconds }
  const { figures, accepted } = await measureLoad({ ...phase, pid: log.pid, entriesARequest }, job)
  const after = await log.size()
  assertGrowth(phase, accepted, after - before)
  return { ...figures, sizes: [before, after] }
}
