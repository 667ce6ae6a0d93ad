// A clock in doubt in the words of the log: what is refused for it, and which times it no longer promises.
import { refuse, Trouble } from "../core/base/errors.ts"
import { ASTRAY_MS, type ClockState, lengthText } from "../core/time/clock.ts"
import type { RekorSigner } from "./ports/signer.ts"

export function isClockTrouble(reason: unknown): reason is Trouble {
  return reason instanceof Trouble && reason.code === "clock"
}

function obstacleText(doubt: string): string {
  return (
    `${doubt}; nothing is signed with that time until the clock is right again, or witnesses or the operator ` +
    'confirm it (operating.md, "Clocks")'
  )
}

/** Why nothing is accepted while the clock is in doubt. */
export function clockObstacle(state: ClockState | undefined): string | undefined {
  return state?.doubt && obstacleText(state.doubt)
}

/** Refuses `try-later`: nothing was written. */
export function refuseForClock(doubt: string): never {
  return refuse("try-later", `nothing is accepted now: ${obstacleText(doubt)}`)
}

function assertPromised(ahead: number): void {
  if (ahead <= ASTRAY_MS) return
  refuse(
    "try-later",
    `the log's times are ${lengthText(ahead)} ahead of its clock, so it signs no entry timestamps; every other ` +
      'interface goes on (operating.md, "Clocks")',
  )
}

/**
 * The same signer, except that it promises no time that is far ahead of the clock: times of a log never run back, and
 * where they have once run away, a signed entry timestamp would be a lie. Refuses `try-later`.
 */
export function promiseInTime(
  signer: RekorSigner,
  clock: () => ClockState | undefined,
): RekorSigner {
  return {
    ...signer,
    assertPromising() {
      assertPromised(clock()?.ahead ?? 0)
    },
    async signEntry(promise, inclusion) {
      const { believed = 0, ahead = 0 } = clock() ?? {}
      // Entries from before the times ran away are promised as ever.
      if (ahead > ASTRAY_MS) assertPromised(promise.integratedTime * 1000 - believed)
      return await signer.signEntry(promise, inclusion)
    },
  }
}
