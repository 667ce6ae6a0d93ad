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

/** A key with its line in a note. */
interface SignedLine {
  readonly vkey: Vkey
  readonly line: NoteSignature
}

/** The first line of each key counts, as it does for everyone who opens a note. */
export function linesOf(vkeys: readonly Vkey[], { signatures }: Note): readonly SignedLine[] {
  return vkeys.flatMap((vkey) => {
    const line = signatures.find((candidate) => isSignatureOf(vkey, candidate))
    return line === undefined ? [] : [{ vkey, line }]
  })
}

function hasTime({ type }: Vkey): boolean {
  return type === 4 || type === 6
}

function hasReadableTime({ vkey, line: { signature } }: SignedLine): boolean {
  return !hasTime(vkey) || (signature.length > 8 && readU32(signature, 0) < 2 ** 21)
}

function signersOf(lines: readonly SignedLine[]): readonly Signer[] {
  return lines.map(({ vkey, line: { signature } }) => {
    return { vkey, time: hasTime(vkey) ? readU64(signature, 0, "cosignature time") : 0 }
  })
}

/** A cosignature without a time says nothing about what its witness saw. */
function witnessesOf(lines: readonly SignedLine[]): readonly Signer[] {
  return signersOf(lines).filter(({ time }) => time > 0)
}

function witnessKeys(keys: KnownKeys): readonly Vkey[] {
  return keys.witnesses.map(({ vkey }) => vkey)
}

/** Finds out who stands for a note whose origin is that of `keys`. */
export function openStatement({ note, head }: ReadNote, keys: KnownKeys): OpenedStatement {
  const rule = ruleFor(keys, head)
  const log = linesOf(keys.logKeys, note)
  const witnesses = linesOf(witnessKeys(keys), note)
  const signed = [...log, ...witnesses]
  const held = new Set(
    signed.filter(
      (each) => hasReadableTime(each) && rule(each.vkey, note.text, each.line.signature),
    ),
  )
  const lines = new Set([...held].map(({ line }) => line))
  const kept = note.signatures.filter((line) => lines.has(line))
  const broken = signed.filter((each) => !held.has(each)).slice(0, MOST_BROKEN_NAMES)
  const known = [...keys.logKeys, ...witnessKeys(keys)]
  return {
    note: kept.length === 0 ? "" : formatNote(note.text, kept),
    head,
    log: signersOf(log.filter((each) => held.has(each))),
    witnesses: witnessesOf(witnesses.filter((each) => held.has(each))),
    broken: broken.map(({ vkey }) => vkey.name),
    hasStranger: note.signatures.some(
      (line) => line.name === keys.origin && !known.some((vkey) => isSignatureOf(vkey, line)),
    ),
  }
}

/** Reads a kept note again, whose lines were verified before it was kept; refuses `malformed`. */
export function keptStatement(text: string, keys: KnownKeys): Statement {
  const note = parseNote(text)
  return {
    note: text,
    head: parseCheckpointText(note.text),
    log: signersOf(linesOf(keys.logKeys, note)),
    witnesses: witnessesOf(linesOf(witnessKeys(keys), note)),
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
