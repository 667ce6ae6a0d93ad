// When a log's key may have signed: the window that a trusted root states for it, both ends included (protobuf-specs,
// TimeRange). An entry is judged at its own time if it has one.
import { refuse } from "../../core/base/errors.ts"
import type { PinnedLog } from "../../sigstore/trusted-root.ts"

type Window = Pick<PinnedLog, "origin" | "validFrom" | "validUntil">

/** How far the clocks of a log and of a verifier may be apart, in milliseconds. */
const CLOCK_SKEW = 60_000

/** Refuses `mismatch` for a time, in Unix seconds, that has not come yet. */
export function assertPast(seconds: number, now: Date): void {
  if (seconds * 1000 <= now.getTime() + CLOCK_SKEW) return
  refuse("mismatch", `integratedTime: expected a time that is past, found ${seconds} seconds`)
}

/**
 * Refuses `untrusted` unless the key was valid at `time`. Without a time only the beginning can be judged, at `now`: what
 * an undated entry of a key that has been retired says may be from before.
 */
export function assertInWindow(log: Window, time: Date | undefined, now: Date): void {
  const { origin, validFrom, validUntil } = log
  if (validFrom === undefined) {
    refuse("untrusted", `the trusted root does not say from when the key of ${origin} is valid`)
  }
  if ((time ?? now).getTime() + (time ? 0 : CLOCK_SKEW) < validFrom.getTime()) {
    refuse("untrusted", `the key of ${origin} is valid from ${validFrom.toISOString()} on only`)
  }
  if (time !== undefined && validUntil !== undefined && time.getTime() > validUntil.getTime()) {
    refuse(
      "untrusted",
      `the key of ${origin} was valid until ${validUntil.toISOString()}, the entry is of ${time.toISOString()}`,
    )
  }
}
