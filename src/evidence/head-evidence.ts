// Makes evidence of signed heads. Each maker verifies its own output and refuses what proves nothing.
import { parseCheckpointText } from "../core/note/checkpoint.ts"
import { parseNote, type SignatureRule, type Vkey } from "../core/note/note.ts"
import type { Evidence } from "./evidence.ts"
import type { EvidenceFile } from "./format.ts"
import { compareHeads, type ForkProof, isPlainFork, isWrongEmptyHead } from "./head-verdicts.ts"
import { keepLines } from "./opened-head.ts"
import { finish } from "./verification.ts"

/** Two notes with their heads, the smaller one first. */
function inOrder(a: string, b: string) {
  const sided = (note: string) => ({ note, head: parseCheckpointText(parseNote(note).text) })
  const [one, other] = [sided(a), sided(b)]
  return compareHeads(one.head, other.head) <= 0 ? ([one, other] as const) : ([other, one] as const)
}

type Lines = Partial<EvidenceFile>

function forkLines(key: Vkey, a: string, b: string, proof: ForkProof | undefined): Lines {
  const [older, newer] = inOrder(a, b)
  const wrong = [older, newer].find(({ head }) => isWrongEmptyHead(head))
  if (wrong !== undefined) return { note: keepLines(wrong.note, [key]) }
  const pair = pairOf(key, older.note, newer.note)
  return isPlainFork(older.head, newer.head) ? pair : { ...pair, ...proof }
}

function pairOf(key: Vkey, first: string, second: string): Lines {
  return { old: keepLines(first, [key]), new: keepLines(second, [key]) }
}

type ForkMaker = (
  vkey: Vkey,
  a: string,
  b: string,
  proof?: ForkProof,
  holds?: SignatureRule,
) => Evidence

/**
 * Two heads, in any order, that one log signed and no tree has. `proof` leads from the smaller size to
 * the larger head, by the larger tree's own hashes; it is not used where none is needed: one size with
 * two roots, one root at two sizes, or a wrong root at size 0, for which one note may be given twice.
 * Refuses `bad-proof` for heads that are not shown to contradict each other, `untrusted` and
 * `bad-signature` for notes without the key's valid signature, `malformed`.
 */
export const makeFork: ForkMaker = (vkey, a, b, proof, holds) =>
  finish("fork", vkey, forkLines(vkey, a, b, proof), holds)

/** As {@link makeFork} of a witness's cosignatures (type 4 or 6), which need a time each. */
export const makeWitnessEquivocation: ForkMaker = (vkey, a, b, proof, holds) =>
  finish("witness-equivocation", vkey, forkLines(vkey, a, b, proof), holds)

/**
 * A head that a log's key of type 1 or 2 signed under an origin that is not its name, and one (`own`) that it signed
 * under its name: without that the log may have another origin, and the case convicts nobody. Refuses as
 * {@link makeFork} does.
 */
export function makeKeyMisuse(
  vkey: Vkey,
  note: string,
  own?: string,
  holds?: SignatureRule,
): Evidence {
  const named = own === undefined ? {} : { old: keepLines(own, [vkey]) }
  return finish("key-misuse", vkey, { note: keepLines(note, [vkey]), ...named }, holds)
}

/**
 * A log that signed heads under two tree IDs (`NAME - TREEID`), in any order, and one under its bare name. Refuses as
 * {@link makeFork} does.
 */
export function makeTwoTreeIds(
  vkey: Vkey,
  bare: string,
  heads: readonly [string, string],
  holds?: SignatureRule,
): Evidence {
  const [first, second] = heads.toSorted()
  const lines = pairOf(vkey, first as string, second as string)
  return finish("key-misuse", vkey, { note: keepLines(bare, [vkey]), ...lines }, holds)
}

/**
 * A witness that cosigned a smaller head at a later time. Refuses `bad-proof` unless both is so, and as
 * {@link makeFork} does.
 */
export function makeWitnessRollback(
  vkey: Vkey,
  earlier: string,
  later: string,
  holds?: SignatureRule,
): Evidence {
  return finish("witness-rollback", vkey, pairOf(vkey, earlier, later), holds)
}

/**
 * Two heads, in any order, by a log's key of type 4 or 6, of which the smaller has the later time.
 * Refuses `bad-proof` unless it is so, and as {@link makeFork} does.
 */
export function makeHeadTime(vkey: Vkey, a: string, b: string, holds?: SignatureRule): Evidence {
  const [smaller, larger] = inOrder(a, b)
  return finish("time", vkey, pairOf(vkey, larger.note, smaller.note), holds)
}
