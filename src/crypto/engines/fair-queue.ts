// A queue that senders take turns in, whatever any of them puts into it, bounded in weight as a whole and for each of
// them; and a lane, which runs what waits in one.
import { Refusal } from "../../core/base/errors.ts"

interface QueueBounds {
  /** Weight of everything that was added and not released. */
  readonly most: number
  /** The same of one sender. */
  readonly mostOfOne: number
}

export interface Taken<T> {
  readonly item: T
  readonly weight: number
  readonly by: string
}

/** What is added counts until it is released. What is heavier than a bound is taken when nothing else is there. */
export function createFairQueue<T>({ most, mostOfOne }: QueueBounds) {
  /** Whose turn is next comes first. */
  const lines = new Map<string, Taken<T>[]>()
  const weights = new Map<string, number>()
  let total = 0

  function isTooMuch(weight: number, by: string): boolean {
    const own = weights.get(by) ?? 0
    return (total > 0 && total + weight > most) || (own > 0 && own + weight > mostOfOne)
  }

  return {
    /** False, and nothing happens, if there is no room for it. */
    add(item: T, weight: number, by: string): boolean {
      if (isTooMuch(weight, by)) return false
      total += weight
      weights.set(by, (weights.get(by) ?? 0) + weight)
      const line = lines.get(by)
      if (line === undefined) lines.set(by, [{ item, weight, by }])
      else line.push({ item, weight, by })
      return true
    },
    /** The oldest one of the sender whose turn it is. */
    take(): Taken<T> | undefined {
      const next = lines.entries().next()
      if (next.done === true) return undefined
      const [by, line] = next.value
      const taken = line.shift()
      lines.delete(by)
      if (line.length > 0) lines.set(by, line)
      return taken
    },
    release({ weight, by }: Pick<Taken<T>, "weight" | "by">): void {
      total -= weight
      const left = (weights.get(by) ?? 0) - weight
      if (left > 0) weights.set(by, left)
      else weights.delete(by)
    },
    /** Of everything that was added and not released. */
    weight: () => total,
  }
}

export interface LaneOptions extends QueueBounds {
  /** Tasks that run at once. */
  readonly atOnce: number
  /** What there is too much of, for the refusal. */
  readonly what: string
}

/** Runs tasks, some at once; senders take turns. */
export type Lane = <T>(weight: number, by: string, task: () => Promise<T>) => Promise<T>

/** Tasks must reject, not throw. Refuses `try-later` a task for which there is no room. */
export function createLane({ atOnce, what, ...bounds }: LaneOptions): Lane {
  const queue = createFairQueue<() => Promise<void>>(bounds)
  let underWay = 0

  async function run(taken: Taken<() => Promise<void>>): Promise<void> {
    underWay += 1
    await taken.item()
    underWay -= 1
    queue.release(taken)
    startSome()
  }

  function startSome(): void {
    while (underWay < atOnce) {
      const taken = queue.take()
      if (taken === undefined) return
      void run(taken)
    }
  }

  return (weight, by, task) =>
    new Promise((resolve, reject) => {
      const settled = () => task().then(resolve, reject)
      if (queue.add(settled, weight, by)) startSome()
      else reject(new Refusal("try-later", `too many ${what} wait; try again in a second`))
    })
}
