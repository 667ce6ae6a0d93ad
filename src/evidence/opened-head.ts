// The signed heads in evidence: which signature lines are kept, and what a note says once the signatures of
// all named keys on it hold. A note has the lines of these keys and no others, as nobody could check those.
import { readU64 } from "../core/bytes.ts"
import { parseCheckpointText } from "../core/checkpoint.ts"
import { checkpointRule, type NamedHead } from "../core/cosignature.ts"
import { bug, refuse, shown } from "../core/errors.ts"
import {
  formatNote,
  isSignatureOf,
  type NoteSignature,
  openNote,
  parseNote,
  type SignatureRule,
  type Vkey,
} from "../core/note.ts"

export interface OpenedHead extends NamedHead {
  /** When these keys say that it was the newest head, in Unix seconds; perhaps 0. Types 4 and 6 only. */
  readonly times: ReadonlyMap<Vkey, number>
}

/** Opens a note that has a signature of each of these keys and no other. */
export type HeadOpener = (note: string, keys: readonly Vkey[]) => OpenedHead

function timesOf(
  lines: readonly NoteSignature[],
  keys: readonly Vkey[],
): ReadonlyMap<Vkey, number> {
  const times = new Map<Vkey, number>()
  for (const key of keys) {
    const line = lines.find((candidate) => isSignatureOf(key, candidate))
    const isTimed = key.type === 4 || key.type === 6
    if (line === undefined || !isTimed) continue
    times.set(key, readU64(line.signature, 0, "cosignature time"))
  }
  return times
}

/**
 * An opener that verifies by `holds`, which is the portable rule if absent. It refuses `malformed` for
 * what is no checkpoint, `bad-signature`, `untrusted`.
 */
export function createHeadOpener(holds?: SignatureRule): HeadOpener {
  return (text, keys) => {
    const note = parseNote(text)
    const { origin, size, root } = parseCheckpointText(note.text)
    const head = { origin, size, root }
    const lines = openNote(note, keys, holds ?? checkpointRule(head))
    if (lines.length !== keys.length || lines.length !== note.signatures.length) {
      const found = note.signatures.length
      refuse("malformed", `note: expected one signature of each key and no more, found ${found}`)
    }
    return { ...head, times: timesOf(lines, keys) }
  }
}

/** The note with the first line of each of these keys only. Refuses `untrusted` if one has none. */
export function keepLines(text: string, keys: readonly Vkey[]): string {
  const note = parseNote(text)
  const lines = keys.map(
    (key) =>
      note.signatures.find((line) => isSignatureOf(key, line)) ??
      refuse("untrusted", `note: expected a signature of ${shown(key.name)}, found none`),
  )
  return formatNote(note.text, lines)
}

/** When a key of type 4 or 6 cosigned. Refuses `untrusted` for time 0, which claims nothing. */
export function timeBy(key: Vkey, head: OpenedHead): number {
  const time = head.times.get(key) ?? bug("a head was not opened with this key")
  if (time > 0) return time
  return refuse(
    "untrusted",
    `the cosignature of ${shown(key.name)} has no time and so claims nothing`,
  )
}

/** Rekor v1 puts a tree ID behind the name; its log signs both forms with one key. */
const TREE_ID = /^ - [0-9]+$/

/** Whether a log with this key signs heads of this origin as its own. */
export function isOwnOrigin(key: Vkey, origin: string): boolean {
  if (origin === key.name) return true
  const isTextKey = key.type === 1 || key.type === 2
  return isTextKey && origin.startsWith(key.name) && TREE_ID.test(origin.slice(key.name.length))
}

/**
 * Refuses `bad-proof` unless it is a log's head under the log's own name: keys of type 4 and 6 sign other
 * logs' heads as witnesses, which convicts no log.
 */
export function assertOwnHead(key: Vkey, { origin }: NamedHead): void {
  if (isOwnOrigin(key, origin)) return
  refuse("bad-proof", `expected a head of ${shown(key.name)}, found one of ${shown(origin)}`)
}
