// A clock that is believed only as far as it can be: the wall clock, held against one that nobody sets and against the
// newest time that is known. A step forward is doubted until somebody confirms it; after a step back what was signed
// stays the newest time. Leaves out where the readings come from, and who confirms.
import { Trouble } from "../base/errors.ts"

/** Two clocks of one machine, in milliseconds. */
export interface TimeSource {
  /** Unix time as the machine has it; anyone who may set it can make it anything. */
  wall(): number
  /** Counts from any moment, also while the machine sleeps, and is never set. */
  steady(): number
}

/** What a clock is worth at a moment; times in Unix milliseconds. */
export interface ClockState {
  /** Why no new time is signed; undefined if the wall clock is believed. */
  readonly doubt?: string
  /** That the newest time is signed on until the wall clock has caught up; undefined if times go on. */
  readonly standing?: string
  /** The time that it is as far as this process can tell: where the wall clock is doubted, that without its step. */
  readonly believed: number
  /** By how much the newest time is ahead of {@link believed}; 0 if it is not. */
  readonly ahead: number
}

export interface Clock {
  /** Takes note of a time that was signed, or is known to have passed: it is not earlier than that. */
  know(time: number): void
  /** The time that may be signed after `newest`, never a lower one. Throws Trouble `clock` while in doubt. */
  timeAfter(newest: number): number
  state(): ClockState
  /** Takes `offset`, wall clock less steady clock, for right; the wall clock is held against that from now on. */
  confirm(offset: number): void
}

interface ClockOptions extends TimeSource {
  /** Whether an operator has named this time as the present one. */
  readonly accepts?: (wall: number) => boolean
}

/** How far the wall clock may step forward while a process watches it. */
export const STEP_BOUND_MS = 60_000
/** How far it may be after the newest time that is known when a process starts. */
const START_BOUND_MS = 30 * 24 * 3_600_000
/** How much of a smaller difference is taken for granted later, so that steps below the bound do not add up. */
const FOLLOWED = 1 / 1_000
/** How far ahead of the believed time a signed time may be, so that it can still be told as one that has come. */
export const ASTRAY_MS = 24 * 3_600_000

/** Milliseconds as a length of time for people. */
export function lengthText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 300) return `${seconds} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`
  return `${Math.round(seconds / 86_400)} days`
}

function dateText(time: number): string {
  const isDate = Math.abs(time) <= 8_640_000_000_000_000
  return isDate ? new Date(time).toISOString() : `${time}`
}

/** Costs two readings and some sums each time that it is asked. */
export function createClock({ wall, steady, accepts = () => false }: ClockOptions): Clock {
  let known = 0
  /** Wall clock less steady clock as it was last believed; undefined until it was for the first time. */
  let line: number | undefined
  let followedAt = 0

  function believe(offset: number, at: number): void {
    line = offset
    followedAt = at
  }

  function doubtAtStart(now: number): string | undefined {
    if (now - known <= START_BOUND_MS || known === 0 || accepts(now)) return undefined
    return (
      `the clock says ${dateText(now)}, which is ${lengthText(now - known)} after the newest time that is known ` +
      `here, ${dateText(known)}`
    )
  }

  function doubtOfStep(now: number, ahead: number): string | undefined {
    if (ahead <= STEP_BOUND_MS) return undefined
    return `the clock went ${lengthText(ahead)} forward at once, to ${dateText(now)}`
  }

  /** Why the present reading is not believed; a reading that is believed is followed. */
  function read(now: number, at: number): string | undefined {
    if (!Number.isFinite(now)) return "the clock gives no time"
    const offset = now - at
    if (line === undefined) {
      // A clock behind what is known tells nothing that could be followed.
      const doubt = doubtAtStart(now)
      if (doubt === undefined && now >= known) believe(offset, at)
      return doubt
    }
    const doubt = doubtOfStep(now, offset - line)
    if (doubt !== undefined) return doubt
    const most = Math.max(0, at - followedAt) * FOLLOWED
    believe(line + Math.min(most, Math.max(-most, offset - line)), at)
    return undefined
  }

  function know(time: number): void {
    if (time > known) known = time
  }

  return {
    know,
    timeAfter(newest) {
      know(newest)
      const now = wall()
      const doubt = read(now, steady())
      if (doubt !== undefined) throw new Trouble("clock", doubt)
      const time = Math.max(newest, Math.floor(now))
      know(time)
      return time
    },
    state() {
      const now = wall()
      const at = steady()
      const doubt = read(now, at)
      const expected = line === undefined ? undefined : line + at
      // Without a past there is nothing but the wall clock; in doubt not even that.
      const believed =
        doubt === undefined ? Math.max(now, expected ?? now) : (expected ?? Math.min(now, known))
      const ahead = Math.max(0, known - believed)
      const behind = known - now
      const standing =
        doubt === undefined && behind > STEP_BOUND_MS
          ? `the clock says ${dateText(now)}, ${lengthText(behind)} before the newest time that was signed, ` +
            `${dateText(known)}, which stands until the clock has caught up`
          : undefined
      return {
        believed,
        ahead,
        ...(doubt !== undefined && { doubt }),
        ...(standing !== undefined && { standing }),
      }
    },
    confirm(offset) {
      if (Number.isFinite(offset)) believe(offset, steady())
    },
  }
}
