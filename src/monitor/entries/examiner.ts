// Examines every entry of a log as it is read: verifies what can be verified, and holds it against the watch
// file. Expected entries make no remark but are counted. What it remembers are documents, so that they become
// durable together with the place up to which the log was read.
import type { SignatureCheck } from "../../entry/entry.ts"
import { isCanaryEntry } from "../alerts/canary.ts"
import type { Documents } from "../state/documents.ts"
import type { Watch } from "../watch/watch.ts"
import { createShippedRule } from "./expectation.ts"
import { signerRemarks } from "./ledger-rule.ts"
import {
  createEntryReader,
  type EntryReading,
  type Examination,
  type ExaminedEntry,
  type ReadEntry,
} from "./reading.ts"
import { type EntryRemark, type Remark, remarkOn } from "./remark.ts"
import { createRevocationRule, createSubjectRule } from "./rule-subject.ts"
import { type EntryFacts, indexWatch, type WatchIndex } from "./watch-index.ts"

export interface EntryExaminerOptions {
  /** The log's; what is remembered is remembered of it. */
  readonly origin: string
  readonly watch: Watch
  /** Whether every one of these signatures holds, by the strict rules; on the calling thread. */
  readonly verify: (checks: readonly SignatureCheck[]) => boolean
  /** SHA-256 of payloads; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** Since the examiner was made. */
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
  /** Entries about a watched subject or by a watched signer without and with a remark. */
  readonly expected: number
  readonly unexpected: number
}

/** What became of examining an entry. */
export interface ExaminedState {
  readonly remarks: readonly EntryRemark[]
  /**
   * `understood`: it is known what it is about, and that was judged. `opaque`: nobody can know from what is at hand.
   * `pending`: what the log may keep beside it was not given.
   */
  readonly state: "understood" | "opaque" | "pending"
  /** Whether a watched signer signed it. */
  readonly isListed: boolean
  /** Whether it is by a watched signer or about a watched subject. */
  readonly isWatched: boolean
  /** Of an entry that can be read. */
  readonly facts?: EntryFacts
}

export interface EntryExaminer {
  /**
   * What there is to say about an entry; entries come in the order of their indices, or again. Never throws for
   * anything that an entry holds. `documents` is what the batch commits.
   */
  examine(entry: ExaminedEntry, documents: Documents): ExaminedState
  counters(): EntryCounters
}

const nothing: readonly Remark[] = []

function unclassifiable(index: number, reading: Exclude<EntryReading, ReadEntry>): Remark {
  const evidenceKind = reading.form === "malformed" ? "bad-entry" : "unexpected-entry"
  const summary = `entry ${index} cannot be classified: ${reading.reason}`
  return { kind: "unclassifiable", summary, evidenceKind }
}

function badSignature({ index, isProvable, payload }: Examination): Remark {
  const over = isProvable ? "what it says" : "the envelope that the log keeps with it"
  const summary = `a signature of entry ${index} does not hold over ${over}`
  const evidenceKind = isProvable ? "bad-entry" : "unexpected-entry"
  return { kind: "bad-signature", summary, evidenceKind, payload: payload?.payload }
}

function canaryRemark({ index }: Examination): Remark {
  const summary = `entry ${index} is the monitor's own test: signed by a key that nobody knows`
  return { kind: "unknown-signer", about: "canary", summary, isCanary: true }
}

function validityRemarks({ index, claim }: Examination): readonly Remark[] {
  const { notBefore, notAfter } = claim
  if (notBefore === undefined || notAfter === undefined) return nothing
  const summary = `entry ${index} is signed under a certificate`
  return [{ kind: "outside-validity", summary, notBefore, notAfter }]
}

/** Names or dates that cannot be read, where they would decide. */
function unreadablePart(
  { payload, claim, facts }: ReadEntry,
  { watchesStatements, watchesIdentities }: WatchIndex,
): string | undefined {
  if (watchesStatements && payload?.isUnreadable === true) return "its statement's subjects"
  if (!watchesIdentities) return undefined
  if (facts.signers.some(({ isUnreadable }) => isUnreadable)) return "a name in its certificate"
  const isUndated = claim.keys.some((key) => key.form === "certificate" && !key.validity)
  return isUndated ? "the dates of its certificate" : undefined
}

