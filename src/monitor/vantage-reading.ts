// Asks every vantage point of a log for its newest head. One that does not answer is a finding of its own,
// because a monitor that cannot see must say so.
import { Refusal, shown, Trouble } from "../core/base/errors.ts"
import { absent, type Case, type Observation, type Vantage } from "./findings/case.ts"
import { keyOf, ungraded } from "./findings/finding.ts"
import { storedFinding } from "./findings/stored.ts"
import type { LogSource } from "./follow/source.ts"
import { type KnownKeys, openStatement, readNote, type Statement } from "./heads/statement.ts"
import type { MonitoredLog } from "./monitored-log.ts"
import type { DocumentReads } from "./state/documents.ts"

/** What a vantage point answered; `note` is undefined if it knows no head of the log. */
export type Sight =
  | { readonly vantage: Vantage; readonly note: string | undefined }
  | { readonly vantage: Vantage; readonly failure: string }

async function sightOf(vantage: Vantage, ask: () => Promise<string | undefined>): Promise<Sight> {
  try {
    return { vantage, note: await ask() }
  } catch (error) {
    if (error instanceof Refusal || error instanceof Trouble) {
      return { vantage, failure: error.message }
    }
    throw error
  }
}

/** The statement in a note if the log signed it. */
export function signedStatement(note: string, keys: KnownKeys): Statement | undefined {
  const read = readNote(note)
  if (read === undefined || read.head.origin !== keys.origin) return undefined
  const statement = openStatement(read, keys)
  return statement.log.length > 0 ? statement : undefined
}

/** A head that is older than the own tree may be a cache's, so it is asked for again past all caches. */
async function newestNote(source: LogSource, size: number, keys: KnownKeys): Promise<string> {
  const note = await source.checkpoint()
  const statement = signedStatement(note, keys)
  if (statement !== undefined && statement.head.size >= size) return note
  return await source.checkpoint(true)
}

/** Asks all vantage points at once; `size` is that of the own tree. */
export async function readVantages(log: MonitoredLog, keys: KnownKeys, size: number) {
  return await Promise.all([
    sightOf("log", () => newestNote(log.source, size, keys)),
    ...log.mirrors.map(({ name, source }) =>
      sightOf(`mirror ${name}`, () => newestNote(source, size, keys)),
    ),
    ...log.witnessHeads.map(({ name, source }) =>
      sightOf(`witness ${name}`, () => source.head(log.origin)),
    ),
  ])
}

export function observationsOf(sights: readonly Sight[], now: number): readonly Observation[] {
  return sights.flatMap((sight) =>
    "failure" in sight || sight.note === undefined
      ? []
      : [{ vantage: sight.vantage, note: sight.note, receivedAt: now }],
  )
}

/** Whether a vantage point does not answer, and may do so again in a minute. */
export function mayAnswerYet(documents: DocumentReads, origin: string, vantage: Vantage): boolean {
  const found = storedFinding(documents, keyOf("unreachable", origin, vantage))
  return found?.grade === "SUSPECTED" && found.resolvedAt === undefined
}

/** `unreachable` for what did not answer, and nothing of the kind for what did. */
export function judgeReachability(origin: string, sight: Sight, at: number): Case {
  const { vantage } = sight
  if (!("failure" in sight)) return absent(keyOf("unreachable", origin, vantage))
  const summary = `${vantage} does not answer: ${shown(sight.failure, 300)}`
  return { ...ungraded("unreachable", origin, summary, vantage), shownBy: vantage, at }
}
