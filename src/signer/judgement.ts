// What a signer may sign, judged against what it remembers. The one who asks is taken for a thief: nothing that it
// says counts unless it follows from the remembered head, from this signer's own signature, or from a proof
// (RFC 6962). Leaves out memory and keys.
import { equalBytes } from "../core/base/bytes.ts"
import { Refusal, refuse } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { formatCheckpoint, parseCheckpointText } from "../core/note/checkpoint.ts"
import type { Origin } from "../core/note/origin.ts"
import { EMPTY_ROOT, type Hash, type Head, type TreeHasher } from "../core/tree/hash.ts"
import { verifyConsistency, verifyInclusion } from "../core/tree/proof.ts"
import type { EntryPromise } from "../log/ports/signer.ts"
import { promisedBytes } from "./promised-bytes.ts"

/** A proof from another size than the remembered one: the answer names that, and asking again is no attack. */
export class OldSize extends Refusal {
  readonly size: number
  constructor(size: number, found: number) {
    super("conflict", `expected a proof from the remembered size ${size}, found one from ${found}`)
    this.size = size
  }
}

/** A checkpoint that is to be signed, with the consistency proof from the tree of `from` entries. */
export interface AskedCheckpoint {
  readonly text: string
  readonly from: number
  readonly proof: readonly Hash[]
}

function shownHead({ size, root }: Head): string {
  return `size ${size} with root ${formatHex(root)}`
}

/**
 * The head in a checkpoint's text, which must be three lines of this log and nothing more. Refuses `malformed`;
 * `mismatch` for another origin and for an empty root at another size than 0; `not-allowed` for extension lines.
 */
export function ownHead(text: string, origin: Origin): Head {
  const { origin: found, size, root } = parseCheckpointText(text)
  if (found !== origin) {
    refuse("mismatch", `expected a checkpoint of ${origin}, found one of another name`)
  }
  if ((size === 0) !== equalBytes(root, EMPTY_ROOT)) {
    refuse("mismatch", `expected the root of the empty tree at size 0 only, found size ${size}`)
  }
  const head = { size, root }
  if (text !== formatCheckpoint(origin, head)) {
    refuse("not-allowed", "expected a checkpoint of three lines, found more: they are never signed")
  }
  return head
}

/**
 * The head that may be signed after `remembered`. Refuses as {@link ownHead} does; `conflict` for a smaller tree and
 * for another root at the same size; {@link OldSize}; `bad-proof`.
 */
export function judgeCheckpoint(
  { text, from, proof }: AskedCheckpoint,
  origin: Origin,
  remembered: Head,
  hasher: TreeHasher,
): Head {
  const head = ownHead(text, origin)
  // SPEC: a log MUST NOT sign a checkpoint inconsistent with any it signed before (tlog-checkpoint).
  if (head.size < remembered.size) {
    refuse("conflict", `${shownHead(head)} is older than what was signed, ${shownHead(remembered)}`)
  }
  if (head.size === remembered.size) {
    if (equalBytes(head.root, remembered.root)) return head
    refuse("conflict", `${shownHead(remembered)} was signed, found ${shownHead(head)}: a fork`)
  }
  if (from !== remembered.size) throw new OldSize(remembered.size, from)
  verifyConsistency(remembered, head, proof, hasher)
  return head
}

/** Refuses `conflict` for a head that cannot be one of those before `remembered`, whoever signed it. */
export function assertNotBeyond(head: Head, remembered: Head): void {
  const isOther = head.size === remembered.size && !equalBytes(head.root, remembered.root)
  if (head.size <= remembered.size && !isOther) return
  refuse("conflict", `${shownHead(head)} was never signed; the newest is ${shownHead(remembered)}`)
}

/** A promise that is to be signed, with the inclusion proof to a head that was signed. */
export interface AskedPromise {
  readonly promise: EntryPromise
  readonly body: Uint8Array
  readonly proof: readonly Hash[]
}

interface PromiseRule {
  readonly logId: string
  /** A head that this signer has signed. */
  readonly head: Head
  /** Unix seconds. */
  readonly now: number
  readonly hasher: TreeHasher
}

/** How far the clock of the one who asks may be ahead. */
const CLOCK_TOLERANCE_S = 60

/**
 * The bytes of a signed entry timestamp that may be signed: of this log, not of the future, of an entry that is in
 * the tree under `head`. Refuses `mismatch`, `try-later` for the future, `beyond-tree` and `bad-proof`. The time is the word of the one who
 * asks, as far as it has passed: no proof has it.
 */
export function judgePromise(asked: AskedPromise, rule: PromiseRule): Uint8Array {
  const { promise, body, proof } = asked
  const { logId, head, now, hasher } = rule
  if (promise.logID !== logId) refuse("mismatch", `expected the log ID ${logId}, found another one`)
  if (promise.integratedTime < 1) {
    refuse("mismatch", `expected a time from 1 on, found ${promise.integratedTime}`)
  }
  // Clocks differ and are set: what has not come yet may be asked for again.
  if (promise.integratedTime > now + CLOCK_TOLERANCE_S) {
    refuse(
      "try-later",
      `expected a time up to ${now} by the clock of the signer, found ${promise.integratedTime}`,
    )
  }
  if (promise.logIndex >= head.size) {
    refuse(
      "beyond-tree",
      `expected an index below the size ${head.size}, found ${promise.logIndex}`,
    )
  }
  verifyInclusion(hasher.leaf(body), promise.logIndex, head, proof, hasher)
  return promisedBytes(promise)
}
