// The clocks of this machine: the wall clock, and one beside it that nobody can set. On Linux that is the uptime, which
// goes on while the machine sleeps; elsewhere the monotonic clock of the process, which may stand still meanwhile.
import { openSync, readSync } from "node:fs"
import type { TimeSource } from "../../core/time/clock.ts"

const UPTIME = "/proc/uptime"
/** `SECONDS.HUNDREDTHS SECONDS.HUNDREDTHS`. */
const LONGEST_UPTIME = 64

/** Milliseconds since the machine was started, to a hundredth of a second; about 2 µs a call. */
function uptimeReader(): () => number {
  const descriptor = openSync(UPTIME, "r")
  const bytes = Buffer.alloc(LONGEST_UPTIME)
  return () => {
    const length = readSync(descriptor, bytes, 0, LONGEST_UPTIME, 0)
    const seconds = /^[0-9]+\.[0-9]+(?= )/.exec(bytes.toString("latin1", 0, length))
    // No number leads to doubt, and not to a time that is made up.
    return seconds === null ? Number.NaN : Number(seconds[0]) * 1_000
  }
}

/** In milliseconds, the same in all threads of a process. */
function steadyReader(): () => number {
  try {
    const read = uptimeReader()
    if (Number.isFinite(read())) return read
  } catch {
    // No Linux, or no /proc.
  }
  return () => Number(process.hrtime.bigint()) / 1_000_000
}

/** Keeps one file open. */
export function machineClock(): TimeSource {
  return { wall: Date.now, steady: steadyReader() }
}
