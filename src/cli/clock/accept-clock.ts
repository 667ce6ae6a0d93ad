// `--accept-clock`: an operator names the day that it is, and the clock is believed if it says the same, however long
// after the newest known time that is. Left in a unit file it is worth nothing from the next day on.

import { refuse, shown } from "../../core/base/errors.ts"
import { parsed } from "../command/options.ts"

/** Midnight (UTC) of a day in Unix milliseconds. */
function parseDay(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (new Date(Number.isNaN(time) ? 0 : time).toISOString().slice(0, 10) === text) return time
  return refuse("malformed", `day: expected YYYY-MM-DD, found ${shown(text)}`)
}

const DAY_MS = 24 * 3_600_000

/** Whether a time is on the day that was named. */
export function acceptsOn(day: number | undefined): (wall: number) => boolean {
  return (wall) => day !== undefined && wall >= day && wall < day + DAY_MS
}

export function acceptClockOption() {
  return parsed(
    "--accept-clock <day>",
    "believe the clock at this start if it says this day (YYYY-MM-DD in UTC), however long after the newest known time",
    parseDay,
  )
}
