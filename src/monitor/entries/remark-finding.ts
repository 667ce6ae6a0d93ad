// Turns what a rule says of an entry into a finding: the evidence is the entry, its place in the tree, and the head that
// the log signed over it. Whether it was logged while its signers' certificates were valid is judged by the clocks of
// witnesses: the times of the two cosigned heads that enclose it, never its own clock or the log's.
import { bug, Refusal, Trouble } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { SignatureRule, Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import { decodeBundle } from "../../core/tree/bundle.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { TILE_WIDTH, tileWidth } from "../../core/tree/tile.ts"
import { readEnvelope } from "../../entry/dsse.ts"
import { makeEntryEvidence, makeEntryTime } from "../../evidence/entry-evidence.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { LoggedEntry } from "../../evidence/format.ts"
import { type Finding, keyOf, ungraded } from "../findings/finding.ts"
import type { LogSource } from "../follow/source.ts"
import { DataFault } from "../follow/target-tree.ts"
import { type Statement, secondsText } from "../heads/statement.ts"
import type { ValidityDates } from "./reading.ts"
import type { EntryRemark } from "./remark.ts"

/** Findings of a step that get evidence; more of them come of a flood. */
const MOST_EVIDENCE = 256
/** How many about each watched thing get it all the same, so that no flood about others leaves them a mere word. */
const LEAST_WATCHED = 16
const MOST_IN_ALL = 4_096

/** Where entries stand, and who says so. */
export interface RemarkGround {
  readonly origin: Origin
  /** The signed head that the entries are under. */
  readonly statement: Statement
  /** A signed head without any of the entries. */
  readonly older?: Statement
  /** Other cosigned heads of the same tree, from anywhere between. */
  readonly heads: readonly Statement[]
  /** The inclusion proof to the root of the tree of this size. */
  readonly path: (index: number, size: number) => Promise<readonly Hash[]>
  readonly source: LogSource
  readonly holds?: SignatureRule
}

/** The heads around one entry whose witnesses' times are closest to it. */
interface Enclosing {
  readonly older?: Statement
  readonly newer: Statement
}

function latest({ witnesses }: Statement): number {
  return Math.max(...witnesses.map(({ time }) => time))
}

function earliest({ witnesses }: Statement): number {
  return Math.min(...witnesses.map(({ time }) => time))
}

function enclosing({ statement, older, heads }: RemarkGround, index: number): Enclosing {
  // Where a tree ends, no proof to a larger one can be had.
  const within = heads.filter(({ head }) => head.size <= statement.head.size)
  const all = [statement, ...(older === undefined ? [] : [older]), ...within]
  const before = all.filter(({ head }) => head.size <= index)
  const after = all.filter(({ head }) => head.size > index)
  const [last] = before.toSorted((a, b) => latest(b) - latest(a))
  const newer = after.reduce((a, b) => (earliest(b) < earliest(a) ? b : a), statement)
  return { newer, ...present({ older: last }) }
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
  return {
    index,
    body,
    path: await ground.path(index, ground.statement.head.size),
    ...present({ payload }),
  }
}

async function timeEvidence(
  vkey: Vkey,
  { index, notBefore = 0, notAfter = 0 }: EntryRemark,
  body: Uint8Array,
  ground: RemarkGround,
): Promise<Evidence> {
  const { older, newer } = enclosing(ground, index)
  const tooLate = older?.witnesses.filter(({ time }) => time - CLOCK_SKEW > notAfter) ?? []
  const tooEarly = newer.witnesses.filter(({ time }) => time + CLOCK_SKEW < notBefore)
  const isLate = tooLate.length > 0
  const witnesses = (isLate ? tooLate : tooEarly).map((signer) => signer.vkey)
  const before = isLate ? older?.note : undefined
  const entry = { index, body, path: await ground.path(index, newer.head.size) }
  const found = { witnesses, note: newer.note, entry, ...present({ older: before }) }
  return makeEntryTime(vkey, found, ground.holds)
}

async function evidenceOf(ground: RemarkGround, remark: EntryRemark, body: Uint8Array) {
  const vkey = ground.statement.log[0]?.vkey
  if (vkey === undefined) return undefined
  const { index, payload, other, evidenceKind: kind = "unexpected-entry", summary } = remark
  if (remark.kind === "outside-validity") return await timeEvidence(vkey, remark, body, ground)
  const path = await ground.path(index, ground.statement.head.size)
  const entry: LoggedEntry = { index, body, path, ...present({ payload }) }
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

/** What became of a remark. */
interface JudgedRemark {
  /** That of the finding, also if it makes none now. */
  readonly key: string
  readonly finding?: Finding
}

function keyOfRemark({ origin }: RemarkGround, { kind, index, about }: EntryRemark): string {
  return keyOf(kind, origin, ...[String(index), about ?? []].flat())
}

/** Between which times of witnesses the entry came. */
function sandwichOf(ground: RemarkGround, index: number): TimeSandwich {
  const { older, newer } = enclosing(ground, index)
  return present({ from: older && latest(older), to: earliest(newer) })
}

/** Whether an entry whose certificates have these dates may have come too late, as far as heads are known. */
export function areUndecided(ground: RemarkGround, index: number, dates: ValidityDates): boolean {
  // Nearly all are decided by the head that the entry was read under.
  if (!isUndecided(dates, { to: earliest(ground.statement) })) return false
  const sandwich = sandwichOf(ground, index)
  const { from = Number.NEGATIVE_INFINITY } = sandwich
  return isUndecided(dates, sandwich) && from - CLOCK_SKEW <= dates.notAfter
}

/** Counts the findings of a step; says whether one more, about this watched thing if it is about one, gets evidence. */
export function createEvidenceShare(): (watched: string | undefined) => boolean {
  const counts = new Map<string | undefined, number>()
  let given = 0
  return (watched) => {
    const own = counts.get(watched) ?? 0
    const isOwed = watched !== undefined && own < LEAST_WATCHED && given < MOST_IN_ALL
    if (given >= MOST_EVIDENCE && !isOwed) return false
    counts.set(watched, own + 1)
    given += 1
    return true
  }
}

/** The finding that a remark on this entry makes, if any. `isBare` leaves the evidence out. */
export async function judgeRemark(
  ground: RemarkGround,
  candidate: EntryRemark,
  body: Uint8Array,
  isBare: (key: string, remark: EntryRemark) => boolean,
): Promise<JudgedRemark> {
  const key = keyOfRemark(ground, candidate)
  const remark =
    candidate.kind === "outside-validity"
      ? judgeValidity(candidate, sandwichOf(ground, candidate.index))
      : candidate
  if (remark === undefined) return { key }
  const { kind, index, summary, about, watched, isCanary } = remark
  const evidence = isBare(key, remark)
    ? undefined
    : await evidenceOrNone(evidenceOf(ground, remark, body))
  const finding: Finding = {
    ...ungraded(kind, ground.origin, summary, ...[String(index), about ?? []].flat()),
    grade: evidence === undefined ? "ATTESTED" : "PROVEN",
    index,
    ...present({ watched, evidence, isCanary }),
  }
  return { key, finding }
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

/**
 * Whether the entry may have come after its certificate had expired, because the oldest cosigned head with it is too
 * young to tell: of a log without witnesses, or one that was not looked at for longer than a certificate lives.
 */
function isUndecided(
  { notBefore, notAfter }: ValidityDates,
  { to = Number.POSITIVE_INFINITY }: TimeSandwich,
): boolean {
  return notBefore <= notAfter && to - CLOCK_SKEW > notAfter
}
