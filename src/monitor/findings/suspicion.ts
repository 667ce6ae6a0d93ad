// What may be the network and may heal: a case is suspected at first, and attested once a second vantage
// point shows it too or the same one still does a minute later.
import { asInteger, asList, asText } from "../../core/base/json-value.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { Documents } from "../state/documents.ts"
import type { Grade } from "./finding.ts"
import type { Vantage } from "./observation.ts"

/** Between two tries of which the second one confirms the first. */
const RETRY_MILLISECONDS = 60_000
const MOST_VANTAGES = 16

interface Suspicion {
  /** Unix milliseconds. */
  readonly first: number
  readonly last: number
  readonly vantages: readonly string[]
}

function readSuspicion(documents: Documents, key: string): Suspicion | undefined {
  const text = documents.get("suspicion", key)
  if (text === undefined) return undefined
  const { first, last, vantages } = parseDocument(text, "suspicion", ["first", "last", "vantages"])
  return {
    first: asInteger(first, "suspicion.first"),
    last: asInteger(last, "suspicion.last"),
    vantages: asList(vantages, "suspicion.vantages", MOST_VANTAGES).map((vantage) =>
      asText(vantage, "suspicion.vantages"),
    ),
  }
}

/**
 * Notes that a case was seen at `now` and gives its grade so far. `patience` is the time in milliseconds
 * over which one vantage point must show it until it is attested.
 */
export function suspect(
  documents: Documents,
  key: string,
  vantage: Vantage,
  now: number,
  patience: number = RETRY_MILLISECONDS,
): Grade {
  const before = readSuspicion(documents, key) ?? { first: now, last: now, vantages: [] }
  const known = before.vantages.includes(vantage) || before.vantages.length === MOST_VANTAGES
  const after = {
    first: Math.min(before.first, now),
    last: Math.max(before.last, now),
    vantages: known ? before.vantages : [...before.vantages, vantage],
  }
  documents.put("suspicion", key, formatDocument(after))
  const isConfirmed = after.vantages.length > 1 || after.last - after.first >= patience
  return isConfirmed ? "ATTESTED" : "SUSPECTED"
}

/**
 * Forgets a case, or with `vantage` that this vantage point showed it. Gives whether there was a case and
 * nothing of it is left.
 */
export function clear(documents: Documents, key: string, vantage?: Vantage): boolean {
  const before = readSuspicion(documents, key)
  if (before === undefined) return false
  const vantages = before.vantages.filter((other) => vantage !== undefined && other !== vantage)
  if (vantages.length > 0) {
    documents.put("suspicion", key, formatDocument({ ...before, vantages }))
    return false
  }
  documents.remove("suspicion", key)
  return true
}
