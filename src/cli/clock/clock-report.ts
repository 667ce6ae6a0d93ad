// What operators are told of the clock: once when nothing is signed with it or times stand still, and once when that is
// over.
import type { Logger } from "pino"
import type { ClockState } from "../../core/time/clock.ts"

/** Takes every state; says what has changed. */
export function createClockReport(
  logger: Pick<Logger, "error" | "warn" | "info">,
): (state: ClockState) => void {
  let said: "doubt" | "standing" | undefined
  return ({ doubt, standing }) => {
    const now = doubt !== undefined ? "doubt" : standing !== undefined ? "standing" : undefined
    if (now === said) return
    said = now
    if (now === "doubt")
      logger.error({ reason: doubt }, "the clock is in doubt: nothing is signed with its time")
    else if (now === "standing")
      logger.warn({ reason: standing }, "the clock is behind: times stand still")
    else logger.info("the clock is believed, times go on")
  }
}
