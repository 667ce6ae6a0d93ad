// C2SP tlog-cosignature: timestamped signatures over a checkpoint by a witness or by the log itself,
// Ed25519 (type 4) and ML-DSA-44 (type 6). Leaves out signing; builds the messages for it.
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import { concat, readU32, readU64, u64, utf8 } from "../base/bytes.ts"
import { verifyEd25519 } from "../base/ed25519.ts"
import { refuse, shown } from "../base/errors.ts"
import type { Hash, Head } from "../tree/hash.ts"
import {
  isWitnessKey,
  lineOf,
  type Note,
  type NoteSignature,
  type SignatureRule,
  type Vkey,
  verifyTextSignature,
} from "./note.ts"

/** The head of a log with its name; what a cosignature of type 6 covers of a checkpoint. */
export interface NamedHead extends Head {
  readonly origin: string
}

/** Entries `start` up to but without `end` of a log and their root; a whole tree starts at 0. */
interface Subtree {
  readonly origin: string
  readonly start: number
  readonly end: number
  readonly root: Hash
}

const TIME_SIZE = 8
const ML_DSA_44_SIGNATURE_SIZE = 2420

/** What type 4 signs: `time` in Unix seconds, then the checkpoint's whole text with its last LF. */
export function cosignatureMessage(time: number, text: string): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`)
}

/** One byte for the length, then the UTF-8. */
function shortName(name: string, what: string): Uint8Array {
  const bytes = utf8(name)
  if (bytes.length < 1 || bytes.length > 255) {
    refuse("malformed", `${what}: expected 1 to 255 bytes, found ${bytes.length}`)
  }
  return concat(Uint8Array.of(bytes.length), bytes)
}

/**
 * What type 6 signs: `cosigner` is the key name, `time` Unix seconds, 0 for no claim that this is the
 * newest tree. Refuses `malformed` for names over 255 bytes and for a time on a subtree from above 0.
 */
export function subtreeMessage(cosigner: string, time: number, subtree: Subtree): Uint8Array {
  // SPEC: the timestamp MUST be zero unless the subtree starts at 0.
  if (subtree.start !== 0 && time !== 0) {
    refuse("malformed", `subtree cosignature: expected time 0 from entry ${subtree.start}`)
  }
  return concat(
    utf8("subtree/v1\n\0"),
    shortName(cosigner, "cosigner name"),
    u64(time),
    shortName(subtree.origin, "origin"),
    u64(subtree.start),
    u64(subtree.end),
    subtree.root,
  )
}

/** The signature as a note line carries it: eight bytes of time before the bare signature. */
export function timestamped(time: number, signature: Uint8Array): Uint8Array {
  return concat(u64(time), signature)
}

/** What {@link timestamped} put together; undefined for no bare signature and for a time above 2^53-1. */
export function splitTimed(signature: Uint8Array) {
  if (signature.length <= TIME_SIZE || readU32(signature, 0) >= 2 ** 21) return undefined
  return { time: cosignatureTime({ signature }), bare: signature.subarray(TIME_SIZE) }
}

/** The time in Unix seconds that a line of type 4 or 6 states, perhaps 0; the line must be known to hold. */
export function cosignatureTime({ signature }: Pick<NoteSignature, "signature">): number {
  return readU64(signature, 0, "cosignature time")
}

/** The time of a cosignature that holds, perhaps 0; undefined if it does not hold. */
function timeOf(
  { type, name, publicKey }: Vkey,
  text: string,
  { origin, size, root }: NamedHead,
  signature: Uint8Array,
): number | undefined {
  const timed = splitTimed(signature)
  if (timed === undefined) return undefined
  const { time, bare } = timed
  if (type === 4) {
    return verifyEd25519(bare, cosignatureMessage(time, text), publicKey) ? time : undefined
  }
  if (type !== 6 || bare.length !== ML_DSA_44_SIGNATURE_SIZE) return undefined
  const message = subtreeMessage(name, time, { origin, start: 0, end: size, root })
  return ml_dsa44.verify(bare, message, publicKey) ? time : undefined
}

function refuseCosignature(vkey: Vkey): never {
  return refuse("bad-signature", `the cosignature of ${shown(vkey.name)} does not hold`)
}

/**
 * The time in Unix seconds at which the key of type 4 or 6 saw this checkpoint as the newest; `head`
 * is what `text` says. Refuses `bad-signature`; `untrusted` for time 0, which claims nothing.
 */
export function verifyCosignature(
  vkey: Vkey,
  text: string,
  head: NamedHead,
  signature: Uint8Array,
): number {
  const time = timeOf(vkey, text, head, signature) ?? refuseCosignature(vkey)
  if (time === 0) {
    refuse("untrusted", `the cosignature of ${shown(vkey.name)} has no time and so does not count`)
  }
  return time
}

/**
 * The times, in Unix seconds, at which these keys of type 4 or 6 cosigned the checkpoint of a note (C2SP
 * tlog-cosignature), as far as they did and stated one. Refuses `bad-signature` if the line of one of them does
 * not hold. `head` is what the note's text says; `holds` may be a faster rule that is as strict.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseCheckpoint, parseNote, parsePolicy, readCosignatures } from "countersign/audit"
 *
 * const note = parseNote(readFileSync("checkpoint"))
 * const vkeys = parsePolicy(readFileSync("log.policy")).witnesses.map(({ vkey }) => vkey)
 * const times = readCosignatures(note, parseCheckpoint(note.text), vkeys)
 * console.log(Array.from(times, ([{ name }, time]) => `${name} ${time}`)) // [ 'w1.localhost 1800000000' ]
 * ```
 */
export function readCosignatures(
  note: Note,
  head: NamedHead,
  vkeys: readonly Vkey[],
  holds: SignatureRule = checkpointRule(head),
): ReadonlyMap<Vkey, number> {
  const times = new Map<Vkey, number>()
  for (const vkey of vkeys) {
    const line = lineOf(vkey, note.signatures)
    if (line === undefined) continue
    if (!isWitnessKey(vkey) || !holds(vkey, note.text, line.signature)) refuseCosignature(vkey)
    const time = cosignatureTime(line)
    if (time > 0) times.set(vkey, time)
  }
  return times
}

/** The rule for opening a checkpoint's note with keys of every type, time 0 included. */
export function checkpointRule(head: NamedHead): SignatureRule {
  return (vkey, text, signature) =>
    isWitnessKey(vkey)
      ? timeOf(vkey, text, head, signature) !== undefined
      : verifyTextSignature(vkey, text, signature)
}
