// What became of each entry of a log: *understood*, *opaque* (nobody can know from what is at hand what it is about) or
// *pending* (what is needed was asked for and has not come yet). Two bits an entry, in documents that become durable
// together with the place up to which the log was read; the sums of them are one document a log, which everyone
// reads who says how much was seen. An entry that is examined again changes its state and is counted once.
import { present } from "../../core/base/present.ts"
import { originWord } from "../../core/note/origin.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { bytes, integer, message, optional, text } from "../state/schema.ts"
import type { PassedOver } from "./remark.ts"

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

const sums = {
  /** Opaque entries by signers that no rule of the watch file fits. */
  opaqueStrangers: integer,
  /** Opaque entries by signers that a rule fits. */
  opaqueListed: integer,
  pending: integer,
}

/**
 * By origin. `unexplained` is how many opaque entries by listed signers are a matter of the exit code: 0 where the watch
 * file accepts them in words, or tells of each by itself.
 */
export const entryCounts = collection(
  "opaque",
  message({
    ...sums,
    unexplained: integer,
    /** Of entries about nothing that is watched: what would be a finding if they were. */
    oddStatements: integer,
    badSignatures: integer,
    afterRevocation: integer,
  }),
  { under: "count " },
)

type EntryCounts = ValueOf<typeof entryCounts>

const noCounts: EntryCounts = {
  opaqueStrangers: 0,
  opaqueListed: 0,
  pending: 0,
  unexplained: 0,
  oddStatements: 0,
  badSignatures: 0,
  afterRevocation: 0,
}

/** What there is to say of all entries of a log that were examined. */
export function entryCountsOf(documents: DocumentReads, origin: string): EntryCounts {
  return documents.get(entryCounts, origin) ?? noCounts
}

/** Entries of one document of states, two bits each. */
const ENTRIES_A_PIECE = 4_096

/** By origin and the number of the piece. */
const entryStates = collection("opaque", message({ states: bytes }), { under: "state " })

/**
 * Opaque entries by listed signers that are remembered one by one, by origin and index, while the watch file wants them
 * explained in time.
 */
export const unexplainedEntries = collection(
  "opaque",
  message({
    digest: optional(text),
    /** When it was first seen, in Unix milliseconds. */
    since: integer,
  }),
  { under: "entry " },
)

/** Of one log. Beyond them entries are counted, and one finding says so. */
export const MOST_UNEXPLAINED = 10_000

const codes = ["understood", "opaqueStrangers", "opaqueListed", "pending"] as const

function codeOf({ state, isListed }: NotedEntry): number {
  if (state === "understood") return 0
  return codes.indexOf(state === "pending" ? state : isListed ? "opaqueListed" : "opaqueStrangers")
}

type Sums = Record<keyof typeof sums, number>

/** Sets the states of entries of one piece, and adds what changes to the sums. */
function noteStates(pieceStates: Uint8Array, entries: readonly NotedEntry[], into: Sums): void {
  for (const entry of entries) {
    const at = entry.index % ENTRIES_A_PIECE
    const shift = (at % 4) * 2
    const byte = pieceStates[at >> 2] as number
    const before = codes[(byte >> shift) & 3]
    const code = codeOf(entry)
    const after = codes[code]
    pieceStates[at >> 2] = (byte & ~(3 << shift)) | (code << shift)
    if (before !== undefined && before !== "understood") into[before] -= 1
    if (after !== undefined && after !== "understood") into[after] += 1
  }
}

/** Whether an entry is understood, or was not examined yet. */
export function isUnderstood(documents: DocumentReads, origin: string, index: number): boolean {
  const piece = Math.floor(index / ENTRIES_A_PIECE)
  const states = documents.get(entryStates, `${originWord(origin)} ${piece}`)?.states
  const at = index % ENTRIES_A_PIECE
  return (((states?.[at >> 2] ?? 0) >> ((at % 4) * 2)) & 3) === 0
}

const passedOverSums = {
  "odd-statement": "oddStatements",
  "bad-signature": "badSignatures",
  "after-revocation": "afterRevocation",
} as const satisfies Record<PassedOver, keyof EntryCounts>

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, i) => byte === other[i])
}

/** Gives what remembers examined entries of one log; `isKept` says whether opaque ones are kept one by one. */
export function createEntryNotes(origin: string, isKept: boolean) {
  let remembered: number | undefined

  function notePiece(
    documents: Documents,
    piece: number,
    entries: readonly NotedEntry[],
    into: Sums,
  ): void {
    const key = `${originWord(origin)} ${piece}`
    const before = documents.get(entryStates, key)?.states
    const states = new Uint8Array(ENTRIES_A_PIECE / 4)
    if (before !== undefined) states.set(before)
    noteStates(states, entries, into)
    const isNew = before === undefined && states.some((byte) => byte !== 0)
    const isChanged = before !== undefined && !isSame(states, before)
    if (isNew || isChanged) documents.put(entryStates, key, { states })
  }

  function noteUnexplained(documents: Documents, entry: NotedEntry, now: number): void {
    const { index, state, isListed, digest } = entry
    const key = `${originWord(origin)} ${index}`
    const known = documents.get(unexplainedEntries, key)
    const isUnexplained = state === "opaque" && isListed
    if (isUnexplained === (known !== undefined)) return
    remembered ??= documents.keys(unexplainedEntries, `${originWord(origin)} `).length
    if (!isUnexplained) documents.remove(unexplainedEntries, key)
    else if (remembered >= MOST_UNEXPLAINED) return
    else documents.put(unexplainedEntries, key, { since: now, ...present({ digest }) })
    remembered += isUnexplained ? 1 : -1
  }

  /** Remembers entries in any order, at `now` (Unix milliseconds); part of the commit that takes them. */
  return (documents: Documents, entries: readonly NotedEntry[], now: number): void => {
    const before = entryCountsOf(documents, origin)
    const after = { ...before }
    const pieces = new Map<number, NotedEntry[]>()
    for (const entry of entries) {
      const piece = Math.floor(entry.index / ENTRIES_A_PIECE)
      const others = pieces.get(piece)
      if (others === undefined) pieces.set(piece, [entry])
      else others.push(entry)
      if (isKept) noteUnexplained(documents, entry, now)
      if (entry.isAgain) continue
      for (const what of entry.passedOver) after[passedOverSums[what]] += 1
    }
    for (const [piece, of] of pieces) notePiece(documents, piece, of, after)
    const isChanged = Object.entries(after).some(
      ([name, count]) => before[name as keyof EntryCounts] !== count,
    )
    if (isChanged) documents.put(entryCounts, origin, after)
  }
}
