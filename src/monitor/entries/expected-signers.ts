// Whether an entry of which only the body is known is by whom its subject's owner expects: what the log's search says of
// entries that the monitor cannot read yet is no alarm then.
import { EMPTY_ROOT } from "../../core/tree/hash.ts"
import type { EntryReading, ExaminedEntry } from "./reading.ts"
import type { WatchIndex } from "./watch-index.ts"

/**
 * Gives whether everyone who signed is expected of each subject with this digest (`algorithm:hex`). A certificate counts
 * only where the watch file names authorities, because anyone can make one.
 */
export function createExpectedSigners(
  read: (entry: ExaminedEntry) => EntryReading,
  { believesAnyone, subjectsOf }: WatchIndex,
): (body: Uint8Array, digest: string) => boolean {
  return (body, digest) => {
    // The place of an entry is nothing to its signers.
    const reading = read({ index: 0, leafHash: EMPTY_ROOT, body })
    if (reading.form !== "read") return false
    const { signers } = reading.facts
    const about = subjectsOf({ digests: [digest], signers, subjects: [] })
    if (about.every(({ subject }) => subject.signers.length === 0)) return true
    const isDoubtful = believesAnyone && signers.some(({ certificate }) => certificate)
    return !isDoubtful && about.every(({ strangers }) => strangers.length === 0)
  }
}
