// The present time for who signs none of its own but judges the times of others: a step of the wall clock, either way,
// is not believed before it has lasted, so that a clock that is wrong for a while accuses nobody and permits nothing.
import { createClock, lengthText, STEP_BOUND_MS, type TimeSource } from "./clock.ts"

interface PatientTimeOptions extends TimeSource {
  /** How long a step must have lasted, in milliseconds of the steady clock. */
  readonly patience: number
}

interface PatientTime {
  /** Unix milliseconds. */
  readonly now: number
  /** That the wall clock says something else, for people; undefined if it does not. */
  readonly doubt: string | undefined
}

/** Gives the time as it is believed; to be asked now and then, or a step seems to have come when it is next asked. */
export function createPatientTime({
  wall,
  steady,
  patience,
}: PatientTimeOptions): () => PatientTime {
  const clock = createClock({ wall, steady })
  let stepped: { readonly offset: number; readonly at: number } | undefined

  /** What the wall clock says apart from what is believed, in milliseconds, if that is a step. */
  function stepOf(believed: number, now: number): number {
    return Number.isFinite(now) && Math.abs(now - believed) <= STEP_BOUND_MS ? 0 : now - believed
  }

  function hasLasted(offset: number, at: number): boolean {
    if (stepped === undefined || !(Math.abs(stepped.offset - offset) <= STEP_BOUND_MS)) {
      stepped = { offset, at }
    }
    return at - stepped.at >= patience && Number.isFinite(offset)
  }

  return () => {
    const [now, at] = [wall(), steady()]
    const { believed } = clock.state()
    const step = stepOf(believed, now)
    if (step === 0) {
      stepped = undefined
      return { now: believed, doubt: undefined }
    }
    if (hasLasted(now - at, at)) {
      clock.confirm(now - at)
      stepped = undefined
      return { now, doubt: undefined }
    }
    const way = step > 0 ? "forward" : "back"
    return { now: believed, doubt: `the clock went ${lengthText(Math.abs(step))} ${way} at once` }
  }
}
