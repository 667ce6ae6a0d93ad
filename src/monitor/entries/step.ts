// Takes entries that were read: asks for what the log keeps beside them, examines each, and tells what is found, how
// each stands, and by which tag it is found again; all for the commit that makes it durable. An entry that is examined
// again, because the watch or what is known of it has changed, goes the same way.
import { equalBytes } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { hasEnvelope, readSummary } from "../../entry/kinds/summary.ts"
import type { Case } from "../findings/case.ts"
import { storedFinding } from "../findings/stored.ts"
import type { MatchedEntry } from "../follow/bundle-audit.ts"
import type { MessageReads } from "../messages/messages.ts"
import { type ProveMessage, provenMessage } from "../messages/proving.ts"
import { type Asked, askEnvelope, saysKept } from "../pending/asking.ts"
import { isPending, type Standing, type StandingReason, wasUndecided } from "../pending/standing.ts"
import { isSighted, type Sighting } from "../search/sightings.ts"
import type { Documents } from "../state/documents.ts"
import { tagOf } from "../state/tags.ts"
import type { OwnTree } from "../state/tree.ts"
import type { Watch } from "../watch/watch.ts"
import type { NotedEntry } from "./entry-states.ts"
import type { EntryExaminer, ExaminedResult } from "./examiner.ts"
import type { ExaminedEntry } from "./reading.ts"
import type { EntryRemark } from "./remark.ts"
import {
  areUndecided,
  createEvidenceShare,
  judgeRemark,
  type RemarkGround,
} from "./remark-finding.ts"

/** Entries that are examined without letting others have the thread. */
const UNINTERRUPTED = 128
/** Envelopes that are asked for at a time. */
const AT_A_TIME = 8
/** Answers in a row that a log owes before the rest of a step is left for later. */
const MOST_FAILURES = 16
/** Entries of a step about which the log is asked whether it keeps what it does not give. */
const MOST_DOUBTED = 32

interface EntryStep {
  readonly own: OwnTree
  readonly ground: RemarkGround
  readonly watch: Watch
  readonly examiner: EntryExaminer
  readonly messages: MessageReads
  readonly prove: ProveMessage
  /** Whether the entries were examined before. */
  readonly isAgain: boolean
  /** Whether envelopes are asked for whatever is watched. */
  readonly asksAll: boolean
  /** Lets others have the thread. */
  readonly pause: () => Promise<void>
  /** Whether what the log gives beside the entries takes too long. */
  readonly isLate: () => boolean
}

async function firstAt(own: OwnTree, { index, leafHash }: MatchedEntry) {
  for (const candidate of own.candidates(leafHash)) {
    if (candidate < index && equalBytes(await own.leafHash(candidate), leafHash)) return candidate
  }
  return undefined
}

async function duplicatesOf(own: OwnTree, entries: readonly MatchedEntry[]) {
  const found = new Map<number, number>()
  const seen = new Map<string, number>()
  for (const entry of entries) {
    const name = formatHex(entry.leafHash)
    const first = seen.get(name) ?? (await firstAt(own, entry))
    if (first !== undefined) found.set(entry.index, first)
    else seen.set(name, entry.index)
  }
  return found
}

/** A log that fails one time after the other is not asked for the rest of the step. */
async function askAll({ ground: { source }, isLate }: EntryStep, wanted: readonly MatchedEntry[]) {
  const asked = new Map<number, Asked>()
  let failures = 0
  for (let at = 0; at < wanted.length; at += AT_A_TIME) {
    const some = wanted.slice(at, at + AT_A_TIME)
    const isLeft = failures >= MOST_FAILURES || isLate()
    const answers = await Promise.all(
      some.map(({ index }): Asked | Promise<Asked> => {
        if (isLeft) return { reason: failures >= MOST_FAILURES ? "unreachable" : "unasked" }
        return askEnvelope(source, index)
      }),
    )
    answers.forEach((answer, i) => {
      const isFailure = "reason" in answer && answer.reason === "unreachable"
      failures = isFailure ? failures + 1 : failures
      asked.set((some[i] as MatchedEntry).index, answer)
    })
    if (!isLeft && answers.some((answer) => "envelope" in answer)) failures = 0
  }
  return asked
}

