// The evidence that the monitor keeps: whole files under their IDs, bounded in bytes for each origin. What convicts has
// room of its own, and so has what presents an entry about something watched: neither strangers' entries nor their
// certificates can crowd out the proof that a log forked. Whoever asks is told when a file was not kept.
import { utf8 } from "../../core/base/bytes.ts"
import type { Evidence, EvidenceEffect, EvidenceKind } from "../../evidence/evidence.ts"
import { statedEffect } from "../../evidence/format.ts"
import { collection, textCollection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional } from "../state/schema.ts"
import { placeOf } from "./stored.ts"

/** Bytes of one origin's evidence in each room. */
const rooms = {
  convicting: 8 * 1024 * 1024,
  watched: 4 * 1024 * 1024,
  entryBytes: 4 * 1024 * 1024,
} as const

type Room = keyof typeof rooms

const TALLY = "tally "
/** By ID. */
export const evidenceFiles = textCollection("evidence", { under: "", besides: TALLY })
/** Bytes by origin. */
export const evidenceTallies = collection(
  "evidence",
  message({
    /** All of it; what an earlier version kept counts in no room but that of entries. */
    bytes: integer,
    /** What presents entries that are about nothing watched. */
    entryBytes: integer,
    /** What presents entries about something watched. */
    watched: optional(integer),
    /** What convicts. */
    convicting: optional(integer),
  }),
  { under: TALLY },
)

/** Whose evidence it is, and what it is for. */
interface EvidenceCase {
  readonly origin: string
  readonly watched?: string | undefined
  readonly effect?: EvidenceEffect | undefined
}

function roomOf({ effect, watched }: EvidenceCase): Room {
  if (effect === "convicts") return "convicting"
  return watched === undefined ? "entryBytes" : "watched"
}

/** Keeps evidence, once; false if its room is full, so that whoever is told of it must be told that as well. */
export function keepEvidence(documents: Documents, of: EvidenceCase, evidence: Evidence): boolean {
  if (evidenceText(documents, evidence.id) !== undefined) return true
  const place = placeOf(of.origin)
  const tally = documents.get(evidenceTallies, place) ?? { bytes: 0, entryBytes: 0 }
  const size = utf8(evidence.text).length
  const room = roomOf({ ...of, effect: of.effect ?? statedEffect(evidence) })
  const taken = (tally[room] ?? 0) + size
  if (taken > rooms[room]) return false
  documents.put(evidenceFiles, evidence.id, evidence.text)
  documents.put(evidenceTallies, place, { ...tally, bytes: tally.bytes + size, [room]: taken })
  return true
}

interface KeptEvidence {
  readonly id: string
  readonly kind: string
  readonly effect: EvidenceEffect
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
  return reads.list(evidenceFiles).map(([id, text]) => {
    const kind = KIND.exec(text)?.[1] ?? "unknown"
    const effect = statedEffect({ kind: kind as EvidenceKind, text })
    return { id, kind, effect, size: utf8(text).length }
  })
}
