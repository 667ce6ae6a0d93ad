// `withheld`: for an hour the log has said that it keeps the attestation of an entry, and has not given it.
import type { Case } from "../findings/case.ts"
import { attested } from "../findings/finding.ts"
import type { DocumentReads } from "../state/documents.ts"
import { withheldSince } from "./standing.ts"

const HOUR = 3_600_000
/** Entries that are told one by one; all are counted as pending. */
const MOST_TOLD = 1_000

/** `withheld` for what is, and for nothing else; `now` in Unix milliseconds. */
export function judgeWithheld(documents: DocumentReads, origin: string, now: number): Case[] {
  const withheld = withheldSince(documents, origin, now - HOUR).slice(0, MOST_TOLD)
  const found = withheld.map(({ index, since }) => {
    const summary = `The log says that it keeps the attestation of entry ${index} and has not given it since ${new Date(since).toISOString()}.`
    return { ...attested("withheld", origin, summary, String(index)), index }
  })
  return [...found, { kinds: ["withheld"], origin, but: new Set(found.map(({ key }) => key)) }]
}
