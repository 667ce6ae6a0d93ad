// What the witness makes of a checkpoint, given what it holds of that log: the head to store and cosign, or
// the refusal, with evidence if the checkpoint and the head that is held convict the log of a fork.
import { equalBytes } from "../core/base/bytes.ts"
import { Refusal, refuse, unlessRefused } from "../core/base/errors.ts"
import { cosignatureTime } from "../core/note/cosignature.ts"
import { formatNote, lineOf, parseNote, type SignatureRule } from "../core/note/note.ts"
import { EMPTY_HEAD, EMPTY_ROOT, type Head, type TreeHasher } from "../core/tree/hash.ts"
import { rootsFromConsistency, verifyConsistency } from "../core/tree/proof.ts"
import type { Evidence } from "../evidence/evidence.ts"
import { makeFork } from "../evidence/head-evidence.ts"
import type { Advance, Freeze, WitnessedHead } from "./store.ts"
import type { SeenCheckpoint, Submission } from "./submission.ts"

/** The log is at another size than the request says: the answer names the witness's. */
export class OldSizeConflict extends Refusal {
  readonly size: number
  constructor(size: number, oldSize: number) {
    super("conflict", `expected the old size ${size}, found ${oldSize}`)
    this.size = size
  }
}

/**
 * The step that makes a submission the newest head, in the order of checks that tlog-witness has, given the
 * head and the freeze that the witness holds of its log, at what `timeAfter` gives in Unix seconds. Refuses
 * `malformed` for an old size above the checkpoint's; `mismatch` for a wrong empty root and a frozen log;
 * {@link OldSizeConflict}; `bad-proof`. Throws what `timeAfter` throws while there is no time to sign. Extension
 * lines decide nothing: two checkpoints of one size and root are one tree, whatever else the log says in them.
 */
export function judge(
  submission: Submission,
  head: WitnessedHead | undefined,
  freeze: Freeze | undefined,
  timeAfter: (newest: number) => number,
  hasher: TreeHasher,
): Advance {
  const { checkpoint, oldSize, proof } = submission
  const held: Head = head ?? EMPTY_HEAD
  assertShape(submission)
  if (freeze !== undefined) throw frozen(freeze)
  if (oldSize !== held.size) throw new OldSizeConflict(held.size, oldSize)
  verifyConsistency(held, checkpoint, proof, hasher)
  const { origin, size, root } = checkpoint
  return {
    origin,
    from: held,
    // SPEC: an earlier time would contradict what was signed before (tlog-cosignature), so times never run back.
    to: {
      origin,
      size,
      root,
      note: noteToKeep(submission, head),
      time: timeAfter(head?.time ?? 0),
    },
  }
}

function assertShape({ checkpoint, oldSize }: Submission): void {
  const { size, root } = checkpoint
  if (oldSize > size) {
    refuse("malformed", `expected an old size up to the checkpoint's ${size}, found ${oldSize}`)
  }
  // At another size it would be a lie too, and contradict the empty tree if that was cosigned before.
  if ((size === 0) !== equalBytes(root, EMPTY_ROOT)) {
    refuse("mismatch", `expected the root of the empty tree at size 0 only, found size ${size}`)
  }
}

/** The refusal `mismatch` that says why the log is cosigned no more. */
export function frozen(freeze: Freeze): Refusal {
  const why =
    freeze.cause === "proven"
      ? `it is proven to have lied (evidence ${freeze.evidence})`
      : "this witness has signed more for it than it remembers, so its data is an older copy"
  return new Refusal("mismatch", `${freeze.origin} is cosigned no more: ${why}`)
}

/**
 * The checkpoint, extension lines included, with the log's lines that hold. With the same text a key's line that is
 * held stays if the submission has none: otherwise anyone could take lines away from what the witness shows.
 */
function noteToKeep({ text, log, logLines }: Submission, head: WitnessedHead | undefined): string {
  const held = head && parseNote(head.note)
  const heldLines = held?.text === text ? held.signatures : []
  const lines = log.vkeys.flatMap((vkey) => lineOf(vkey, logLines) ?? lineOf(vkey, heldLines) ?? [])
  return formatNote(text, lines)
}

/**
 * Whether the witness itself has cosigned what it does not know: a larger tree, another root at the size
 * that it holds, or a later time. Every time is stored before it is signed, so then the store is an
 * older copy of itself, or someone else has the key.
 */
export function isBeyond(
  seen: Pick<SeenCheckpoint, "checkpoint" | "ownLines">,
  head: WitnessedHead | undefined,
): boolean {
  const { checkpoint, ownLines } = seen
  if (ownLines.length === 0) return false
  if (head === undefined || checkpoint.size > head.size) return true
  if (checkpoint.size === head.size && !equalBytes(checkpoint.root, head.root)) return true
  return ownLines.some((line) => cosignatureTime(line) > head.time)
}

/** The fork that a submission proves together with the head that is held; undefined if it proves none. */
export function forkOf(
  submission: Submission,
  head: WitnessedHead | undefined,
  hasher: TreeHasher,
  holds: SignatureRule,
): Evidence | undefined {
  const { checkpoint, text, logLines, log } = submission
  const note = formatNote(text, logLines)
  const convict = (
    other: string,
    proof?: ReturnType<typeof otherOldRoot>,
  ): Evidence | undefined => {
    for (const vkey of log.vkeys) {
      const signedBoth = [other, note].every((text) => lineOf(vkey, parseNote(text).signatures))
      if (!signedBoth) continue
      const evidence = unlessRefused(() => makeFork(vkey, other, note, proof, holds))
      if (evidence !== undefined) return evidence
    }
    return undefined
  }
  if (checkpoint.size === 0 && !equalBytes(checkpoint.root, EMPTY_ROOT)) return convict(note)
  if (head === undefined) return undefined
  const sameRoot = equalBytes(checkpoint.root, head.root)
  if ((checkpoint.size === head.size) !== sameRoot) return convict(head.note)
  const implied = otherOldRoot(submission, head, hasher)
  return implied && convict(head.note, implied)
}

/** The proof with the old root that it implies, if it leads to the new root from one that is not ours. */
function otherOldRoot(
  { checkpoint, oldSize, proof }: Submission,
  head: WitnessedHead,
  hasher: TreeHasher,
) {
  if (oldSize === 0 || oldSize !== head.size || oldSize >= checkpoint.size) return undefined
  const roots = unlessRefused(() =>
    rootsFromConsistency(oldSize, checkpoint.size, head.root, proof, hasher),
  )
  if (roots === undefined || !equalBytes(roots.new, checkpoint.root)) return undefined
  return equalBytes(roots.old, head.root) ? undefined : { implied: roots.old, hashes: proof }
}
