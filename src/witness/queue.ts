// Gathers what arrives together into batches and works on one batch at a time, without a timer: whatever
// arrives while a batch is under way makes up the next one.
import { refuse } from "../core/base/errors.ts"

interface QueueOptions<T> {
  /** Must not reject. */
  readonly work: (batch: readonly T[]) => Promise<void>
  /** Calls back after what has arrived by now. */
  readonly defer: (callback: () => void) => void
}

const MOST_WAITING = 8_192
const MOST_AT_ONCE = 1_024

/** Adds to the queue; refuses `try-later` if 8,192 are waiting. Batches keep the order. */
export function createQueue<T>({ work, defer }: QueueOptions<T>): (item: T) => void {
  const waiting: T[] = []
  let running = false

  async function run(): Promise<void> {
    while (waiting.length > 0) await work(waiting.splice(0, MOST_AT_ONCE))
    running = false
  }

  return (item) => {
    if (waiting.length >= MOST_WAITING) {
      refuse("try-later", `expected up to ${MOST_WAITING} requests at a time, found more`)
    }
    waiting.push(item)
    if (running) return
    running = true
    defer(() => void run())
  }
}
