// The evidence that the monitor keeps: whole files under their IDs, bounded in bytes for each origin. Half
// of that is kept free of evidence about entries, so that a log full of bad entries cannot crowd out the
// proof that it forked.
import { utf8 } from "../../core/base/bytes.ts"
import { asInteger } from "../../core/base/json-value.ts"
import type { Evidence, EvidenceKind } from "../../evidence/evidence.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { placeOf } from "./stored.ts"

/** Bytes of evidence that are kept for one origin. */
export const MOST_EVIDENCE = 8 * 1024 * 1024

const TALLY = "tally "

const aboutEntries: ReadonlySet<EvidenceKind> = new Set<EvidenceKind>([
  "signed-after-revocation",
  "conflicting-claims",
  "bad-entry",
  "duplicate-entry",
  "unexpected-entry",
])

interface Tally {
  readonly bytes: number
  /** Those of them that are about entries. */
  readonly entryBytes: number
}

function readTally(reads: DocumentReads, place: string): Tally {
  const text = reads.get("evidence", place)
  if (text === undefined) return { bytes: 0, entryBytes: 0 }
  const { bytes, entryBytes } = parseDocument(text, place, ["bytes", "entryBytes"])
  return { bytes: asInteger(bytes, "bytes"), entryBytes: asInteger(entryBytes, "entryBytes") }
}

/** Keeps evidence about an origin, once; false if it has too much of it already. */
export function keepEvidence(documents: Documents, origin: string, evidence: Evidence): boolean {
  if (documents.get("evidence", evidence.id) !== undefined) return true
  const place = placeOf(TALLY + origin)
  const tally = readTally(documents, place)
  const size = utf8(evidence.text).length
  const isAboutEntry = aboutEntries.has(evidence.kind)
  const bytes = tally.bytes + size
  const entryBytes = tally.entryBytes + (isAboutEntry ? size : 0)
  if (bytes > MOST_EVIDENCE || (isAboutEntry && entryBytes > MOST_EVIDENCE / 2)) return false
  documents.put("evidence", evidence.id, evidence.text)
  documents.put("evidence", place, formatDocument({ bytes, entryBytes }))
  return true
}

export interface KeptEvidence {
  readonly id: string
  readonly kind: string
  /** In bytes. */
  readonly size: number
}

const ID = /^[0-9a-f]{64}$/
const KIND = /^[^\n]*\nkind ([a-z-]+)\n/

/** The whole file with this ID. */
export function evidenceText(reads: DocumentReads, id: string): string | undefined {
  return ID.test(id) ? reads.get("evidence", id) : undefined
}

/** All evidence that is kept, in the order of the IDs. */
export function keptEvidence(reads: DocumentReads): readonly KeptEvidence[] {
  return reads
    .list("evidence")
    .filter(([id]) => ID.test(id))
    .map(([id, text]) => ({
      id,
      kind: KIND.exec(text)?.[1] ?? "unknown",
      size: utf8(text).length,
    }))
}
