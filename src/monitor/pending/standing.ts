// How entries stand that are not understood: opaque (nobody here has what was signed), or pending (it was asked for
// and has not come). One document a block of 256 entries, in which entries that stand alike are one group, so that a log
// that keeps nothing costs some 200 bytes a block. What is understood has no place here. Nothing is dropped: an entry
// leaves only by being examined again.
import { originWord } from "../../core/note/origin.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, type Documents, ofLog } from "../state/documents.ts"
import { bytes, flag, integer, list, message, optional, word } from "../state/schema.ts"
import {
  blockOf,
  byBlock,
  isEmpty,
  isMarked,
  type Marks,
  mark,
  markedIn,
  noMarks,
  unmark,
} from "./marks.ts"

/**
 * Pending, because what was signed was asked for: `unasked` not yet, `unreachable` the log cannot be asked or fails
 * (503, network), `other-envelope` it gave what is not of this entry, `too-large` more than is read, `withheld` it says
 * that it keeps it and does not give it.
 */
const pendingReasons = [
  "unasked",
  "unreachable",
  "other-envelope",
  "too-large",
  "withheld",
] as const

/** Opaque: `unknown-bytes` the body has a digest of something unknown, `not-kept` the log has none, `redacted`. */
const opaqueReasons = ["unknown-bytes", "not-kept", "redacted"] as const

export type PendingReason = (typeof pendingReasons)[number]
type OpaqueReason = (typeof opaqueReasons)[number]
export type StandingReason = PendingReason | OpaqueReason

const MOST_GROUPS = 1024

const group = message({
  /** `test`: the monitor's own test entry, which no rule judges. `undecided…`: see {@link Standing}. */
  reason: word(...pendingReasons, ...opaqueReasons, "test", "undecided", "undecided-stranger"),
  /** Whether a watched signer signed them. */
  isListed: optional(flag),
  /** Whether the log says that it keeps what it does not give. */
  isKept: optional(flag),
  /** Unix milliseconds: when they were first not understood; 0 where that does not matter. */
  since: integer,
  /** How often it was asked for. */
  tries: integer,
  /** When it is asked for again, in Unix milliseconds; never if it is absent. */
  next: optional(integer),
  members: bytes,
})

/** By origin and number of the block. */
export const standings = collection(
  "standing",
  message({ groups: list(group, MOST_GROUPS), again: optional(bytes) }),
)

type Group = ValueOf<typeof standings>["groups"][number]

/** How an entry stands after it was examined. */
export interface Standing {
  readonly index: number
  /** Undefined for one that is understood. */
  readonly reason?: StandingReason | "test"
  readonly isListed: boolean
  /** Whether the log says that it keeps what it did not give; as before if it was not asked. */
  readonly isKept?: boolean
  /** It cannot be told if its certificates were valid when it was logged: of a watched signer, or of another one. */
  readonly validity?: "undecided" | "undecided-stranger"
}

const MINUTE = 60_000
/** The longest pause. */
export const DAY = 86_400_000
const BLOCK_DIGITS = 14

/** Growing pauses up to a day. */
function pauseAfter(tries: number): number {
  return Math.min(DAY, MINUTE * 4 ** Math.max(0, tries - 1))
}

function isAsked(reason: Group["reason"]): boolean {
  return reason !== "unknown-bytes" && reason !== "test" && reason !== "undecided-stranger"
}

export function isPending(reason: string): boolean {
  return pendingReasons.some((each) => each === reason)
}

function placeOf(origin: string, block: number): string {
  return `${originWord(origin)} ${String(block).padStart(BLOCK_DIGITS, "0")}`
}

/** A block that is being changed. */
interface Draft {
  readonly groups: Group[]
  again: Marks | undefined
}

function draftOf(documents: DocumentReads, origin: string, block: number): Draft {
  const { groups = [], again } = documents.get(standings, placeOf(origin, block)) ?? {}
  return {
    groups: groups.map((each) => ({ ...each, members: each.members.slice() })),
    again: again?.slice(),
  }
}

function keepDraft(documents: Documents, origin: string, block: number, draft: Draft): void {
  const groups = draft.groups.filter(({ members }) => !isEmpty(members))
  const again = draft.again === undefined || isEmpty(draft.again) ? undefined : draft.again
  const place = placeOf(origin, block)
  if (groups.length === 0 && again === undefined) {
    if (documents.get(standings, place) !== undefined) documents.remove(standings, place)
    return
  }
  documents.put(standings, place, again === undefined ? { groups } : { groups, again })
}

