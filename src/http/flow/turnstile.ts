// Lets only so many of what is dear go on at a time. Who waits is taken in turn by client, so that one with many
// requests stands in nobody's way; beyond what may wait, `try-later` is the answer.
import { refuse } from "../../core/base/errors.ts"

export interface TurnstileLimits {
  readonly atATime: number
  readonly waiting: number
  readonly waitingOfOne: number
}

/** Resolves with what must be called at the end; refuses `try-later` where too many wait. */
export type Turnstile = (client: unknown) => Promise<() => void>

/** `what` is named where it is refused, for example `searches`. */
export function createTurnstile(what: string, limits: TurnstileLimits): Turnstile {
  /** By client, in the order of their turns. */
  const lines = new Map<unknown, (() => void)[]>()
  let waiting = 0
  let running = 0

  /** Lets the next client go on, who then stands last. */
  function letNext(): void {
    for (const [client, line] of lines) {
      lines.delete(client)
      const enter = line.shift()
      if (line.length > 0) lines.set(client, line)
      if (enter === undefined) continue
      waiting -= 1
      return enter()
    }
    running -= 1
  }

  return async (client) => {
    if (running < limits.atATime) {
      running += 1
      return letNext
    }
    const line = lines.get(client) ?? []
    if (waiting >= limits.waiting || line.length >= limits.waitingOfOne) {
      refuse("try-later", `too many ${what} are under way; try again in a second`)
    }
    lines.set(client, line)
    waiting += 1
    await new Promise<void>((resolve) => line.push(resolve))
    return letNext
  }
}
