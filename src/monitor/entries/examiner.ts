// Examines every entry of a log as it is read: verifies what can be verified, and holds it against the watch
// file. Expected entries make no remark but are counted. What it remembers are documents, so that they become
// durable together with the place up to which the log was read.
import { present } from "../../core/base/present.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { isCanaryEntry } from "../alerts/canary.ts"
import type { Documents } from "../state/documents.ts"
import type { Watch } from "../watch/watch.ts"
import {
  badSignature,
  canaryRemark,
  unclassifiable,
  unlistedRemark,
  unreadablePart,
} from "./entry-remarks.ts"
import { createEntryNotes, type EntryState, type NotedEntry } from "./entry-states.ts"
import { createShippedRule } from "./expectation.ts"
import { createExpectedSigners } from "./expected-signers.ts"
import { claimRemarks } from "./identity-rule.ts"
import { signerRemarks } from "./ledger-rule.ts"
import {
  createEntryReader,
  datesOf,
  type EntryReading,
  type Examination,
  type ExaminedEntry,
  type ValidityDates,
} from "./reading.ts"
import { type EntryRemark, type PassedOver, type Remark, remarkOn } from "./remark.ts"
import { createRevocationRule } from "./rule-revocation.ts"
import { createSubjectRule } from "./rule-subject.ts"
import { createStateRule } from "./state-rule.ts"
import { type EntryFacts, indexWatch, type SignerMatch, type SubjectMatch } from "./watch-index.ts"

