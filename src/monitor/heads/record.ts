// What the judge remembers of each key, log's and witnesses' alike: its newest statement by its own time, and the
// largest one that agrees with the monitor's tree.
import { present } from "../../core/base/present.ts"
import type { Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import type { JudgeScope } from "./scope.ts"
import {
  type KnownKeys,
  keptStatement,
  keyLabel,
  type Signer,
  type Statement,
} from "./statement.ts"

/** A statement as it was seen. */
const sighting = message({
  /** With the lines of known keys that hold, and no others. */
  note: text,
  size: integer,
  /** The signer's own time in Unix seconds, 0 if it states none. */
  time: integer,
  /** When it was first seen, in Unix milliseconds on the monitor's clock. */
  at: integer,
})

/** By origin and key. */
export const signerRecords = collection(
  "witness",
  message({
    newest: optional(sighting),
    agreed: optional(sighting),
    /** When the monitor first looked for this key, in Unix milliseconds. */
    since: integer,
  }),
)

export type Sighting = ReturnType<typeof sighting.read>
export type SignerRecord = ValueOf<typeof signerRecords>

function placeOf(origin: Origin, vkey: Vkey): string {
  return `${origin} ${keyLabel(vkey)}`
}

/** What is remembered of a key under this log; refuses `malformed` for a damaged document. */
export function signerRecord(documents: DocumentReads, origin: Origin, vkey: Vkey) {
  return documents.get(signerRecords, placeOf(origin, vkey))
}

/** Looks for a key from now on if it has not been looked for before; gives what is remembered of it. */
export function watchedSigner(scope: JudgeScope, vkey: Vkey): SignerRecord {
  const { documents, origin, now: since } = scope
  const known = signerRecord(documents, origin, vkey)
  if (known === undefined) documents.put(signerRecords, placeOf(origin, vkey), { since })
  return known ?? { since }
}

/** The time at which a sighting proves its signer alive: no later than when it was seen. */
export function aliveAt({ time, at }: Sighting): number {
  return Math.min(time * 1000, at)
}

export function sightingOf(statement: Statement, { time }: Signer, at: number): Sighting {
  return { note: statement.note, size: statement.head.size, time, at }
}

function isLarger(next: Sighting, before: Sighting | undefined): boolean {
  if (before === undefined || next.size > before.size) return true
  return next.size === before.size && next.time > before.time
}

function isNewer(next: Sighting, before: Sighting | undefined): boolean {
  if (before === undefined || next.time > before.time) return true
  return next.time === before.time && next.size > before.size
}

/** Remembers a sighting; if the tree agrees with it, also as the anchor of proofs against other ones. */
export function keepSighting(
  { documents, origin }: JudgeScope,
  { vkey }: Signer,
  seen: Sighting,
  agrees: boolean,
): void {
  const record: SignerRecord = signerRecord(documents, origin, vkey) ?? { since: seen.at }
  const isNewest = seen.time > 0 && isNewer(seen, record.newest)
  const isAnchor = agrees && isLarger(seen, record.agreed)
  if (!isNewest && !isAnchor) return
  const newest = isNewest ? seen : record.newest
  const agreed = isAnchor ? seen : record.agreed
  const after = present({ newest, agreed, since: record.since })
  documents.put(signerRecords, placeOf(origin, vkey), after)
}

/** Every statement that is remembered under these keys, some of them more than once. */
export function recordedStatements(documents: DocumentReads, keys: KnownKeys): Statement[] {
  const vkeys = [...keys.logKeys, ...keys.witnesses.map(({ vkey }) => vkey)]
  const notes = vkeys.flatMap((vkey) => {
    const { newest, agreed } = signerRecord(documents, keys.origin, vkey) ?? {}
    return [newest?.note ?? [], agreed?.note ?? []].flat()
  })
  return [...new Set(notes)].map((note) => keptStatement(note, keys))
}