function join(groups: Group[], index: number, wanted: Omit<Group, "members">): void {
  const found = groups.find(
    ({ reason, isListed, isKept, since, tries, next }) =>
      reason === wanted.reason &&
      isListed === wanted.isListed &&
      isKept === wanted.isKept &&
      since === wanted.since &&
      tries === wanted.tries &&
      next === wanted.next,
  )
  const joined = found ?? { ...wanted, members: noMarks() }
  if (found === undefined) groups.push(joined)
  mark(joined.members, index)
}

function askedGroup(
  reason: StandingReason | "undecided",
  before: Group | undefined,
  now: number,
): Pick<Group, "since" | "tries" | "next"> {
  const since = before !== undefined && isAsked(before.reason) ? before.since : now
  if (reason === "unasked") return { since, tries: before?.tries ?? 0, next: now }
  const tries = (before?.tries ?? 0) + 1
  return { since, tries, next: now + pauseAfter(tries) }
}

function place(groups: Group[], standing: Standing, now: number): void {
  const { index, isListed, validity } = standing
  let before: Group | undefined
  for (const each of groups) {
    if (!isMarked(each.members, index)) continue
    if (isAsked(each.reason)) before = each
    unmark(each.members, index)
  }
  const listed = isListed ? ({ isListed: true } as const) : {}
  if (validity === "undecided-stranger")
    join(groups, index, { reason: validity, since: 0, tries: 0 })
  // Heads from the time between may turn up.
  else if (validity !== undefined) {
    join(groups, index, { reason: validity, ...askedGroup(validity, before, now) })
  }
  const isKept = standing.isKept ?? before?.isKept
  const isWithheld = standing.reason === "not-kept" && isKept === true
  const reason = isWithheld ? "withheld" : standing.reason
  if (reason === undefined) return
  const kept = isKept === true ? ({ isKept: true } as const) : {}
  const times =
    reason === "test" || reason === "unknown-bytes"
      ? { since: 0, tries: 0 }
      : askedGroup(reason, before, now)
  join(groups, index, { reason, ...listed, ...kept, ...times })
}

/** Remembers how entries stand that were examined just now (Unix milliseconds); they wait for nothing else then. */
export function noteStandings(
  documents: Documents,
  origin: string,
  found: readonly Standing[],
  now: number,
): void {
  for (const [block, members] of byBlock(found, ({ index }) => index)) {
    const draft = draftOf(documents, origin, block)
    for (const standing of members) {
      place(draft.groups, standing, now)
      if (draft.again !== undefined) unmark(draft.again, standing.index)
    }
    keepDraft(documents, origin, block, draft)
  }
}

/** Has entries examined again in the next turn, because more is known about them. */
export function markAgain(documents: Documents, origin: string, indexes: readonly number[]): void {
  for (const [block, members] of byBlock(indexes, (index) => index)) {
    const draft = draftOf(documents, origin, block)
    const again = draft.again ?? noMarks()
    for (const index of members) mark(again, index)
    keepDraft(documents, origin, block, { ...draft, again })
  }
}

/** The monitor's own test entries of a block; no rule judges them again. */
export function testEntries(
  documents: DocumentReads,
  origin: string,
  block: number,
): ReadonlySet<number> {
  const { groups = [] } = documents.get(standings, placeOf(origin, block)) ?? {}
  const tests = groups.filter(({ reason }) => reason === "test")
  return new Set(tests.flatMap(({ members }) => markedIn(block, members)))
}

/** Whether it could not be told of an entry, when it was examined last, if its certificates were valid. */
export function wasUndecided(documents: DocumentReads, origin: string, index: number): boolean {
  const { groups = [] } = documents.get(standings, placeOf(origin, blockOf(index))) ?? {}
  return groups.some(
    ({ reason, members }) => reason.startsWith("undecided") && isMarked(members, index),
  )
}

/** Entries by watched signers that are not understood. */
export function listedEntries(documents: DocumentReads, origin: string): readonly number[] {
  return ofLog(documents, standings, origin).flatMap(([name, { groups }]) =>
    groups
      .filter(({ isListed, reason }) => isListed === true && reason !== "test")
      .flatMap(({ members }) => markedIn(Number(name), members)),
  )
}

/** Entries that the log says it keeps and has not given since the time `before`; Unix milliseconds. */
export function withheldSince(
  documents: DocumentReads,
  origin: string,
  before: number,
): readonly { readonly index: number; readonly since: number }[] {
  return ofLog(documents, standings, origin).flatMap(([name, { groups }]) =>
    groups
      .filter(({ isKept, since }) => isKept === true && since <= before)
      .flatMap(({ since, members }) =>
        markedIn(Number(name), members).map((index) => ({ index, since })),
      ),
  )
}
