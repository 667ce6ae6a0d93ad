// What listed signers sign must be explained, where the watch file says so (`explain within HOURS`): an entry whose
// signed bytes are neither foretold nor attached nor in a ledger in time is `unexplained-entry`. Clients leave such
// entries behind when they fail after logging, so one is acknowledged by its digest. Without that line they are
// counted, which is a matter of the exit code.
import type { Case } from "../findings/case.ts"
import { attested, type Finding } from "../findings/finding.ts"
import { type Documents, ofLog } from "../state/documents.ts"
import type { Watch } from "../watch/watch.ts"
import { entryCounts, entryCountsOf, MOST_UNEXPLAINED, unexplainedEntries } from "./entry-states.ts"

const HOUR = 3_600_000

function overdue(documents: Documents, origin: string, hours: number, now: number): Finding[] {
  const kept = ofLog(documents, unexplainedEntries, origin)
  const found = new Map<string, Finding>()
  for (const [key, { digest, since }] of kept) {
    if (now - since < hours * HOUR) continue
    const index = Number(key)
    const what = digest ?? `entry ${index}`
    const known = found.get(what)
    if (known?.index !== undefined && known.index <= index) continue
    const summary = `entry ${index} is signed by a signer of the watch file, and nobody has explained within ${hours} hours what it is about: ${what}.`
    found.set(what, { ...attested("unexplained-entry", origin, summary, what), index })
  }
  const more = entryCountsOf(documents, origin).opaqueListed - kept.length
  if (kept.length >= MOST_UNEXPLAINED && more > 0) {
    const summary = `${more} more entries by signers of the watch file are not explained; they are too many to be named.`
    found.set("more", attested("unexplained-entry", origin, summary, "more"))
  }
  return [...found.values()]
}

/**
 * `unexplained-entry` for what is overdue at `now` (Unix milliseconds), one finding a digest, and for nothing else. Sets
 * how many entries are a matter of the exit code.
 */
export function judgeExplanations(
  documents: Documents,
  origin: string,
  { opaque, explainWithin }: Watch,
  now: number,
): Case[] {
  const counts = entryCountsOf(documents, origin)
  const isCounted = opaque !== "ignore" && explainWithin === undefined
  const unexplained = isCounted ? counts.opaqueListed : 0
  if (counts.unexplained !== unexplained) {
    documents.put(entryCounts, origin, { ...counts, unexplained })
  }
  const findings = explainWithin === undefined ? [] : overdue(documents, origin, explainWithin, now)
  const but = new Set(findings.map(({ key }) => key))
  return [...findings, { kinds: ["unexplained-entry"], origin, but }]
}
