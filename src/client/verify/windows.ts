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

/** Why the key was not valid at `time`, or at `now` not yet; undefined if it was. */
function reasonAgainst(
  { origin, validFrom, validUntil }: Window,
  time: Date | undefined,
  now: Date,
): string | undefined {
  if (validFrom === undefined) {
    return `the trusted root does not say from when the key of ${origin} is valid`
  }
  const latest = time?.getTime() ?? now.getTime() + CLOCK_SKEW
  if (latest < validFrom.getTime()) {
    return `the key of ${origin} is valid from ${validFrom.toISOString()} on only`
  }
  if (time === undefined || validUntil === undefined || time.getTime() <= validUntil.getTime()) {
    return undefined
  }
  return `the key of ${origin} was valid until ${validUntil.toISOString()}, the entry is of ${time.toISOString()}`
}

/**
 * Of the windows that are stated for one key, one in which it was valid at `time`; else refuses `untrusted`. Without a time
 * only the beginning can be judged, at `now`: what an undated entry of a key that has been retired says may be from before.
 */
export function windowAt<Own extends Window>(
  windows: readonly Own[],
  time: Date | undefined,
  now: Date,
): Own {
  const reasons = windows.map((window) => reasonAgainst(window, time, now))
  const found = windows.find((_, i) => reasons[i] === undefined)
  return found ?? refuse("untrusted", reasons[0] ?? "the key is not in the trusted root")
}