/** Of what the log did not give, what it says that it keeps. */
async function doubted(
  { ground: { source }, isLate }: EntryStep,
  wanted: readonly MatchedEntry[],
  asked: ReadonlyMap<number, Asked>,
): Promise<ReadonlyMap<number, boolean>> {
  const kept = new Map<number, boolean>()
  if (source.native === undefined) return kept
  const missing = wanted.filter(({ index }) => {
    const answer = asked.get(index)
    return answer !== undefined && "reason" in answer && answer.reason !== "redacted"
  })
  for (const { index, body } of missing.slice(0, MOST_DOUBTED)) {
    if (isLate()) break
    const payload = unlessRefused(() => readSummary(body).payload)
    if (payload !== undefined) kept.set(index, await saysKept(source, index, payload))
  }
  return kept
}

/** A log that does not give what it says it keeps is not believed about entries of which it was not asked that. */
function leaveOpen(asked: Map<number, Asked>, kept: ReadonlyMap<number, boolean>): void {
  for (const [index, answer] of asked) {
    const isNotKept = "reason" in answer && answer.reason === "not-kept"
    if (isNotKept && !kept.has(index)) asked.set(index, { reason: "unasked" })
  }
}

/** Whether it may matter what an envelope is about: to subjects, and to ledgers that say it by digests. */
function needsEnvelopes({ subjects, signers }: Watch): boolean {
  return (
    subjects.length > 0 || signers.some(({ mine }) => mine !== undefined && mine.digests.size > 0)
  )
}

interface StepFacts {
  readonly asked: ReadonlyMap<number, Asked>
  /** Whether the log says that it keeps an envelope that it did not give; only of those that it was asked about. */
  readonly kept: ReadonlyMap<number, boolean>
  readonly duplicates: ReadonlyMap<number, number>
}

/** Reads what must be known of the entries before they can be examined; outside of the commit, because it may take its time. */
export async function readStepFacts(
  step: EntryStep,
  entries: readonly MatchedEntry[],
): Promise<StepFacts> {
  const isWanted = step.asksAll || needsEnvelopes(step.watch)
  const wanted = isWanted ? entries.filter(({ body }) => hasEnvelope(body)) : []
  const asked = await askAll(step, wanted)
  const kept = await doubted(step, wanted, asked)
  if ([...kept.values()].includes(true)) leaveOpen(asked, kept)
  return { asked, kept, duplicates: await duplicatesOf(step.own, entries) }
}

/** What there is to say about entries. */
export interface TakenEntries {
  readonly cases: readonly Case[]
  /** The keys of all findings that there are or may be, whether or not they are told now. */
  readonly keys: ReadonlySet<string>
  /** Entries of which this time something did not come: what was found when it was there stays found. */
  readonly unseen: ReadonlySet<number>
  readonly noted: readonly NotedEntry[]
  readonly standings: readonly Standing[]
  readonly tags: readonly { readonly index: number; readonly tag: Uint8Array }[]
  readonly sightings: readonly Sighting[]
}

/** What was asked for of one entry, and what the log says of it. */
interface Beside {
  readonly answer: Asked | undefined
  /** Undefined if the log was not asked. */
  readonly isKept: boolean | undefined
}

/** Why the log did not give what it was asked for. */
function missing({ answer, isKept }: Beside): StandingReason | undefined {
  if (answer === undefined || "envelope" in answer) return undefined
  return answer.reason === "not-kept" && isKept === true ? "withheld" : answer.reason
}

/** Why an entry is not understood; undefined for one that is, and for a stranger's of which nothing can be asked. */
function reasonOf(
  { state, isListed }: NotedEntry,
  body: Uint8Array,
  beside: Beside,
): StandingReason | undefined {
  if (state === "understood") return undefined
  const { answer } = beside
  if (answer !== undefined) return missing(beside) ?? "other-envelope"
  if (!isListed) return undefined
  return hasEnvelope(body) ? "unasked" : "unknown-bytes"
}

/** Whether the entry has an envelope that could tell, and it was not there: the log decides when to give one. */
function isUnseen({ watch }: EntryStep, { state }: NotedEntry, body: Uint8Array): boolean {
  return state !== "understood" && needsEnvelopes(watch) && hasEnvelope(body)
}

