// Takes the entries of one step of the follower: examines each, and turns remarks into findings, all in the
// commit that makes their leaf hashes durable. The evidence is the entry, its place in the tree, and the head that the
// log signed over it. Whether it was logged while its signers' certificates were valid is judged by the clocks of
// witnesses: the times of the two cosigned heads that enclose it, never its own clock or the log's.
import { equalBytes } from "../../core/base/bytes.ts"
import { bug, Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import type { SignatureRule, Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileWidth } from "../../core/tree/tile.ts"
import { readEnvelope } from "../../entry/dsse.ts"
import { hasEnvelope } from "../../entry/kinds/summary.ts"
import { makeEntryEvidence, makeEntryTime } from "../../evidence/entry-evidence.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { LoggedEntry } from "../../evidence/format.ts"
import type { Case } from "../findings/case.ts"
import { type Finding, ungraded } from "../findings/finding.ts"
import type { MatchedEntry } from "../follow/bundle-audit.ts"
import type { LogSource } from "../follow/source.ts"
import { DataFault } from "../follow/target-tree.ts"
import { type Statement, secondsText } from "../heads/statement.ts"
import type { Documents } from "../state/documents.ts"
import type { OwnTree } from "../state/tree.ts"
import type { Watch } from "../watch/watch.ts"
import type { NotedEntry } from "./entry-states.ts"
import type { EntryExaminer } from "./examiner.ts"
import type { EntryRemark } from "./remark.ts"

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
  /** Unix milliseconds. */
  readonly now: number
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

/** Reads what must be known of the entries before they can be examined; outside of the commit, because it may take its time. */
export async function readStepFacts(step: EntryStep, entries: readonly MatchedEntry[]) {
  const envelopes = await envelopesOf(step, entries)
  return { envelopes, duplicates: await duplicatesOf(step.own, entries) }
}

/** Examines the entries and gives what is found; part of the commit that takes them. */
export async function takeEntries(
  step: EntryStep,
  entries: readonly MatchedEntry[],
  { envelopes, duplicates }: Awaited<ReturnType<typeof readStepFacts>>,
  documents: Documents,
): Promise<readonly Case[]> {
  const cases: Case[] = []
  const noted: NotedEntry[] = []
  for (const entry of entries) {
    const envelope = envelopes.get(entry.index)
    const repeats = duplicates.get(entry.index)
    const isPlain = envelope === undefined && repeats === undefined
    const seen = isPlain ? entry : { ...entry, ...present({ envelope, repeats }) }
    const result = step.examiner.examine(seen, documents)
    noted.push(result)
    for (const remark of result.remarks) {
      const isBare = cases.length >= MOST_EVIDENCE || step.isLate()
      const finding = await findingOf(step.ground, remark, entry.body, isBare)
      if (finding !== undefined) cases.push(finding)
    }
    if (noted.length % UNINTERRUPTED === 0) await step.pause()
  }
  step.examiner.note(noted, documents, step.now)
  return cases
}

/** Where entries stand, and who says so. */
export interface RemarkGround {
  readonly origin: Origin
  /** The signed head that the entries are under. */
  readonly statement: Statement
  /** A signed head without any of the entries. */
  readonly older?: Statement
  /** The inclusion proof to the root of `statement`. */
  readonly path: (index: number) => Promise<readonly Hash[]>
  readonly source: LogSource
  readonly holds?: SignatureRule
}

/** The dates of certificates against the witnesses' clocks; undefined if the entry may have come in time. */
function judged(remark: EntryRemark, { statement, older }: RemarkGround): EntryRemark | undefined {
  if (remark.kind !== "outside-validity") return remark
  const before = older?.witnesses.map(({ time }) => time) ?? []
  const after = statement.witnesses.map(({ time }) => time)
  return judgeValidity(remark, { from: Math.max(...before), to: Math.min(...after) })
}

/** The body of another entry; the evidence is refused if it is not the one in the tree. */
async function bodyOf({ source, statement }: RemarkGround, index: number): Promise<Uint8Array> {
  const bundle = Math.floor(index / TILE_WIDTH)
  const width = tileWidth({ level: 0, index: bundle }, statement.head.size)
  const bytes = await source.bundle(bundle, width)
  const body = bytes && decodeBundle(bytes, width)[index - bundle * TILE_WIDTH]
  if (body === undefined) throw new Refusal("not-found", `entry ${index} cannot be read`)
  return body
}

async function otherEntry(ground: RemarkGround, index: number, needsPayload: boolean) {
  const envelope = needsPayload ? await ground.source.envelope?.(index) : undefined
  const payload = envelope && readEnvelope(envelope).payload
  const body = await bodyOf(ground, index)
  return { index, body, path: await ground.path(index), ...present({ payload }) }
}

function timeEvidence(
  vkey: Vkey,
  { notBefore = 0, notAfter = 0 }: EntryRemark,
  entry: LoggedEntry,
  { statement, older, holds }: RemarkGround,
): Evidence {
  const tooLate = older?.witnesses.filter(({ time }) => time - CLOCK_SKEW > notAfter) ?? []
  const tooEarly = statement.witnesses.filter(({ time }) => time + CLOCK_SKEW < notBefore)
  const isLate = tooLate.length > 0
  const witnesses = (isLate ? tooLate : tooEarly).map((signer) => signer.vkey)
  const before = isLate ? older?.note : undefined
  const found = { witnesses, note: statement.note, entry, ...present({ older: before }) }
  return makeEntryTime(vkey, found, holds)
}

async function evidenceOf(ground: RemarkGround, remark: EntryRemark, body: Uint8Array) {
  const vkey = ground.statement.log[0]?.vkey
  if (vkey === undefined) return undefined
  const { index, payload, other, evidenceKind: kind = "unexpected-entry", summary } = remark
  const path = await ground.path(index)
  const entry: LoggedEntry = { index, body, path, ...present({ payload }) }
  if (remark.kind === "outside-validity") return timeEvidence(vkey, remark, entry, ground)
  const entries =
    other === undefined ? [entry] : [await otherEntry(ground, other, payload !== undefined), entry]
  return makeEntryEvidence(kind, vkey, ground.statement.note, entries, summary, ground.holds)
}

/** What proves nothing, or what the log does not give now, leaves the monitor's word. */
async function evidenceOrNone(work: Promise<Evidence | undefined>): Promise<Evidence | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Refusal || error instanceof DataFault) return undefined
    if (error instanceof Trouble && error.code === "network") return undefined
    throw error
  }
}

