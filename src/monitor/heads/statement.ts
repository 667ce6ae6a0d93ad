// What a signed head states and who stands for it: the log's keys and witnesses whose lines hold. Keeps
// each note with these lines only, because any other line could be changed by whoever carries it.
import { readU32, readU64 } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { type CheckpointText, parseCheckpointText } from "../../core/note/checkpoint.ts"
import { checkpointRule } from "../../core/note/cosignature.ts"
import {
  formatNote,
  isSignatureOf,
  type Note,
  type NoteSignature,
  parseNote,
  type SignatureRule,
  type Vkey,
} from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { PolicyWitness } from "../../core/note/policy.ts"

/** The keys whose word counts for one log. */
export interface KnownKeys {
  readonly origin: Origin
  readonly logKeys: readonly Vkey[]
  readonly witnesses: readonly PolicyWitness[]
  /** Whether a signature holds; by default what `core/note/cosignature.ts` says. */
  readonly holds?: SignatureRule
}

/** A key that stands for a statement. */
export interface Signer {
  readonly vkey: Vkey
  /** Unix seconds; 0 for keys of type 1 and 2 and where a cosigner claims no time. */
  readonly time: number
}

export interface Statement {
  /** The note with the lines of its signers only. */
  readonly note: string
  readonly head: CheckpointText
  readonly log: readonly Signer[]
  /** Those whose cosignature states a time. */
  readonly witnesses: readonly Signer[]
}

export interface OpenedStatement extends Statement {
  /** The names of known keys whose line does not hold. */
  readonly broken: readonly string[]
  /** Whether a key that is not known signed under the name of the log. */
  readonly hasStranger: boolean
}

/** A checkpoint in a note; undefined for anything else. */
export interface ReadNote {
  readonly note: Note
  readonly head: CheckpointText
}

export function readNote(text: string): ReadNote | undefined {
  return unlessRefused(() => {
    const note = parseNote(text)
    return { note, head: parseCheckpointText(note.text) }
  })
}

const MOST_BROKEN_NAMES = 4

export function ruleFor(keys: Pick<KnownKeys, "holds">, head: CheckpointText): SignatureRule {
  return keys.holds ?? checkpointRule(head)
}

function timeOf(vkey: Vkey, { signature }: NoteSignature): number {
  return vkey.type === 4 || vkey.type === 6 ? readU64(signature, 0, "cosignature time") : 0
}

function hasReadableTime(vkey: Vkey, { signature }: NoteSignature): boolean {
  if (vkey.type !== 4 && vkey.type !== 6) return true
  return signature.length > 8 && readU32(signature, 0) < 2 ** 21
}

interface Lines {
  readonly kept: Set<NoteSignature>
  readonly broken: string[]
}

/** The first line of each key counts, as it does for everyone who opens a note. */
function signersAmong(
  vkeys: readonly Vkey[],
  note: Note,
  rule: SignatureRule,
  lines: Lines,
): Signer[] {
  const signers: Signer[] = []
  for (const vkey of vkeys) {
    const line = note.signatures.find((candidate) => isSignatureOf(vkey, candidate))
    if (line === undefined) continue
    if (hasReadableTime(vkey, line) && rule(vkey, note.text, line.signature)) {
      lines.kept.add(line)
      signers.push({ vkey, time: timeOf(vkey, line) })
    } else if (lines.broken.length < MOST_BROKEN_NAMES) {
      lines.broken.push(vkey.name)
    }
  }
  return signers
}

function witnessKeys(keys: KnownKeys): readonly Vkey[] {
  return keys.witnesses.map(({ vkey }) => vkey)
}

/** A cosignature without a time says nothing about what its witness saw. */
function statesTime({ time }: Signer): boolean {
  return time > 0
}

/** Finds out who stands for a note whose origin is that of `keys`. */
export function openStatement({ note, head }: ReadNote, keys: KnownKeys): OpenedStatement {
  const rule = ruleFor(keys, head)
  const lines: Lines = { kept: new Set(), broken: [] }
  const log = signersAmong(keys.logKeys, note, rule, lines)
  const witnesses = signersAmong(witnessKeys(keys), note, rule, lines).filter(statesTime)
  const known = [...keys.logKeys, ...witnessKeys(keys)]
  const hasStranger = note.signatures.some(
    (line) => line.name === keys.origin && !known.some((vkey) => isSignatureOf(vkey, line)),
  )
  const kept = note.signatures.filter((line) => lines.kept.has(line))
  return {
    note: kept.length === 0 ? "" : formatNote(note.text, kept),
    head,
    log,
    witnesses,
    broken: lines.broken,
    hasStranger,
  }
}

/** Reads a kept note again, whose lines were verified before it was kept; refuses `malformed`. */
export function keptStatement(text: string, keys: KnownKeys): Statement {
  const note = parseNote(text)
  const signers = (vkeys: readonly Vkey[]) =>
    vkeys.flatMap((vkey): Signer[] => {
      const line = note.signatures.find((candidate) => isSignatureOf(vkey, candidate))
      return line === undefined ? [] : [{ vkey, time: timeOf(vkey, line) }]
    })
  return {
    note: text,
    head: parseCheckpointText(note.text),
    log: signers(keys.logKeys),
    witnesses: signers(witnessKeys(keys)).filter(statesTime),
  }
}

/** The same text with the lines of both notes, those of `a` where both have one of a key. */
export function mergedNote(a: string, b: string): string {
  const { text, signatures } = parseNote(a)
  const added = parseNote(b).signatures.filter(
    (line) => !signatures.some((own) => own.name === line.name && own.keyId === line.keyId),
  )
  return formatNote(text, [...signatures, ...added])
}

/** A key as documents and findings name it. */
export function keyLabel({ name, keyId }: Vkey): string {
  return `${name}+${keyId.toString(16).padStart(8, "0")}`
}

/** Unix seconds as a date, or as they are where no calendar has them. */
export function secondsText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString()
}
