// The world of one life: a clock that stands still unless something is waited for, and a queue of what comes next.
// Whoever asks a port waits a drawn while, so that everything that can overlap does, in another order for every seed.
import { createDice, type Dice } from "../dice.ts"

/** A process that runs in the world; a dead one is never called back. */
export interface Life {
  readonly number: number
  alive: boolean
  /** A write has failed, or something was signed that must not have been: nothing may be written or signed any more. */
  doubt: string | undefined
  /** It said that it ends. */
  ending: boolean
  /** So many waits until the power fails; below 0 for never. */
  crashIn: number
}

interface Event {
  readonly at: number
  readonly life: Life | undefined
  readonly run: () => void
}

/** What a life ends with that broke a promise. */
export class Broken extends Error {}

export interface World {
  readonly dice: Dice
  /** True once in so many. */
  chance(oneIn: number): boolean
  /** What lies on the table of the wall clock and never goes back, in milliseconds. */
  now(): number
  /** The wall clock, which may do anything. */
  wall(): number
  /** Sets the wall clock to what a process may believe. */
  setWall(offset: number): void
  /** Lets it run away, so that nobody may sign what it says. */
  runAway(by: number): void
  /** The latest time that may be signed. */
  latest(): number
  readonly offset: number
  /** Waits as whoever asks a disk, a key or another machine: a few milliseconds, or `delay`. */
  pause(life: Life, delay?: number): Promise<void>
  after(life: Life | undefined, delay: number, run: () => void): () => void
  kill(life: Life): void
  /** Lets what comes next happen, and everything that follows from it at once; false if nothing is to come. */
  step(): Promise<boolean>
  /** Work in the threads of the machine: no step is over before it is. */
  outside<T>(work: Promise<T>): Promise<T>
  broken(what: string): void
  readonly found: string[]
  readonly onKill: ((life: Life) => void)[]
}

/** How far a clock may step forward at once and is believed, with what is followed while a process runs. */
const STEP_MS = 61_000
/** When lives begin, in Unix milliseconds. */
export const START = 1_700_000_000_000

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export function createWorld(seed: number, start = START): World {
  const dice = createDice(seed)
  const events = new Set<Event>()
  const found: string[] = []
  const onKill: ((life: Life) => void)[] = []
  let time = start
  let offset = 0
  let believed = 0
  let away = 0

  function after(life: Life | undefined, delay: number, run: () => void): () => void {
    const event = { at: time + delay, life, run }
    events.add(event)
    return () => void events.delete(event)
  }

  function next(): Event | undefined {
    let first: Event | undefined
    for (const event of events) if (first === undefined || event.at < first.at) first = event
    return first
  }

  function kill(life: Life): void {
    if (!life.alive) return
    life.alive = false
    for (const event of events) if (event.life === life) events.delete(event)
    for (const told of onKill) told(life)
  }

  return {
    dice,
    chance: (oneIn) => dice(oneIn) === 0,
    now: () => time,
    wall: () => time + offset,
    get offset() {
      return offset
    },
    setWall(by) {
      offset = by
      believed = by
    },
    latest: () => time + believed + STEP_MS,
    runAway(by) {
      offset = believed + by
    },
    pause(life, delay = dice(6)) {
      if (life.crashIn === 0) kill(life)
      life.crashIn -= 1
      return new Promise((resolve) => {
        if (life.alive) after(life, delay, resolve)
      })
    },
    after,
    kill,
    async step() {
      if (events.size === 0) await turn()
      const event = next()
      if (event === undefined) return false
      events.delete(event)
      time = Math.max(time, event.at)
      event.run()
      do await turn()
      while (away > 0)
      return true
    },
    async outside(work) {
      away += 1
      try {
        return await work
      } finally {
        away -= 1
      }
    },
    broken(what) {
      if (found.length < 10) found.push(what)
    },
    found,
    onKill,
  }
}

export function newLife(number: number): Life {
  return { number, alive: true, doubt: undefined, ending: false, crashIn: -1 }
}
