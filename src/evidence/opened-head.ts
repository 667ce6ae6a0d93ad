// The signed heads in evidence: which signature lines are kept, and what a note says once the signatures of
// all named keys on it hold. A note has the lines of these keys and no others, as nobody could check those.
import { equalBytes } from "../core/base/bytes.ts"
import { lowS } from "../core/base/ecdsa.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { parseSpki } from "../core/base/spki.ts"
import { formatCheckpoint, parseCheckpointText } from "../core/note/checkpoint.ts"
import { cosignatureTime, type NamedHead } from "../core/note/cosignature.ts"
import {
  formatNote,
  isSignatureOf,
  isWitnessKey,
  lineOf,
  type NoteSignature,
  openNote,
  parseNote,
  type SignatureRule,
  type Vkey,
} from "../core/note/note.ts"

export interface TimedHead extends NamedHead {
  /** When these keys say that it was the newest head, in Unix seconds; perhaps 0. Types 4 and 6 only. */
  readonly times: ReadonlyMap<Vkey, number>
}

/** Opens a note that has a signature of each of these keys and no other. */
export type HeadOpener = (note: string, keys: readonly Vkey[]) => TimedHead

function timesOf(lines: readonly NoteSignature[], keys: readonly Vkey[]) {
  const times = new Map<Vkey, number>()
  for (const key of keys) {
    const line = lineOf(key, lines)
    if (line !== undefined && isWitnessKey(key)) times.set(key, cosignatureTime(line))
  }
  return times
}

/**
 * The one spelling that a signature of this key has in evidence: an ECDSA signature is as valid with
 * another S, which anyone can compute. Refuses `bad-signature` for what is none.
 */
export function onlySpelling({ type, name, publicKey }: Vkey, signature: Uint8Array): Uint8Array {
  const spki = type === 2 ? parseSpki(publicKey) : undefined
  if (spki === undefined || spki.type === "ed25519") return signature
  return (
    lowS(spki.type, signature) ??
    refuse("bad-signature", `expected an ECDSA signature of ${shown(name)}, found other bytes`)
  )
}

/** Refuses `malformed` for a signature that anyone could spell in another way. */
export function assertOnlySpelling(key: Vkey, signature: Uint8Array): void {
  if (equalBytes(onlySpelling(key, signature), signature)) return
  refuse("malformed", `expected the signature of ${shown(key.name)} with its lower S`)
}

/** Whether all of a checkpoint's text is signed: signatures of type 6 leave out extension lines. */
function coversText(keys: readonly Vkey[]): boolean {
  return keys.some(({ type }) => type !== 6)
}

/**
 * Refuses `malformed` unless these lines, which were found to hold, are those of the keys in their order,
 * each in its only spelling, and `count` lines are all that the note has.
 */
function assertOnlyLines(
  lines: readonly NoteSignature[],
  keys: readonly Vkey[],
  count: number,
): void {
  const isOnly = lines.length === keys.length && count === keys.length
  if (!isOnly || !keys.every((key, i) => isSignatureOf(key, lines[i] as NoteSignature))) {
    const expected = "expected one signature of each key in order and no more"
    refuse("malformed", `note: ${expected}, found ${count}`)
  }
  keys.forEach((key, i) => {
    assertOnlySpelling(key, (lines[i] as NoteSignature).signature)
  })
}

/**
 * An opener that verifies by `holds`. It refuses `malformed` for
 * what is no checkpoint, `bad-signature`, `untrusted`.
 */
export function createHeadOpener(holds: SignatureRule): HeadOpener {
  return (text, keys) => {
    const note = parseNote(text)
    const { origin, size, root, extensions } = parseCheckpointText(note.text)
    const head = { origin, size, root }
    const lines = openNote(note, keys, holds)
    assertOnlyLines(lines, keys, note.signatures.length)
    if (extensions.length > 0 && !coversText(keys)) {
      refuse("malformed", "note: expected no extension lines, which its signatures do not cover")
    }
    return { ...head, times: timesOf(lines, keys) }
  }
}

/**
 * The note with no more than what these keys signed: the first line of each in its only spelling, and
 * extension lines only if they are covered. Refuses `untrusted` if one has no line, `malformed`.
 */
export function keepLines(text: string, keys: readonly Vkey[]): string {
  const note = parseNote(text)
  const lines = keys.map((key) => {
    const line =
      lineOf(key, note.signatures) ??
      refuse("untrusted", `note: expected a signature of ${shown(key.name)}, found none`)
    return { ...line, signature: onlySpelling(key, line.signature) }
  })
  if (coversText(keys)) return formatNote(note.text, lines)
  const head = parseCheckpointText(note.text)
  return formatNote(formatCheckpoint(head.origin, head), lines)
}

/**
 * When a key that the head was opened with cosigned it. Refuses `bad-proof` for types 1 and 2, which state no
 * time, and `untrusted` for time 0, which claims nothing.
 */
export function timeBy(key: Vkey, head: TimedHead): number {
  const name = shown(key.name)
  const time =
    head.times.get(key) ??
    refuse("bad-proof", `the signature of ${name} states no time, as its key is no witness's`)
  if (time > 0) return time
  return refuse("untrusted", `the cosignature of ${name} has no time and so claims nothing`)
}

/** Rekor v1 puts a tree ID behind the name; its log signs both forms with one key. */
const TREE_ID = /^ - [0-9]+$/

/** Whether a log with this key signs heads of this origin as its own. */
export function isOwnOrigin(key: Vkey, origin: string): boolean {
  if (origin === key.name) return true
  return (
    !isWitnessKey(key) && origin.startsWith(key.name) && TREE_ID.test(origin.slice(key.name.length))
  )
}

/**
 * Whether heads of these two origins under this key are heads of one log: those of one origin, whatever the key's name
 * is. Two trees of Rekor v1 may share a key and a name, and differ in the tree ID; but Rekor v1 never signs the bare
 * name, so a key that does has one tree, whatever ID it puts behind its name elsewhere.
 */
export function areOneLog(key: Vkey, a: string, b: string): boolean {
  if (a === b) return true
  return [a, b].includes(key.name) && isOwnOrigin(key, a) && isOwnOrigin(key, b)
}

/** What verdicts call the log: its key's name for all names that the key gives it, else the origin of its heads. */
export function logName(key: Vkey, origin: string): string {
  return isOwnOrigin(key, origin) ? key.name : origin
}

/**
 * Opens a log's head with the lines of these witnesses. Keys of type 4 and 6 sign other logs' heads as witnesses, which
 * convicts no log: under any name but their own they are refused as `bad-proof`.
 */
export function openOwn(
  open: HeadOpener,
  note: string,
  key: Vkey,
  witnesses: readonly Vkey[] = [],
): TimedHead {
  const head = open(note, [key, ...witnesses])
  if (!isWitnessKey(key) || isOwnOrigin(key, head.origin)) return head
  const found = shown(head.origin)
  return refuse("bad-proof", `expected a head of ${shown(key.name)}, found one of ${found}`)
}
