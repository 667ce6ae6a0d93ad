// Turns a head that is stored into signature lines: one a key, all at the time that was stored with it. The
// port to a key is here, too: an adapter checks its own signatures before it gives them away.
import { equalBytes } from "../core/base/bytes.ts"
import { bug } from "../core/base/errors.ts"
import { parseCheckpointText } from "../core/note/checkpoint.ts"
import { type NamedHead, timestamped } from "../core/note/cosignature.ts"
import { formatSignatureLine, parseNote, type Vkey } from "../core/note/note.ts"
import type { WitnessedHead } from "./store.ts"

/** One key of the witness. */
export interface Cosigner {
  /** Of type 4 or 6. */
  readonly vkey: Vkey
  /**
   * The bare signature over a checkpoint at `time` (Unix seconds, above 0), without the time in front of
   * it. `head` is what `checkpointText` says. Type 4 covers all of the text (C2SP tlog-cosignature), type 6 covers
   * `head` and no extension lines.
   */
  sign(time: number, checkpointText: string, head: NamedHead): Promise<Uint8Array>
}

/** The cosignature lines of a stored head. */
export type Cosign = (head: WitnessedHead) => Promise<string>

/** Signs the same checkpoint at the same time once: requests of one second get the same lines. */
export function createCosigning(cosigners: readonly Cosigner[]): Cosign {
  const newest = new Map<
    string,
    { readonly head: WitnessedHead; readonly lines: Promise<string> }
  >()

  return (head) => {
    const known = newest.get(head.origin)
    if (known !== undefined && isSame(known.head, head)) return known.lines
    const signed = { head, lines: signAll(cosigners, head) }
    newest.set(head.origin, signed)
    // The caller hears of it; the next one tries again.
    signed.lines.catch(() => {
      if (newest.get(head.origin) === signed) newest.delete(head.origin)
    })
    return signed.lines
  }
}

/** Also of extension lines: a line of type 4 holds over one text only. */
function isSame(a: WitnessedHead, b: WitnessedHead): boolean {
  const isSameHead = a.size === b.size && equalBytes(a.root, b.root)
  return isSameHead && a.time === b.time && textOf(a) === textOf(b)
}

/** The text that is stored with a head, which must be of no other one. */
function textOf({ origin, size, root, note }: WitnessedHead): string {
  const { text } = parseNote(note)
  const stored = parseCheckpointText(text)
  const isHead = stored.origin === origin && stored.size === size && equalBytes(stored.root, root)
  return isHead ? text : bug(`the note that is kept of ${origin} is of another head`)
}

async function signAll(cosigners: readonly Cosigner[], head: WitnessedHead): Promise<string> {
  const { origin, size, root, time } = head
  // SPEC: the time of a checkpoint's cosignature MUST NOT be 0.
  if (!Number.isSafeInteger(time) || time <= 0) bug(`a cosignature cannot have the time ${time}`)
  const named: NamedHead = { origin, size, root }
  const text = textOf(head)
  const lines = cosigners.map(async (cosigner) => {
    const bare = await cosigner.sign(time, text, named)
    return formatSignatureLine({ ...cosigner.vkey, signature: timestamped(time, bare) })
  })
  return (await Promise.all(lines)).join("")
}
