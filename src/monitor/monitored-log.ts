// A log as the monitor is told to follow it, and what it remembers of its following: the newest signed head
// that its own tree has reached.
import type { Vkey } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import type { PolicyWitness } from "../core/note/policy.ts"
import type { CanarySubmitter } from "./alerts/canary.ts"
import type { HeadSource, LogSource } from "./follow/source.ts"
import { collection, type ValueOf } from "./state/collection.ts"
import type { DocumentReads, Documents } from "./state/documents.ts"
import { integer, message, optional, text } from "./state/schema.ts"

export interface MonitoredLog {
  readonly origin: Origin
  readonly vkeys: readonly Vkey[]
  readonly witnesses: readonly PolicyWitness[]
  /** How many witnesses satisfy a verifier. */
  readonly threshold: number
  readonly source: LogSource
  /** Other ways to the same log, by name. */
  readonly mirrors: readonly { readonly name: string; readonly source: LogSource }[]
  /** The read APIs of witnesses, by the witness's name. */
  readonly witnessHeads: readonly { readonly name: string; readonly source: HeadSource }[]
  /** Submits the monitor's own test entries. */
  readonly canary?: CanarySubmitter
}

/** What is remembered of a log that was followed, by origin. */
export const logRecords = collection(
  "log",
  message({
    /** The newest head that the own tree has reached, with the lines of known keys that hold. */
    note: optional(text),
    /** When the log was last read to its newest head, in Unix milliseconds. */
    completeAt: optional(integer),
  }),
)

export function logRecord(documents: DocumentReads, origin: Origin): ValueOf<typeof logRecords> {
  return documents.get(logRecords, origin) ?? {}
}

export function noteLog(documents: Documents, origin: Origin, news: ValueOf<typeof logRecords>) {
  documents.put(logRecords, origin, { ...logRecord(documents, origin), ...news })
}
