// Takes the entries of one step of the follower: examines each, and turns remarks into findings, all in the
// commit that makes their leaf hashes durable.
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { hasEnvelope } from "../../entry/kinds/summary.ts"
import type { Case } from "../findings/case.ts"
import type { MatchedEntry } from "../follow/bundle-audit.ts"
import type { LogSource } from "../follow/source.ts"
import type { Documents } from "../state/documents.ts"
import type { OwnTree } from "../state/tree.ts"
import type { Watch } from "../watch/watch.ts"
import type { EntryExaminer } from "./examiner.ts"
import { findingOf, type RemarkGround } from "./remark-finding.ts"

/** Entries that are examined without letting others have the thread. */
const UNINTERRUPTED = 128
/** Envelopes that are asked for at a time. */
const AT_A_TIME = 8
/** Findings of a step that get evidence; more of them come of a flood. */
const MOST_EVIDENCE = 256

interface EntryStep {
  readonly own: OwnTree
  readonly ground: RemarkGround
  readonly watch: Watch
  readonly examiner: EntryExaminer
  /** Lets others have the thread. */
  readonly pause: () => Promise<void>
  /** Whether what the log gives beside the entries takes too long. */
  readonly isLate: () => boolean
}

/** What must be known of the entries before they can be examined. */
interface StepFacts {
  readonly envelopes: ReadonlyMap<number, Uint8Array>
  /** The index of the entry that is a duplicate, with that of the first one. */
  readonly duplicates: ReadonlyMap<number, number>
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

/** What a log withholds counts as not there: it could say so as well. */
async function envelopeOf(source: LogSource, index: number): Promise<Uint8Array | undefined> {
  try {
    return await source.envelope?.(index)
  } catch (error) {
    if (error instanceof Refusal || error instanceof Trouble) return undefined
    throw error
  }
}

/** A log that takes too long for them withholds them. */
async function envelopesOf(
  { ground: { source }, watch, isLate }: EntryStep,
  entries: readonly MatchedEntry[],
): Promise<ReadonlyMap<number, Uint8Array>> {
  const envelopes = new Map<number, Uint8Array>()
  if (source.envelope === undefined || watch.subjects.length === 0) return envelopes
  const wanted = entries.filter(({ body }) => hasEnvelope(body)).map(({ index }) => index)
  for (let at = 0; at < wanted.length && !isLate(); at += AT_A_TIME) {
    const indexes = wanted.slice(at, at + AT_A_TIME)
    const found = await Promise.all(indexes.map((index) => envelopeOf(source, index)))
    found.forEach((envelope, i) => {
      if (envelope !== undefined) envelopes.set(indexes[i] as number, envelope)
    })
  }
  return envelopes
}

/** Reads what the entries need; outside of the commit, because it may take its time. */
export async function readStepFacts(step: EntryStep, entries: readonly MatchedEntry[]) {
  const envelopes = await envelopesOf(step, entries)
  return { envelopes, duplicates: await duplicatesOf(step.own, entries) }
}

/** Examines the entries and gives what is found; part of the commit that takes them. */
export async function takeEntries(
  step: EntryStep,
  entries: readonly MatchedEntry[],
  { envelopes, duplicates }: StepFacts,
  documents: Documents,
): Promise<readonly Case[]> {
  const cases: Case[] = []
  let examined = 0
  for (const entry of entries) {
    const envelope = envelopes.get(entry.index)
    const repeats = duplicates.get(entry.index)
    const isPlain = envelope === undefined && repeats === undefined
    const seen = isPlain ? entry : { ...entry, ...present({ envelope, repeats }) }
    for (const remark of step.examiner.examine(seen, documents)) {
      const isBare = cases.length >= MOST_EVIDENCE || step.isLate()
      const finding = await findingOf(step.ground, remark, entry.body, isBare)
      if (finding !== undefined) cases.push(finding)
    }
    examined += 1
    if (examined % UNINTERRUPTED === 0) await step.pause()
  }
  return cases
}
