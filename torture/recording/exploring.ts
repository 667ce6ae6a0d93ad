// Walks through a recording and builds, behind its operations, disks that a loss of power at that moment may leave.
import type { Dice } from "../dice.ts"
import { createDisk, type DiskState, type Remains } from "./disk.ts"
import type { Recording } from "./recording.ts"

/** What a run found. */
export interface Exploration {
  readonly states: number
  readonly broken: readonly string[]
}

interface Exploring<Told> {
  readonly recording: Recording<Told>
  /** How many states. */
  readonly times: number
  readonly dice: Dice
  /** Told in order, before any state that lies behind it. */
  hear(told: Told): void
  /** What is wrong with a state; `number` counts the states. */
  judge(state: DiskState, number: number): Promise<readonly string[]>
}

const MOST_BROKEN = 20
const LEAST_STATES = 3

function remainsOf(turn: number, dice: Dice): Remains {
  if (turn === 0) return "none"
  if (turn === 1) return "all"
  return dice(2) === 0 ? "subset" : "torn"
}

/** How many states are built at each moment: all kinds where there is room, else at moments that are drawn. */
function planOf(points: number, times: number, dice: Dice): () => number {
  const each = times / Math.max(1, points)
  if (each >= LEAST_STATES) {
    let owed = 0
    return () => {
      owed += each
      const now = Math.floor(owed)
      owed -= now
      return now
    }
  }
  const outOf = Math.ceil((LEAST_STATES * 1_000) / each)
  return () => (dice(outOf) < 1_000 ? LEAST_STATES : 0)
}

/** Stops early where much is broken. */
export async function explore<Told>(exploring: Exploring<Told>): Promise<Exploration> {
  const { recording, times, dice, hear, judge } = exploring
  const { events, from } = recording
  const disk = createDisk(recording.root, recording.before)
  const here = planOf(events.length - from, times, dice)
  const broken: string[] = []
  let states = 0
  for (const [at, event] of events.entries()) {
    if (event.kind === "told") hear(event.told)
    else disk.apply(event)
    if (at < from) continue
    const wanted = here()
    for (let turn = 0; turn < wanted; turn++) {
      const remains = remainsOf(turn, dice)
      const found = await judge(disk.state(remains, dice), states)
      states += 1
      for (const line of found) broken.push(`${recording.name}, ${remains}@${at}: ${line}`)
      if (broken.length >= MOST_BROKEN) return { states, broken }
    }
  }
  return { states, broken }
}
