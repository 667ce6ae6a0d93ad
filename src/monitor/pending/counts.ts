// How many entries of a log are not understood, and why: what every answer about a log has to say beside it.
import { type DocumentReads, ofLog } from "../state/documents.ts"
import { countMarks } from "./marks.ts"
import { type PendingReason, standings } from "./standing.ts"

/** How many entries of a log are not understood. */
export interface StandingCounts {
  /** What the log has taken away. */
  readonly redacted: number
  readonly pending: {
    readonly total: number
    readonly listed: number
    readonly byReason: Readonly<Record<PendingReason, number>>
    /** When the first of them became so, in Unix milliseconds. */
    readonly since?: number
  }
  /** Entries by watched signers of which it cannot be told whether their certificates were valid when they were logged. */
  readonly undecided: number
  /** Entries that wait to be examined again because more is known. */
  readonly again: number
}

export function countStandings(documents: DocumentReads, origin: string): StandingCounts {
  const byReason = {
    unasked: 0,
    unreachable: 0,
    "other-envelope": 0,
    "too-large": 0,
    withheld: 0,
  }
  const counts = { redacted: 0, total: 0, listed: 0, undecided: 0, again: 0 }
  let since: number | undefined
  for (const [, block] of ofLog(documents, standings, origin)) {
    counts.again += block.again === undefined ? 0 : countMarks(block.again)
    for (const each of block.groups) {
      const count = countMarks(each.members)
      const { reason } = each
      if (reason === "test" || reason === "undecided-stranger") continue
      if (reason === "undecided") counts.undecided += count
      else if (reason === "redacted") counts.redacted += count
      else if (reason !== "unknown-bytes" && reason !== "not-kept") {
        byReason[reason] += count
        counts.total += count
        if (each.isListed === true) counts.listed += count
        since = Math.min(since ?? each.since, each.since)
      }
    }
  }
  const { total, listed, ...rest } = counts
  const pending = { total, listed, byReason, ...(since !== undefined && { since }) }
  return { pending, ...rest }
}