/** Examines an entry, and once more with the message that is kept for its digest, if there is one. */
async function examineFully(
  { examiner, messages, prove }: EntryStep,
  entry: ExaminedEntry,
  documents: Documents,
): Promise<ExaminedResult> {
  const first = examiner.examine(entry, documents)
  const { state, digest } = first
  if (state === "understood" || digest === undefined || !messages.has(digest)) return first
  const message = provenMessage(prove, entry.body, await messages.find(digest))
  if (message === undefined) return first
  const { isAgain } = first
  return { ...examiner.examine({ ...entry, message, isAgain: true }, documents), isAgain }
}

function seenEntry(
  { isAgain }: EntryStep,
  entry: MatchedEntry,
  beside: Beside,
  repeats: number | undefined,
): ExaminedEntry {
  const { answer } = beside
  if (answer === undefined && repeats === undefined && !isAgain) return entry
  const envelope = answer !== undefined && "envelope" in answer ? answer.envelope : undefined
  const reason = missing(beside)
  const isAwaited = reason !== undefined && isPending(reason)
  return { ...entry, ...present({ envelope, repeats }), isAwaited, isAgain }
}

/** Examines the entries and tells what is found; part of the commit that takes them. */
export async function takeEntries(
  step: EntryStep,
  entries: readonly MatchedEntry[],
  { asked, kept, duplicates }: StepFacts,
  documents: Documents,
): Promise<TakenEntries> {
  const cases: Case[] = []
  const keys = new Set<string>()
  const unseen = new Set<number>()
  const noted: NotedEntry[] = []
  const standings: Standing[] = []
  const tags: TakenEntries["tags"][number][] = []
  const sightings: Sighting[] = []
  const hasShare = createEvidenceShare()
  const isBare = (key: string, { watched }: EntryRemark): boolean =>
    isProven(documents, key) || step.isLate() || !hasShare(watched)

  async function judgeAll({ remarks }: ExaminedResult, body: Uint8Array): Promise<void> {
    for (const remark of remarks) {
      const judged = await judgeRemark(step.ground, remark, body, isBare)
      keys.add(judged.key)
      if (judged.finding !== undefined) cases.push(judged.finding)
    }
  }

  for (const entry of entries) {
    const { index, body } = entry
    const beside = { answer: asked.get(index), isKept: kept.get(index) }
    const seen = seenEntry(step, entry, beside, duplicates.get(index))
    const examined = await examineFully(step, seen, documents)
    const { digest, facts, remarks, isListed } = examined
    if (remarks.length > 0) await judgeAll(examined, body)
    if (isUnseen(step, examined, body)) unseen.add(index)
    const isTest = remarks.some(({ isCanary }) => isCanary === true)
    const reason = isTest ? "test" : reasonOf(examined, body, beside)
    const validity = validityOf(step, examined, documents)
    const standing = { index, isListed, ...present({ isKept: beside.isKept, validity }) }
    standings.push(reason === undefined ? standing : { ...standing, reason })
    noted.push(reason === "unasked" ? { ...examined, state: "pending" } : examined)
    if (digest !== undefined) tags.push({ index, tag: tagOf(digest) })
    if (facts !== undefined && isSighted(step.watch, facts)) sightings.push({ index, facts })
    if (noted.length % UNINTERRUPTED === 0) await step.pause()
  }
  return { cases, keys, unseen, noted, standings, tags, sightings }
}

/**
 * Whether it stays open if the certificates were valid. What was decided once stays decided: when an entry is examined
 * again, fewer heads from its time are known.
 */
function validityOf(
  { ground, isAgain }: EntryStep,
  { index, dates, remarks }: ExaminedResult,
  documents: Documents,
): Standing["validity"] {
  if (dates === undefined || !areUndecided(ground, index, dates)) return undefined
  if (isAgain && !wasUndecided(documents, ground.origin, index)) return undefined
  const isWatched = remarks.some(({ kind }) => kind === "outside-validity")
  return isWatched ? "undecided" : "undecided-stranger"
}

/** Whether a finding is proven already, so that it needs no other evidence. */
function isProven(documents: Documents, key: string): boolean {
  const found = storedFinding(documents, key)
  return found?.grade === "PROVEN" && found.resolvedAt === undefined
}
