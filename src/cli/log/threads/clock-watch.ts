// The clock of the writer thread, looked at between batches as well: what it is worth is told when that changes, and
// the newest time that is believed is kept for the next start.
import { join } from "node:path"
import { type Clock, type ClockState, createClock } from "../../../core/time/clock.ts"
import { readClockFile, writeClockFile } from "../../../storage/files/clock-file.ts"
import { acceptsOn } from "../../clock/accept-clock.ts"
import { machineClock } from "../../clock/machine-clock.ts"

const LOOK_EVERY_MS = 1_000
const KEEP_EVERY_MS = 3_600_000

interface ClockPlace {
  /** The data directory. */
  readonly path: string
  /** The day that an operator has named. */
  readonly acceptClock?: number | undefined
}

function fileOf({ path }: ClockPlace): string {
  return join(path, "clock")
}

/** A clock that knows the newest time that was believed here before. */
export function openClock(place: ClockPlace): Clock {
  const clock = createClock({ ...machineClock(), accepts: acceptsOn(place.acceptClock) })
  clock.know(readClockFile(fileOf(place)) ?? 0)
  return clock
}

/** Whether people are to hear of it: not of a time that moves on. */
function isOther(a: ClockState, b: ClockState | undefined): boolean {
  if (b === undefined || a.ahead > 0 || b.ahead > 0) return true
  return (a.doubt === undefined) !== (b.doubt === undefined) || a.standing !== b.standing
}

/** Looks once a second, and at once, as long as the process runs. */
export function watchClock(
  clock: Clock,
  place: ClockPlace,
  tell: (state: ClockState) => void,
): () => void {
  let told: ClockState | undefined
  let keptAt: number | undefined

  function look(): void {
    const state = clock.state()
    if (isOther(state, told)) tell(state)
    told = state
    if (state.doubt !== undefined || state.standing !== undefined) return
    if (keptAt !== undefined && Math.abs(state.believed - keptAt) < KEEP_EVERY_MS) return
    keptAt = state.believed
    writeClockFile(fileOf(place), Math.floor(state.believed))
  }

  look()
  setInterval(look, LOOK_EVERY_MS).unref()
  return look
}
