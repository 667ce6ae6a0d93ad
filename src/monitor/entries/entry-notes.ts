// What is remembered of examined entries besides how they stand: which ones by listed signers nobody has explained, since
// when, and how many were passed over because they are about nothing that is watched. Durable together with the place
// up to which the log was read; an entry that is examined again is counted once.
import { present } from "../../core/base/present.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import type { PassedOver } from "./remark.ts"

/** `opaque`: nobody can know from what is at hand what it is about. `pending`: what is needed has not come yet. */
export type EntryState = "understood" | "opaque" | "pending"

/** What an examined entry adds to what is remembered of its log. */
export interface NotedEntry {
  readonly index: number
  readonly state: EntryState
  /** Whether a rule of the watch file for a signer fits one of its own. */
  readonly isListed: boolean
  /** `algorithm:hex` of what was signed, as far as the body says it. */
  readonly digest: string | undefined
  readonly passedOver: readonly PassedOver[]
  readonly isAgain: boolean
}

/** By origin. */
export const entryTallies = collection(
  "noted",
  message({
    /**
     * Entries by listed signers that are not understood and are a matter of the exit code: 0 where the watch file
     * accepts them in words, or has a finding made of each.
     */
    unexplained: integer,
    /** Of entries about nothing that is watched: what would be a finding if they were. */
    oddStatements: integer,
    badSignatures: integer,
    afterRevocation: integer,
  }),
  { under: "tally " },
)

export type EntryTallies = ValueOf<typeof entryTallies>

const noTallies: EntryTallies = {
  unexplained: 0,
  oddStatements: 0,
  badSignatures: 0,
  afterRevocation: 0,
}

export function entryTalliesOf(documents: DocumentReads, origin: string): EntryTallies {
  return documents.get(entryTallies, origin) ?? noTallies
}

/**
 * Entries by listed signers that are not understood, one by one, by origin and index; kept while the watch file wants
 * them explained in time.
 */
export const unexplainedEntries = collection(
  "noted",
  message({
    digest: optional(text),
    /** When it was first seen, in Unix milliseconds. */
    since: integer,
  }),
  { under: "entry " },
)

/** Of one log. Beyond them entries are counted, and one finding says so. */
export const MOST_UNEXPLAINED = 10_000

const passedOverTallies = {
  "odd-statement": "oddStatements",
  "bad-signature": "badSignatures",
  "after-revocation": "afterRevocation",
} as const satisfies Record<PassedOver, keyof EntryTallies>

/** Gives what remembers examined entries of one log; `isKept` says whether unexplained ones are kept one by one. */
export function createEntryNotes(origin: string, isKept: boolean) {
  let remembered: number | undefined

  function noteUnexplained(documents: Documents, entry: NotedEntry, now: number): void {
    const { index, state, isListed, digest } = entry
    const key = `${origin} ${index}`
    const isKnown = documents.get(unexplainedEntries, key) !== undefined
    const isUnexplained = state !== "understood" && isListed
    if (isUnexplained === isKnown) return
    remembered ??= documents.keys(unexplainedEntries, `${origin} `).length
    if (!isUnexplained) documents.remove(unexplainedEntries, key)
    else if (remembered >= MOST_UNEXPLAINED) return
    else documents.put(unexplainedEntries, key, { since: now, ...present({ digest }) })
    remembered += isUnexplained ? 1 : -1
  }

  /** Remembers entries in any order, at `now` (Unix milliseconds); part of the commit that takes them. */
  return (documents: Documents, entries: readonly NotedEntry[], now: number): void => {
    const passedOver = entries.flatMap((entry) => (entry.isAgain ? [] : entry.passedOver))
    if (passedOver.length > 0) {
      const tallies = { ...entryTalliesOf(documents, origin) }
      for (const what of passedOver) tallies[passedOverTallies[what]] += 1
      documents.put(entryTallies, origin, tallies)
    }
    if (isKept) for (const entry of entries) noteUnexplained(documents, entry, now)
  }
}