/** The finding that a remark on this entry makes, if any. `isBare` leaves the evidence out. */
async function findingOf(
  ground: RemarkGround,
  candidate: EntryRemark,
  body: Uint8Array,
  isBare: boolean,
): Promise<Finding | undefined> {
  const remark = judged(candidate, ground)
  if (remark === undefined) return undefined
  const { kind, index, summary, about, watched, isCanary } = remark
  const evidence = isBare ? undefined : await evidenceOrNone(evidenceOf(ground, remark, body))
  const which = [String(index), about ?? []].flat()
  return {
    ...ungraded(kind, ground.origin, summary, ...which),
    grade: evidence === undefined ? "ATTESTED" : "PROVEN",
    index,
    ...present({ watched, evidence, isCanary }),
  }
}

/** When the entry came into the log, in Unix seconds; a side without a cosigned head is infinite, or not there. */
interface TimeSandwich {
  /** Of the newest cosigned head without the entry: it came later. */
  readonly from?: number
  /** Of the oldest cosigned head with the entry: it was there by then. */
  readonly to?: number
}

/** How far a witness's clock may be off, in seconds. */
export const CLOCK_SKEW = 300

/**
 * The remark that an `outside-validity` candidate turns into: undefined unless the whole time in which the
 * entry can have come lies outside of the dates, give or take `skew` seconds.
 */
export function judgeValidity(
  candidate: EntryRemark,
  { from, to }: TimeSandwich,
  skew = CLOCK_SKEW,
): EntryRemark | undefined {
  const { kind, index, notBefore, notAfter } = candidate
  if (kind !== "outside-validity" || notBefore === undefined || notAfter === undefined) {
    return bug(`a remark ${kind} has no dates`)
  }
  const dates = `${secondsText(notBefore)} to ${secondsText(notAfter)}`
  const said = (what: string): EntryRemark => ({ ...candidate, summary: `entry ${index} ${what}` })
  if (notBefore > notAfter) {
    return said(`is signed under certificates that are never valid together: ${dates}`)
  }
  if (from !== undefined && from - skew > notAfter) {
    return said(`came after ${secondsText(from)}, its certificate is valid from ${dates}`)
  }
  if (to !== undefined && to + skew < notBefore) {
    return said(`was there at ${secondsText(to)}, its certificate is valid from ${dates}`)
  }
  return undefined
}
