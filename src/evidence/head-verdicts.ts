// Verdicts on signed heads alone: a fork, a key under another name, and the same of witnesses. Rests on
// signatures and on SHA-256: nobody can bring such a case against a key that signed one tree only.
import { compareBytes, equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import { formatBase64 } from "../core/base/text.ts"
import { isWitnessKey, type Vkey } from "../core/note/note.ts"
import { EMPTY_ROOT, type Hash, type Head } from "../core/tree/hash.ts"
import { rootsFromConsistency } from "../core/tree/proof.ts"
import type { EvidenceFile } from "./format.ts"
import {
  areOneLog,
  type HeadOpener,
  isOwnOrigin,
  logName,
  openOwn,
  type TimedHead,
  timeBy,
} from "./opened-head.ts"
import { assertOnly, headText, type Judge, needed, timeText, type Verdict } from "./verdict.ts"

/** A consistency proof from the older size that leads to the newer root, but not from the older one. */
export interface ForkProof {
  /** The root that the newer tree had at the older size. */
  readonly implied: Hash
  readonly hashes: readonly Hash[]
}

/**
 * Below 0 if `a` stands before `b` in evidence, above 0 if behind it: the smaller size first, then the
 * smaller root, so that one case has one text whichever head came first.
 */
export function compareHeads(a: Head, b: Head): number {
  return a.size - b.size || compareBytes(a.root, b.root)
}

/** Whether the two heads contradict each other without any proof. */
export function isPlainFork(a: Head, b: Head): boolean {
  const isSameSize = a.size === b.size
  const isSameRoot = equalBytes(a.root, b.root)
  return isSameSize !== isSameRoot
}

/** A head of size 0 has one root; any other is wrong by itself. */
export function isWrongEmptyHead({ size, root }: Head): boolean {
  return size === 0 && !equalBytes(root, EMPTY_ROOT)
}

function judgeProof(older: Head, newer: Head, { implied, hashes }: ForkProof): string {
  const roots = rootsFromConsistency(older.size, newer.size, implied, hashes)
  if (!equalBytes(roots.old, implied) || !equalBytes(roots.new, newer.root)) {
    refuse("bad-proof", "the proof does not lead from the implied root to the newer head")
  }
  if (equalBytes(implied, older.root)) {
    refuse("bad-proof", "the newer tree begins with the older one: the heads agree")
  }
  return `The tree of size ${newer.size} had root ${formatBase64(implied)} at size ${older.size}.`
}

/**
 * Why no one tree has both heads, in sentences. Refuses `bad-proof` for heads that agree or are not shown to
 * differ, `malformed` for heads in the other order and for a proof where none is needed.
 */
export function judgeFork(older: Head, newer: Head, proof?: ForkProof): readonly string[] {
  if (compareHeads(older, newer) > 0) {
    refuse("malformed", "evidence: expected the smaller head, or the smaller root, first")
  }
  const both = `There are two heads: ${headText(older)}, and ${headText(newer)}.`
  if (isPlainFork(older, newer)) {
    if (proof !== undefined) refuse("malformed", "evidence: expected no proof between these heads")
    const reason = older.size === newer.size ? "One size has one root" : "One root has one size"
    return [both, `${reason}: no tree has both.`]
  }
  if (older.size === newer.size) refuse("bad-proof", "the two heads are the same")
  if (proof === undefined) return refuse("bad-proof", "two sizes and no proof between them")
  return [both, judgeProof(older, newer, proof)]
}

function proofOf({ implied, hashes }: EvidenceFile): ForkProof | undefined {
  if (implied !== undefined) return { implied, hashes }
  return hashes.length === 0
    ? undefined
    : refuse("malformed", "evidence: expected an implied root before the proof")
}

type HeadReader = (note: string) => TimedHead

/** Whether heads under these two names are heads of one log. */
type SameLog = (a: string, b: string) => boolean

const byName: SameLog = (a, b) => a === b

/** A fork by one note (a wrong empty tree) or by two notes of one origin. */
function judgeHeads(file: EvidenceFile, read: HeadReader, isSame: SameLog = byName) {
  if (file.note !== undefined) {
    assertOnly(file, ["note"])
    const head = read(file.note)
    if (!isWrongEmptyHead(head)) refuse("bad-proof", "one head alone contradicts nothing")
    return {
      origin: head.origin,
      claims: [`There is a head of ${headText(head)}, which is not that of an empty tree.`],
    }
  }
  assertOnly(file, ["old", "new", "implied", "hashes"])
  const [older, newer] = readPair(file, read, isSame)
  if ([older, newer].some(isWrongEmptyHead)) {
    refuse("malformed", "evidence: expected the wrong head of size 0 alone, as a note")
  }
  const names =
    older.origin === newer.origin
      ? []
      : [`They are signed as ${older.origin} and as ${newer.origin}, which is one log of one key.`]
  return { origin: older.origin, claims: [...judgeFork(older, newer, proofOf(file)), ...names] }
}

/** The two heads of a case, which are of one log. */
function readPair(file: EvidenceFile, read: HeadReader, isSame: SameLog = byName) {
  const [a, b] = [read(needed(file.old, "old")), read(needed(file.new, "new"))]
  if (!isSame(a.origin, b.origin)) refuse("bad-proof", "the two heads are of different logs")
  return [a, b] as const
}

export const judgeLogFork: Judge = (file, open) => {
  const { key } = file
  const isSame: SameLog = (a, b) => areOneLog(key, a, b)
  const { claims, origin } = judgeHeads(file, (note) => openOwn(open, note, key), isSame)
  const name = logName(key, origin)
  const of = name === key.name ? "" : `, as heads of ${name}`
  const signed = `The key of the log ${key.name} has signed every head named here${of}.`
  return { origin: name, claims: [...claims, signed], freezes: true }
}

/** One tree under two tree IDs: no tree is contradicted, so this alone shuts no log out. */
function judgeTwoIds(file: EvidenceFile, open: HeadOpener): Verdict {
  assertOnly(file, ["note", "old", "new"])
  const { key } = file
  const bare = open(needed(file.note, "note"), [key])
  const [one, other] = [file.old, file.new].map((note) => openOwn(open, needed(note, "old"), key))
  if (one === undefined || other === undefined || bare.origin !== key.name) {
    return refuse("bad-proof", `expected a head under the bare name ${key.name} first`)
  }
  const isTree = ({ origin }: TimedHead) => origin !== key.name && isOwnOrigin(key, origin)
  if (![one, other].every(isTree) || one.origin === other.origin) {
    refuse("bad-proof", "expected heads under two tree IDs")
  }
  if (one.origin > other.origin) refuse("malformed", "evidence: expected the smaller name first")
  const claims = [
    `The key of the log ${key.name} has signed a head under its bare name, so its log has one tree: ${headText(bare)}.`,
    `It has also signed as ${one.origin} and as ${other.origin}, and one tree has one tree ID.`,
  ]
  return { origin: key.name, claims, freezes: false }
}

/**
 * A head under a foreign name and, where it is to convict, one under the key's bare name: without it, the log may have an
 * origin that is not the name of its key, as Go's checksum database has.
 */
export const judgeKeyMisuse: Judge = (file, open) => {
  const { key } = file
  if (isWitnessKey(key)) {
    refuse("bad-proof", "a key of type 4 or 6 signs the heads of other logs as a witness")
  }
  if (file.new !== undefined) return judgeTwoIds(file, open)
  assertOnly(file, ["note", "old"])
  const head = open(needed(file.note, "note"), [key])
  if (isOwnOrigin(key, head.origin)) refuse("bad-proof", "the head is one of the key's own log")
  const claim = `The key of the log ${key.name} has signed a head of another log, ${head.origin}: ${headText(head)}.`
  if (file.old === undefined) return { origin: key.name, claims: [claim], freezes: false }
  const own = open(file.old, [key])
  if (own.origin !== key.name) refuse("bad-proof", `expected a head under the name ${key.name}`)
  const named = `It has also signed a head under its own name, ${headText(own)}, so that is the name of its log.`
  return { origin: key.name, claims: [claim, named], freezes: true }
}

/** Whether it is the head of an empty tree but for its size. */
function isEmptyRootAbove({ size, root }: Head): boolean {
  return size > 0 && equalBytes(root, EMPTY_ROOT)
}

function assertWitnessKey(key: Vkey): void {
  if (!isWitnessKey(key)) refuse("bad-proof", "only keys of type 4 and 6 sign with a time")
}

export const judgeWitnessEquivocation: Judge = (file, open) => {
  const { key } = file
  assertWitnessKey(key)
  const times: string[] = []
  const { origin, claims } = judgeHeads(file, (note) => {
    const head = open(note, [key])
    // From size 0 a witness must take any head without a proof, so the lie is the log's.
    if (isEmptyRootAbove(head)) refuse("bad-proof", "a witness cannot tell that this root is wrong")
    times.push(timeText(timeBy(key, head)))
    return head
  })
  const signed = `The witness ${key.name} has cosigned every head named here, of the log ${origin}, by its own clock at ${times.join(" and ")}.`
  return { origin, claims: [...claims, signed], freezes: false }
}

/** An earlier and a later head of one origin, of which the later is smaller. */
function judgeBackwards(file: EvidenceFile, read: HeadReader) {
  assertOnly(file, ["old", "new"])
  const { key } = file
  assertWitnessKey(key)
  const [earlier, later] = readPair(file, read)
  const [from, to] = [timeBy(key, earlier), timeBy(key, later)]
  // Times are whole seconds, so in the same second either head may have come first.
  if (from >= to) refuse("bad-proof", "the second head is not later than the first")
  if (earlier.size <= later.size) refuse("bad-proof", "the later head is not smaller")
  const claim = `${key.name} says that size ${earlier.size} was the newest of the log ${earlier.origin} at ${timeText(from)}, and that size ${later.size} was at ${timeText(to)}.`
  return { origin: earlier.origin, claims: [claim] }
}

export const judgeWitnessRollback: Judge = (file, open) => {
  const { origin, claims } = judgeBackwards(file, (note) => open(note, [file.key]))
  const clock = "Both times are of the witness's own clock, which may have been set back."
  return { origin, claims: [...claims, clock], freezes: false }
}

/** A log whose own signatures carry times, which run backwards. */
export const judgeHeadTime: Judge = (file, open) => {
  const { key } = file
  const { claims } = judgeBackwards(file, (note) => openOwn(open, note, key))
  const clock = "Both times are of the log's own clock."
  return { origin: key.name, claims: [...claims, clock], freezes: true }
}
