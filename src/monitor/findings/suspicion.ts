// What may be the network and may heal: a case is suspected at first, and attested once a second vantage
// point shows it too or the same one still does a minute later.
import { collection } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, list, message, text } from "../state/schema.ts"
import type { AbsentCase, SuspectedCase } from "./case.ts"
import type { Grade } from "./finding.ts"

/** Between two tries of which the second one confirms the first. */
const RETRY_MILLISECONDS = 60_000
const MOST_VANTAGES = 16

/** By the key of the case; times in Unix milliseconds. */
export const suspicions = collection(
  "suspicion",
  message({ first: integer, last: integer, vantages: list(text, MOST_VANTAGES) }),
)

/** Notes that a case was seen and gives its grade so far. */
export function suspect(documents: Documents, seen: SuspectedCase): Grade {
  const { key, shownBy, at, patience = RETRY_MILLISECONDS } = seen
  const before = documents.get(suspicions, key) ?? { first: at, last: at, vantages: [] }
  const isKnown = before.vantages.includes(shownBy) || before.vantages.length === MOST_VANTAGES
  const after = {
    first: Math.min(before.first, at),
    last: Math.max(before.last, at),
    vantages: isKnown ? before.vantages : [...before.vantages, shownBy],
  }
  documents.put(suspicions, key, after)
  const isConfirmed = after.vantages.length > 1 || after.last - after.first >= patience
  return isConfirmed ? "ATTESTED" : "SUSPECTED"
}

/** Forgets what shows a case. Gives whether it is over: everywhere, or this was the last vantage point. */
export function forget(documents: Documents, { key, absentAt }: AbsentCase): boolean {
  const before = documents.get(suspicions, key)
  const vantages = before?.vantages.filter((other) => other !== absentAt) ?? []
  if (absentAt !== "everywhere" && before !== undefined && vantages.length > 0) {
    documents.put(suspicions, key, { ...before, vantages })
    return false
  }
  if (before !== undefined) documents.remove(suspicions, key)
  return absentAt === "everywhere" || before !== undefined
}