export interface EntryExaminerOptions {
  /** The log's; what is remembered is remembered of it. */
  readonly origin: string
  readonly watch: Watch
  /** Whether every one of these signatures holds, by the strict rules; on the calling thread. */
  readonly verify: (checks: readonly SignatureCheck[]) => boolean
  /** SHA-256 of payloads; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** Since the examiner was made; what is examined again is not counted again. */
export interface EntryCounters {
  readonly entries: number
  /** Entries whose signatures hold. */
  readonly verified: number
  /** Entries of which nobody can say whether their signatures hold, because what was signed is not there. */
  readonly unverified: number
  /** Attestations whose payload is not at hand, so that no rule by name can fit. */
  readonly unreadablePayloads: number
  /** Entries of a kind, or with a key or a hash, that is not known here. */
  readonly unknown: number
  readonly duplicates: number
  readonly revocations: number
  /** Entries of which nobody can say what they are about, and those whose signed bytes did not come yet. */
  readonly opaque: number
  readonly pending: number
  /** Entries about a watched subject or by a watched signer without and with a remark. */
  readonly expected: number
  readonly unexpected: number
}

/** What was made of an entry. */
export interface ExaminedResult extends NotedEntry {
  readonly remarks: readonly EntryRemark[]
  /** Of an entry that can be read. */
  readonly facts: EntryFacts | undefined
  /** From when to when all certificates of its signers hold, whether or not they are watched. */
  readonly dates: ValidityDates | undefined
}

export interface EntryExaminer {
  /**
   * What there is to say about the next entry; entries come in the order of their indices, and may come again.
   * Never throws for anything that an entry holds. `documents` is what the batch commits.
   */
  examine(entry: ExaminedEntry, documents: Documents): ExaminedResult
  /** Whether all who signed, as the body says, are expected of what has this digest. */
  isExpected(body: Uint8Array, digest: string): boolean
  /** Remembers what became of entries, at `now` (Unix milliseconds), in the commit that takes them. */
  note(entries: readonly NotedEntry[], documents: Documents, now: number): void
  counters(): EntryCounters
}

/** What rules make of an entry, before it is said. */
interface Judged {
  readonly remarks: readonly Remark[]
  readonly state: EntryState
  readonly passedOver: readonly PassedOver[]
}

const nothing: readonly never[] = []

const understood = (remarks: readonly Remark[], ...passedOver: readonly PassedOver[]): Judged => ({
  remarks,
  state: "understood",
  passedOver,
})

export function createEntryExaminer(options: EntryExaminerOptions): EntryExaminer {
  const { origin, watch, verify } = options
  const holds = (check: SignatureCheck) => verify([check])
  const index = indexWatch(watch, { holds, ...present({ sha256: options.sha256 }) })
  const read = createEntryReader(options.sha256)
  const revocations = createRevocationRule(origin, index)
  const subjectRemarks = createSubjectRule(origin)
  const stateOf = createStateRule(watch, verify)
  const noteShipped = createShippedRule(origin, watch)
  const note = createEntryNotes(origin, watch.explainWithin !== undefined)
  const isClosed = watch.opaque === "closed"
  const counts: { -readonly [Each in keyof EntryCounters]: number } = {
    entries: 0,
    verified: 0,
    unverified: 0,
    unreadablePayloads: 0,
    unknown: 0,
    duplicates: 0,
    revocations: 0,
    opaque: 0,
    pending: 0,
    expected: 0,
    unexpected: 0,
  }

  function duplicateRemarks({ index: at, repeats: other }: ExaminedEntry): readonly Remark[] {
    if (other === undefined) return nothing
    counts.duplicates += 1
    if (watch.duplicates === "ignore") return nothing
    const summary = `entry ${at} repeats entry ${other}`
    return [{ kind: "duplicate-entry", summary, other, evidenceKind: "duplicate-entry" }]
  }

  function count(reading: Examination): void {
    if (reading.checks.length === 0) counts.unverified += 1
    else counts.verified += 1
    const hasPayload = reading.claim.summary.payload !== undefined
    if (hasPayload && reading.payload === undefined) counts.unreadablePayloads += 1
  }

  function unreadableRemarks(entry: Examination): readonly Remark[] {
    const part = unreadablePart(entry, index)
    if (part === undefined) return nothing
    const summary = `entry ${entry.index} may be by any signer that is watched: ${part} cannot be read`
    return [{ kind: "unclassifiable", summary, payload: entry.payload?.payload }]
  }

  /** Whoever must not be in the log at all. */
  function unlistedRemarks({ index: at, facts }: Examination): readonly Remark[] {
    if (!isClosed) return nothing
    const unlisted = facts.signers.filter((signer) => !index.isListed(signer, false))
    if (unlisted.length === 0) return nothing
    return [unlistedRemark(at, unlisted.map(({ key }) => key).join(", "))]
  }

  /**
   * A candidate only where a watched name is vouched for by a certificate: anyone can put somebody's public key
   * and signature under dates of his own.
   */
  function validityRemarks({ index: at, claim, facts }: Examination): readonly Remark[] {
    const { notBefore, notAfter } = claim
    if (notBefore === undefined || notAfter === undefined) return nothing
    if (facts.signers.every(({ key }) => index.isKnownKey(key))) return nothing
    const summary = `entry ${at} is signed under a certificate`
    return [{ kind: "outside-validity", summary, notBefore, notAfter }]
  }

  function ruleRemarks(
    entry: Examination,
    signed: readonly SignerMatch[],
    about: readonly SubjectMatch[],
    documents: Documents,
  ): Judged {
    const isWatched = signed.length > 0 || about.length > 0
    const revoked = revocations.judge(entry, isWatched, documents)
    const remarks = [
      ...signerRemarks(entry, signed),
      ...claimRemarks(entry.index, index.claimsOf(entry.facts)),
      ...subjectRemarks(entry, about, documents),
      ...revoked.remarks,
      ...unlistedRemarks(entry),
      ...unreadableRemarks(entry),
    ]
    const state = stateOf(entry, signed, about)
    if (remarks.length > 0) counts.unexpected += 1
    else if (isWatched && state === "understood") counts.expected += 1
    if (remarks.length === 0) noteShipped(entry, isWatched, documents)
    const passedOver: PassedOver[] = revoked.isPassedOver ? ["after-revocation"] : []
    if (entry.facts.odd !== undefined && about.length === 0) passedOver.push("odd-statement")
    const dated = isWatched ? validityRemarks(entry) : nothing
    return { remarks: dated.length === 0 ? remarks : [...remarks, ...dated], state, passedOver }
  }

  function judgeReadable(entry: Examination, documents: Documents): Judged {
    const isHolding = verify(entry.checks)
    if (!isHolding && entry.isProvable) return understood([badSignature(entry)])
    const signed = index.signersOf(entry.facts)
    const about = index.subjectsOf(entry.facts)
    const isWatched = signed.length > 0 || about.length > 0
    if (!isHolding) {
      return isWatched ? understood([badSignature(entry)]) : understood(nothing, "bad-signature")
    }
    count(entry)
    if (isCanaryEntry(documents, entry.leafHash)) return understood([canaryRemark(entry)])
    if (entry.revokes !== undefined && entry.checks.length > 0) {
      counts.revocations += 1
      revocations.remember(entry, entry.revokes, documents)
      const dated = isWatched ? validityRemarks(entry) : nothing
      return understood([...unlistedRemarks(entry), ...dated])
    }
    return ruleRemarks(entry, signed, about, documents)
  }

  function judgeUnread(reading: Exclude<EntryReading, Examination>, at: number): Judged {
    const isUnknown = reading.form === "unknown"
    if (isUnknown) counts.unknown += 1
    const isIgnored = isUnknown && watch.unknown === "ignore"
    const closed = isClosed ? [unlistedRemark(at, "a key that cannot be read")] : nothing
    const remarks = isIgnored ? closed : [unclassifiable(at, reading)]
    return { remarks, state: "opaque", passedOver: nothing }
  }

  function isListed({ facts }: Examination): boolean {
    return facts.signers.some((signer) => index.isListed(signer, true))
  }

  return {
    isExpected: createExpectedSigners(read, index),
    note: (entries, documents, now) => note(documents, entries, now),
    examine(entry, documents) {
      const { index: at, isAgain = false } = entry
      const before = isAgain ? { ...counts } : undefined
      counts.entries += 1
      const duplicate = duplicateRemarks(entry)
      const reading = read(entry)
      const isRead = reading.form === "read"
      const judged = isRead ? judgeReadable(reading, documents) : judgeUnread(reading, at)
      const { state, passedOver } = judged
      if (state !== "understood") counts[state] += 1
      const said = duplicate.length === 0 ? judged.remarks : [...duplicate, ...judged.remarks]
      const remarks = said.length === 0 ? nothing : said.map((remark) => remarkOn(at, remark))
      const facts = isRead ? reading.facts : undefined
      const digest = facts?.digests[0]
      const dates = isRead ? datesOf(reading) : undefined
      if (before !== undefined) Object.assign(counts, before)
      return {
        index: at,
        state,
        isListed: isRead && isListed(reading),
        digest,
        passedOver,
        isAgain,
        remarks,
        facts,
        dates,
      }
    },
    counters: () => ({ ...counts }),
  }
}
