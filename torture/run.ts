// One attack against a fresh server: what it costs while it goes on, and what is left of that afterwards.
import { setTimeout as wait } from "node:timers/promises"
import type { Attack } from "./attack.ts"
import { type Measured, measure } from "./measuring/measurer.ts"
import { ask } from "./measuring/question.ts"
import { cpuSeconds, residentBytes } from "./stand/processes.ts"
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
}

export interface Limits {
  readonly seconds: number
  readonly mostMemory: number
}

const SETTLE_MS = 5_000
const WARM_UP = 20

async function warmUp({ served, questions }: Target): Promise<void> {
  for (let i = 0; i < WARM_UP; i++) {
    await ask(served.port, questions.health)
    await ask(served.port, questions.honest)
  }
  await wait(500)
}

/** Resolves after so long, or at once when the signal comes. */
async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal }).catch(() => {})
}

export async function runAttack(attack: Attack, target: Target, limits: Limits): Promise<Outcome> {
  const { served, filled, vkeys, questions } = target
  const { pid, port, url } = served
  await warmUp(target)
  const idle = residentBytes(pid)
  const cpuBefore = cpuSeconds(pid) ?? 0
  const stop = new AbortController()
  let isCut = false
  const measuring = measure({ pid, port, questions }, (bytes) => {
    if (bytes <= limits.mostMemory) return
    isCut = true
    stop.abort()
  })
  const wires = createWires(port)
  const start = performance.now()
  const late = setTimeout(() => stop.abort(), limits.seconds * 1_000)
  const pause = (milliseconds: number) => pauseFor(milliseconds, stop.signal)
  await attack.run({ url, port, open: wires.open, pause, filled, vkeys }, stop.signal)
  clearTimeout(late)
  const seconds = (performance.now() - start) / 1_000
  const measured = await measuring.end()
  const cpuAfter = cpuSeconds(pid)
  wires.closeAll()
  await wait(SETTLE_MS)
  const { name, row } = attack
  return {
    ...{ name, row, target: attack.target, seconds, isCut, ...measured, idle },
    cpu: cpuAfter === undefined ? undefined : cpuAfter - cpuBefore,
    after: residentBytes(pid),
  }
}
