// The times of cosignatures: one of a log is never earlier than the one before, none is signed while the clock is in
// doubt, and none that is a day ahead of what the clock says, which nobody could believe.
import { Refusal, refuse, Trouble } from "../core/base/errors.ts"
import { present } from "../core/base/present.ts"
import { ASTRAY_MS, type Clock, createClock, lengthText } from "../core/time/clock.ts"

interface WitnessClockOptions {
  /** The wall clock in Unix seconds. */
  readonly now: () => number
  readonly clock?: Clock
}

/** All times are in Unix seconds. */
export interface WitnessClock {
  /** Takes note of a time that was signed before. */
  know(time: number): void
  /** The time that may be signed for a log after `newest`. Refuses `try-later` if there is none. */
  timeAfter(newest: number): number
  /** As {@link timeAfter}; undefined instead of a refusal. */
  timeIfAny(newest: number): number | undefined
  status(): { readonly doubt?: string; readonly standing?: string }
}

const ADVICE =
  'nothing is signed until that is over, or the operator says so (operating.md, "Clocks")'

export function createWitnessClock(options: WitnessClockOptions): WitnessClock {
  const wall = () => options.now() * 1_000
  const clock = options.clock ?? createClock({ wall, steady: wall })

  function assertNear(newest: number): void {
    const ahead = newest * 1_000 - clock.state().believed
    if (ahead <= ASTRAY_MS) return
    refuse(
      "try-later",
      `the newest time that was signed for this log is ${lengthText(ahead)} ahead of the clock; ${ADVICE}`,
    )
  }

  function timeAfter(newest: number): number {
    assertNear(newest)
    try {
      const time = Math.floor(clock.timeAfter(newest * 1_000) / 1_000)
      // SPEC: the time of a checkpoint's cosignature MUST NOT be 0.
      return time > 0 ? time : refuse("try-later", `the clock gives no time; ${ADVICE}`)
    } catch (reason) {
      if (!(reason instanceof Trouble && reason.code === "clock")) throw reason
      return refuse("try-later", `${reason.message}; ${ADVICE}`)
    }
  }

  return {
    know: (time) => clock.know(time * 1_000),
    timeAfter,
    timeIfAny(newest) {
      try {
        return timeAfter(newest)
      } catch (reason) {
        if (reason instanceof Refusal) return undefined
        throw reason
      }
    },
    status() {
      const { doubt, standing } = clock.state()
      return present({ doubt: doubt && `${doubt}; ${ADVICE}`, standing })
    },
  }
}
