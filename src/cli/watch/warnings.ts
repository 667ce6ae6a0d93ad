// What a monitor says of its watch file at every start, because without it the monitor may look cleaner than it is.
import { startRemarks } from "../../monitor/watch/lint.ts"
import type { Watch } from "../../monitor/watch/watch.ts"

const MOST_SHOWN = 20

/** A sentence each; the first twenty, and how many more there are. */
export function startWarnings(watch: Watch): readonly string[] {
  const remarks = startRemarks(watch)
  const more = remarks.length - MOST_SHOWN
  const said = remarks
    .slice(0, MOST_SHOWN)
    .map(({ about, text }) => `watch file${about === "" ? "" : `, ${about}`}: ${text}`)
  if (more <= 0) return said
  return [...said, `watch file: ${more} more remarks; countersign watch lint prints all of them`]
}
