// The writes of a log: one at a time, and none after one that failed, because what is on the disk is unknown then.
import { Refusal, refuse } from "../core/base/errors.ts"
import { createTurns } from "../core/base/turns.ts"
import { isClockTrouble, refuseForClock } from "./clock-trouble.ts"

interface Writes {
  /** Runs `work` when all before it are done. Refuses `try-later` once nothing is written any more. */
  inOrder<T>(work: () => Promise<T>): Promise<T>
  /** Nothing more is accepted, for this reason unless there was one before. What was taken is still written. */
  close(reason: string): void
  /** Nothing more is written either. */
  halt(reason: string): void
  /** Why nothing is accepted any more; undefined if that is not so. */
  stopped(): string | undefined
}

/** `onFatal` is told of each write that failed: the process must end. */
export function createWrites(onFatal: (reason: unknown) => void): Writes {
  const inTurn = createTurns()
  let stopped: string | undefined
  let halted: string | undefined

  function halt(reason: string): void {
    halted ??= reason
    stopped ??= reason
  }

  function fail(reason: unknown): never {
    // A clock in doubt is noticed before anything happens; all else leaves the state unknown.
    if (isClockTrouble(reason)) return refuseForClock(reason.message)
    const why = "the log stopped after an error"
    stopped = why
    halted ??= why
    onFatal(reason)
    // Who refuses here judges no entry: it may be in the log when this is over.
    throw reason instanceof Refusal ? new Refusal("try-later", why) : reason
  }

  return {
    async inOrder(work) {
      return await inTurn(async () => {
        if (halted !== undefined) refuse("try-later", `nothing is signed any more: ${halted}`)
        try {
          return await work()
        } catch (reason) {
          return fail(reason)
        }
      })
    },
    close(reason) {
      stopped ??= reason
    },
    halt,
    stopped: () => stopped,
  }
}
