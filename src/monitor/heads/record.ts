// What the judge remembers of each key, log's and witnesses' alike: its newest statement by its own time, and the
// largest one that agrees with the monitor's tree. Watches the times that keys of type 4 and 6 state: a smaller head at
// a later time contradicts "the largest I know of". Equal seconds contradict nothing.
import { present } from "../../core/base/present.ts"
import type { Vkey } from "../../core/note/note.ts"
import { type Origin, originWord } from "../../core/note/origin.ts"
import { makeHeadTime, makeWitnessRollback } from "../../evidence/head-evidence.ts"
import type { Case } from "../findings/case.ts"
import { type Finding, ungraded } from "../findings/finding.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import { convicted, type JudgeScope } from "./scope.ts"
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

type Sighting = ReturnType<typeof sighting.read>
export type SignerRecord = ValueOf<typeof signerRecords>

function placeOf(origin: Origin, vkey: Vkey): string {
  return `${originWord(origin)} ${keyLabel(vkey)}`
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

function isLarger(next: Sighting, before: Sighting | undefined): boolean {
  if (before === undefined || next.size > before.size) return true
  return next.size === before.size && next.time > before.time
}

function isNewer(next: Sighting, before: Sighting | undefined): boolean {
  if (before === undefined || next.time > before.time) return true
  return next.time === before.time && next.size > before.size
}

/** Remembers a sighting; if the tree agrees with it, also as the anchor of proofs against other ones. */
function keepSighting(
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

interface Contradiction {
  readonly earlier: Sighting
  readonly later: Sighting
}

/** The two statements in the order of their signer's clock, if they exclude each other. */
function contradictionOf(a: Sighting, b: Sighting): Contradiction | undefined {
  const [earlier, later] = a.time <= b.time ? [a, b] : [b, a]
  const isStated = earlier.time > 0 && earlier.time < later.time
  return isStated && earlier.size > later.size ? { earlier, later } : undefined
}

type Role = "log" | "witness"

/** Of a log, what came last says whether heads were taken back or its clock was. */
async function backwards(
  scope: JudgeScope,
  role: Role,
  vkey: Vkey,
  { earlier, later }: Contradiction,
): Promise<Finding> {
  const { origin, holds } = scope
  const what = `size ${earlier.size} at ${earlier.time} and the smaller size ${later.size} at ${later.time} (Unix seconds)`
  const notes = [earlier.note, later.note] as const
  if (role === "witness") {
    const label = keyLabel(vkey)
    const summary = `The witness ${label} cosigned ${what}.`
    const finding = ungraded("witness-rollback", origin, summary, label)
    return await convicted(finding, async () => makeWitnessRollback(vkey, ...notes, holds))
  }
  const finding =
    later.at >= earlier.at
      ? ungraded("rollback", origin, `The log signed ${what}: it has taken entries back.`)
      : ungraded("head-time", origin, `The log's clock runs backwards: it signed ${what}.`)
  return await convicted(finding, async () => makeHeadTime(vkey, ...notes, holds))
}

/**
 * Remembers a statement of everyone who stands for it, and compares its time with what they stated before.
 * `at` is when it was received, in Unix milliseconds; `agrees` says that it is of the monitor's tree.
 */
export async function watchSigners(
  scope: JudgeScope,
  statement: Statement,
  at: number,
  agrees: boolean,
): Promise<readonly Case[]> {
  const { documents, origin } = scope
  const { log, witnesses } = statement
  const signers = [
    ...log.map((signer) => ["log", signer] as const),
    ...witnesses.map((signer) => ["witness", signer] as const),
  ]
  const cases: Case[] = []
  for (const [role, signer] of signers) {
    const seen = { note: statement.note, size: statement.head.size, time: signer.time, at }
    const { newest, agreed } = signerRecord(documents, origin, signer.vkey) ?? {}
    const known = [newest ?? [], agreed ?? []].flat()
    const [found] = known.flatMap((one) => contradictionOf(one, seen) ?? [])
    keepSighting(scope, signer, seen, agrees)
    if (found !== undefined) cases.push(await backwards(scope, role, signer.vkey, found))
  }
  return cases
}
