// Turns what the rules remark on an entry into a finding with evidence: the entry, its place in the tree, and
// the head that the log signed over it. Whether it was logged while its signers' certificates were valid is judged by
// the clocks of witnesses: the times of the two cosigned heads that enclose it, never its own clock or the log's.
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
import { type Finding, ungraded } from "../findings/finding.ts"
import { DataFault } from "../follow/data-fault.ts"
import type { LogSource } from "../follow/source.ts"
import { type Statement, secondsText } from "../heads/statement.ts"
import type { EntryRemark } from "./remark.ts"

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
export async function findingOf(
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
