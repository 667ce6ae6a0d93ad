// One attack against a fresh server: what it costs while it goes on, and what is left of that afterwards.
import { setMaxListeners } from "node:events"
import { setTimeout as wait } from "node:timers/promises"
import type { Attack, Stand } from "./attack.ts"
import { type Measured, measure } from "./measuring/measurer.ts"
import { ask, createSubmission } from "./measuring/question.ts"
import type { Turns } from "./measuring/watch.ts"
import { cpuSeconds, residentBytes, watchTurns } from "./stand/processes.ts"
import type { Target } from "./stand/targets.ts"
import { createWires } from "./stand/wires.ts"

export interface Outcome extends Measured {
  readonly name: string
  readonly row: string
  readonly target: Attack["target"]
  /** How long it went on. */
  readonly seconds: number
  /** Whether it was stopped because the server had taken too much memory. */
  readonly isCut: boolean
  /** Of the server, meanwhile. */
  readonly cpu: number | undefined
  /** Bytes before, and when the connections had been closed for a while. */
  readonly idle: number | undefined
  readonly after: number | undefined
  /** Of the server's event loop. */
  readonly turns: Turns | undefined
  /** How often the attack was answered with each status. */
  readonly statuses: Readonly<Record<number, number>>
  /** Whether the attack met what it is an attack of. */
  readonly isMet: boolean
}

export interface Limits {
  readonly seconds: number
  readonly mostMemory: number
  /** The address that the attack connects to; that of this machine by default. */
  readonly host?: string | undefined
  /** The folder for CPU profiles of the server. */
  readonly profiles?: string | undefined
}

const SETTLE_MS = 5_000
const WARM_UP = 20

async function warmUp({ served, questions }: Target): Promise<void> {
  for (let i = 0; i < WARM_UP; i++) {
    for (const probe of questions.health) await ask(served.port, probe)
    await ask(served.port, questions.honest)
    if (questions.isLog) await ask(served.port, createSubmission())
  }
  await wait(500)
}

/** Resolves after so long, or at once when the signal comes. */
async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal }).catch(() => {})
}

export async function runAttack(attack: Attack, target: Target, limits: Limits): Promise<Outcome> {
  const { served, filled, vkeys, questions } = target
  const { pid, port } = served
  const { host = "127.0.0.1", profiles } = limits
  await warmUp(target)
  const idle = residentBytes(pid)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  let isCut = false
  const statuses: Record<number, number> = {}
  const answered = (status: number): void => {
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const onPeak = (bytes: number): void => {
    if (bytes <= limits.mostMemory) return
    isCut = true
    stop.abort()
  }
  const start = () => {
    const late = setTimeout(() => stop.abort(), limits.seconds * 1_000)
    stop.signal.addEventListener("abort", () => clearTimeout(late))
    const profile = profiles && `${profiles}/${attack.name}.cpuprofile`
    const cpu = cpuSeconds(pid) ?? 0
    const measuring = measure({ pid, port, questions }, onPeak)
    return { cpu, measuring, endTurns: watchTurns(served, profile), at: performance.now() }
  }
  let begun: ReturnType<typeof start> | undefined
  const begin = (): void => {
    begun ??= start()
  }
  const wires = createWires(port, host, answered)
  const open: Stand["open"] = (options) => {
    begin()
    return wires.open(options)
  }
  const pause = (milliseconds: number) => pauseFor(milliseconds, stop.signal)
  const url = `http://${host}:${port}`
  await attack.run({ url, host, port, answered, begin, open, pause, filled, vkeys }, stop.signal)
  const { measuring, endTurns, at, cpu } = begun ?? start()
  const seconds = (performance.now() - at) / 1_000
  const measured = await measuring.end()
  const cpuAfter = cpuSeconds(pid)
  const turns = await endTurns()
  await wires.readLast()
  wires.closeAll()
  await wait(SETTLE_MS)
  const { name, row, expected } = attack
  return {
    ...{ name, row, target: attack.target, seconds, isCut, ...measured, idle, turns, statuses },
    isMet: expected?.some((status) => statuses[status] !== undefined) ?? true,
    cpu: cpuAfter === undefined ? undefined : cpuAfter - cpu,
    after: residentBytes(pid),
  }
}
