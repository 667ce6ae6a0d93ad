// A clock that stands still until a test moves it.
import { setImmediate } from "node:timers/promises"
import type { Clock } from "../../src/log/ports/publishing.ts"
import { startTime } from "./opened-log.ts"

export interface FakeClock extends Clock {
  /** Moves the time on and fires what is due, in order; work that was begun gets its turns. */
  pass(milliseconds: number): Promise<void>
  /** How many timers there are. */
  pending(): number
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await setImmediate()
}

export function fakeClock(): FakeClock {
  let time = startTime
  const timers = new Map<object, { readonly at: number; readonly fire: () => void }>()

  function nextDue(until: number) {
    let next: { key: object; at: number; fire: () => void } | undefined
    for (const [key, { at, fire }] of timers) {
      if (at <= until && (next === undefined || at < next.at)) next = { key, at, fire }
    }
    return next
  }

  return {
    now: () => time,
    steady: () => time,
    after(delay, fire) {
      const key = {}
      timers.set(key, { at: time + delay, fire })
      return () => timers.delete(key)
    },
    pending: () => timers.size,
    async pass(milliseconds) {
      const until = time + milliseconds
      await settle()
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due.key)
        time = due.at
        due.fire()
        await settle()
      }
      time = until
    },
  }
}
