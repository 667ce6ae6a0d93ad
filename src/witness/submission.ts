// What can be said of an add-checkpoint request without knowing what the witness holds: its form, its log,
// its signatures, and whether the witness itself has cosigned it before.

import { Refusal, refuse, shown } from "../core/base/errors.ts"
import { parseAddCheckpoint } from "../core/note/add-checkpoint.ts"
import { type Checkpoint, parseCheckpoint, parseCheckpointText } from "../core/note/checkpoint.ts"
import { checkpointRule, splitTimed } from "../core/note/cosignature.ts"
import {
  isWitnessKey,
  lineOf,
  type Note,
  type NoteSignature,
  openNote,
  parseNote,
  type SignatureRule,
  type Vkey,
  verifyTextSignature,
} from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Hash } from "../core/tree/hash.ts"

/** A log that a witness cosigns, with the keys that are trusted for it. */
export interface WitnessedLog {
  readonly origin: Origin
  readonly vkeys: readonly Vkey[]
}

/** A checkpoint in a note, with those of its lines that were found to hold. */
export interface SeenCheckpoint {
  readonly checkpoint: Checkpoint
  /** All of the checkpoint's text; the lines below are signed over it. */
  readonly text: string
  /** Lines of the log's keys. */
  readonly logLines: readonly NoteSignature[]
  /** Lines of the witness's own keys that state a time. */
  readonly ownLines: readonly NoteSignature[]
}

export interface Submission extends SeenCheckpoint {
  readonly log: WitnessedLog
  readonly oldSize: number
  readonly proof: readonly Hash[]
}

/** The rule of core for checkpoints, for keys of every type. */
export const portableRule: SignatureRule = (vkey, text, signature) =>
  isWitnessKey(vkey)
    ? checkpointRule(parseCheckpointText(text))(vkey, text, signature)
    : verifyTextSignature(vkey, text, signature)

const UNUSED_BITS = /^(— \S+ [A-Za-z0-9+/]*)([A-Za-z0-9+/])(={1,2})$/gmu
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/**
 * Sets the bits to zero that base64 leaves over at the end of a signature line. RFC 4648 section 3.5 lets
 * decoders ignore them, and the published vectors want a bad signature refused as one, spelt as it may.
 */
function withoutUnusedBits(note: string): string {
  const lines = note.lastIndexOf("\n\n") + 2
  const spelt = note.slice(lines).replace(UNUSED_BITS, (_, before, last, padding) => {
    const step = padding.length === 1 ? 4 : 16
    const digit = ALPHABET.indexOf(last)
    return `${before}${ALPHABET[digit - (digit % step)]}${padding}`
  })
  return note.slice(0, lines) + spelt
}

/** Reads a note that anyone may have sent. Refuses `malformed`, whatever is wrong with it. */
export function parseForeignNote(text: string): Note {
  try {
    return parseNote(withoutUnusedBits(text))
  } catch (reason) {
    if (!(reason instanceof Refusal) || reason.code === "malformed") throw reason
    return refuse("malformed", reason.message, { cause: reason })
  }
}

/**
 * Of each of the witness's own keys the first line, if it holds and states a time, whoever sent the note.
 * Further ones are not looked at: anyone can add them, and each would cost a verification.
 */
export async function linesOfOurs(
  { text, signatures }: Note,
  { ownVkeys, holdsElsewhere }: Pick<SubmissionRules, "ownVkeys" | "holdsElsewhere">,
): Promise<readonly NoteSignature[]> {
  const lines = ownVkeys.map(async (vkey) => {
    const line = lineOf(vkey, signatures)
    const time = line && splitTimed(line.signature)?.time
    if (line === undefined || time === undefined || time === 0) return []
    return (await holdsElsewhere(vkey, text, line.signature)) ? line : []
  })
  return (await Promise.all(lines)).flat()
}

/** What the witness is configured with, as far as requests are read by it. */
export interface SubmissionRules {
  readonly logs: ReadonlyMap<string, WitnessedLog>
  /** The witness's own keys. */
  readonly ownVkeys: readonly Vkey[]
  /** Whether a line holds, where it costs the calling thread nothing. */
  readonly holdsElsewhere: PatientRule
}

/** A {@link SignatureRule} that is waited for. */
export type PatientRule = (vkey: Vkey, text: string, signature: Uint8Array) => Promise<boolean>

/**
 * Verifies the lines of these keys that {@link openNote} will ask for; gives the rule that knows them. Those of ML-DSA-44
 * cost most and come last: once one does not hold, the note is refused.
 */
async function verified(
  note: Note,
  vkeys: readonly Vkey[],
  { holdsElsewhere }: SubmissionRules,
): Promise<SignatureRule> {
  const found = new Map<Uint8Array, boolean>()
  for (const vkey of vkeys.toSorted((a, b) => a.type - b.type)) {
    const line = lineOf(vkey, note.signatures)
    if (line === undefined) continue
    const holds = await holdsElsewhere(vkey, note.text, line.signature)
    found.set(line.signature, holds)
    if (!holds) break
  }
  return (_vkey, _text, signature) => found.get(signature) ?? false
}

/**
 * Refuses `untrusted` for extension lines that no line of the log covers, as those of type 6 do not: anyone could have
 * written them, and a cosignature of type 4 would put the witness's name below.
 */
function assertCovered(
  { extensions }: Checkpoint,
  logLines: readonly NoteSignature[],
  log: WitnessedLog,
) {
  if (extensions.length === 0) return
  const covering = log.vkeys.filter(({ type }) => type !== 6)
  if (covering.some((vkey) => lineOf(vkey, logLines) !== undefined)) return
  refuse("untrusted", "expected a signature of the log that covers the extension lines, found none")
}

/**
 * Reads and authenticates a request, in the order that tlog-witness has it: refuses `malformed` for its
 * form, `not-found` for a log that is not cosigned here, `malformed` for the note, `bad-signature` or
 * `untrusted` for its signatures, `malformed` for the checkpoint.
 */
export async function readSubmission(
  body: Uint8Array,
  rules: SubmissionRules,
): Promise<Submission> {
  const { oldSize, proof, note: text } = parseAddCheckpoint(body)
  const origin = text.slice(0, text.indexOf("\n"))
  const other = `expected the origin of a log that is cosigned here, found ${shown(origin)}`
  const log = rules.logs.get(origin) ?? refuse("not-found", other)
  const note = parseForeignNote(text)
  const logLines = openNote(note, log.vkeys, await verified(note, log.vkeys, rules))
  const checkpoint = parseCheckpoint(note.text)
  assertCovered(checkpoint, logLines, log)
  const ownLines = await linesOfOurs(note, rules)
  return { log, oldSize, proof, checkpoint, text: note.text, logLines, ownLines }
}
