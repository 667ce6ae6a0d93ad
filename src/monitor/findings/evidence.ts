// The evidence that the monitor keeps: whole files under their IDs, bounded in bytes for each origin. Half
// of that is kept free of evidence about entries, so that a log full of bad entries cannot crowd out the
// proof that it forked.
import { utf8 } from "../../core/base/bytes.ts"
import { type Evidence, type EvidenceKind, entryEvidenceKinds } from "../../evidence/evidence.ts"
import { collection, textCollection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message } from "../state/schema.ts"
import { placeOf } from "./stored.ts"

/** Bytes of evidence that are kept for one origin. */
const MOST_EVIDENCE = 8 * 1024 * 1024

const aboutEntries: ReadonlySet<EvidenceKind> = new Set(entryEvidenceKinds)

const TALLY = "tally "
/** By ID. */
export const evidenceFiles = textCollection("evidence", { under: "", besides: TALLY })
/** Bytes by origin, and those of them that are about entries. */
export const evidenceTallies = collection(
  "evidence",
  message({ bytes: integer, entryBytes: integer }),
  { under: TALLY },
)

/** Keeps evidence about an origin, once; false if it has too much of it already. */
export function keepEvidence(documents: Documents, origin: string, evidence: Evidence): boolean {
  if (evidenceText(documents, evidence.id) !== undefined) return true
  const place = placeOf(origin)
  const tally = documents.get(evidenceTallies, place) ?? { bytes: 0, entryBytes: 0 }
  const size = utf8(evidence.text).length
  const isAboutEntry = aboutEntries.has(evidence.kind)
  const bytes = tally.bytes + size
  const entryBytes = tally.entryBytes + (isAboutEntry ? size : 0)
  if (bytes > MOST_EVIDENCE || (isAboutEntry && entryBytes > MOST_EVIDENCE / 2)) return false
  documents.put(evidenceFiles, evidence.id, evidence.text)
  documents.put(evidenceTallies, place, { bytes, entryBytes })
  return true
}

interface KeptEvidence {
  readonly id: string
  readonly kind: string
  /** In bytes. */
  readonly size: number
}

const KIND = /^[^\n]*\nkind ([a-z-]+)\n/

/** The whole file with this ID. */
export function evidenceText(reads: DocumentReads, id: string): string | undefined {
  return reads.get(evidenceFiles, id)
}

/** All evidence that is kept, in the order of the IDs. */
export function keptEvidence(reads: DocumentReads): readonly KeptEvidence[] {
  return reads.list(evidenceFiles).map(([id, text]) => ({
    id,
    kind: KIND.exec(text)?.[1] ?? "unknown",
    size: utf8(text).length,
  }))
}
