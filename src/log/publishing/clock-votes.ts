// What witnesses say of the time: a fresh cosignature has the time of its witness's clock in it (C2SP tlog-cosignature).
// Where most of them agree with the wall clock, it is right. None of them can make it anything else than it is already.
import type { TimeSource } from "../../core/time/clock.ts"

interface ClockVotesOptions extends TimeSource {
  /** How many witnesses may be asked. */
  readonly witnesses: number
}

/** How far the clocks of two machines may be from each other, the way of the answer included. */
const AGREEMENT_MS = 60_000

interface ClockVotes {
  /**
   * Hears the times, in Unix seconds, of cosignatures that hold and came now. Gives by how much the wall clock is
   * ahead of the steady one if most witnesses agree with that.
   */
  heard(witness: string, times: readonly number[]): number | undefined
}

export function createClockVotes({ witnesses, wall, steady }: ClockVotesOptions): ClockVotes {
  /** Of each the offset that it agreed with last; one that disagrees has no vote. */
  const votes = new Map<string, number>()
  return {
    heard(witness, times) {
      const now = wall()
      const offset = now - steady()
      const agrees = times.some((time) => Math.abs(time * 1_000 - now) <= AGREEMENT_MS)
      if (agrees) votes.set(witness, offset)
      else votes.delete(witness)
      const agreed = [...votes.values()].filter((vote) => Math.abs(vote - offset) <= AGREEMENT_MS)
      return agreed.length * 2 > witnesses ? offset : undefined
    },
  }
}
