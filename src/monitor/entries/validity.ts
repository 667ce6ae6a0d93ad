// Whether an entry was logged while its signers' certificates were valid, by the clocks of witnesses: the
// times of the two cosigned heads that enclose it. The entry's own clock and the log's are never asked.
import { bug } from "../../core/base/errors.ts"
import { secondsText } from "../heads/statement.ts"
import type { EntryRemark } from "./remark.ts"

/** When the entry came into the log, in Unix seconds; a side without a cosigned head is not there. */
interface TimeSandwich {
  /** Of the newest cosigned head without the entry: it came later. */
  readonly from?: number
  /** Of the oldest cosigned head with the entry: it was there by then. */
  readonly to?: number
}

/** How far a witness's clock may be off, in seconds. */
export const CLOCK_SKEW = 300

/**
 * The remark that an `outside-validity` candidate turns into: undefined unless the whole time in which the
 * entry can have come lies outside of the dates, give or take `skew` seconds.
 */
export function judgeValidity(
  candidate: EntryRemark,
  { from, to }: TimeSandwich,
  skew = CLOCK_SKEW,
): EntryRemark | undefined {
  const { kind, index, notBefore, notAfter } = candidate
  if (kind !== "outside-validity" || notBefore === undefined || notAfter === undefined) {
    return bug(`a remark ${kind} has no dates`)
  }
  const dates = `${secondsText(notBefore)} to ${secondsText(notAfter)}`
  if (notBefore > notAfter) {
    const summary = `entry ${index} is signed under certificates that are never valid together: ${dates}`
    return { ...candidate, summary }
  }
  if (from !== undefined && from - skew > notAfter) {
    const summary = `entry ${index} came after ${secondsText(from)}, its certificate is valid from ${dates}`
    return { ...candidate, summary }
  }
  if (to !== undefined && to + skew < notBefore) {
    const summary = `entry ${index} was there at ${secondsText(to)}, its certificate is valid from ${dates}`
    return { ...candidate, summary }
  }
  return undefined
}