export function createEntryExaminer(options: EntryExaminerOptions): EntryExaminer {
  const { origin, watch, verify } = options
  const index = indexWatch(watch)
  const read = createEntryReader(options.sha256)
  const revocations = createRevocationRule(origin, index)
  const subjectRemarks = createSubjectRule(origin)
  const noteShipped = createShippedRule(origin, watch)
  const counts: { -readonly [Each in keyof EntryCounters]: number } = {
    entries: 0,
    verified: 0,
    unverified: 0,
    unreadablePayloads: 0,
    unknown: 0,
    duplicates: 0,
    revocations: 0,
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

  function count(reading: ReadEntry): void {
    if (reading.checks.length === 0) counts.unverified += 1
    else counts.verified += 1
    const hasPayload = reading.claim.summary.payload !== undefined
    if (hasPayload && reading.payload === undefined) counts.unreadablePayloads += 1
  }

  function unreadableRemarks(entry: Examination): readonly Remark[] {
    const part = unreadablePart(entry, index)
    if (part === undefined) return nothing
    const summary = `entry ${entry.index} may be about anything that is watched: ${part} cannot be read`
    return [{ kind: "unclassifiable", summary, payload: entry.payload?.payload }]
  }

  function ruleRemarks(entry: Examination): readonly Remark[] {
    const signed = index.signersOf(entry.facts)
    const about = index.subjectsOf(entry.facts)
    const remarks = [
      ...signerRemarks(entry, signed),
      ...subjectRemarks(entry, about),
      ...revocations.remarks(entry),
      ...unreadableRemarks(entry),
    ]
    const isWatched = signed.length > 0 || about.length > 0
    if (remarks.length > 0) counts.unexpected += 1
    else if (isWatched) counts.expected += 1
    if (remarks.length === 0) noteShipped(entry, isWatched)
    return remarks
  }

  function examineReadable(entry: Examination): readonly Remark[] {
    if (!verify(entry.checks)) return [badSignature(entry)]
    count(entry)
    const validity = validityRemarks(entry)
    if (isCanaryEntry(entry.documents, entry.leafHash)) return [canaryRemark(entry), ...validity]
    if (entry.revokes !== undefined && entry.checks.length > 0) {
      counts.revocations += 1
      revocations.remember(entry, entry.revokes)
      return validity
    }
    return [...ruleRemarks(entry), ...validity]
  }

  function stateOf(reading: ReadEntry): Omit<ExaminedState, "remarks"> {
    const { facts, claim, payload } = reading
    const isListed = index.signersOf(facts).length > 0
    const isMissing = claim.summary.payload !== undefined && payload === undefined
    return {
      state: isMissing ? "pending" : "understood",
      isListed,
      isWatched: isListed || index.subjectsOf(facts).length > 0,
      facts,
    }
  }

  function examineEntry(entry: ExaminedEntry, documents: Documents) {
    const duplicate = duplicateRemarks(entry)
    const reading = read(entry)
    if (reading.form === "read") {
      const { index, leafHash } = entry
      const remarks = examineReadable({ ...reading, index, leafHash, documents })
      return { remarks: [...duplicate, ...remarks], ...stateOf(reading) }
    }
    if (reading.form === "unknown") counts.unknown += 1
    const isIgnored = reading.form === "unknown" && watch.unknown === "ignore"
    const remarks = isIgnored ? duplicate : [...duplicate, unclassifiable(entry.index, reading)]
    return { remarks, state: "understood", isListed: false, isWatched: false } as const
  }

  return {
    examine(entry, documents) {
      const before = entry.isAgain === true ? { ...counts } : undefined
      counts.entries += 1
      const examined = examineEntry(entry, documents)
      if (before !== undefined) Object.assign(counts, before)
      return {
        ...examined,
        remarks: examined.remarks.map((remark) => remarkOn(entry.index, remark)),
      }
    },
    counters: () => ({ ...counts }),
  }
}
