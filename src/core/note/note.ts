// C2SP signed-note: a text with signature lines below it, the verifier keys (vkeys) of such lines, and
// opening a note. Leaves out what a text means (checkpoint.ts) and cosignatures (cosignature.ts).
import { sha256 } from "@noble/hashes/sha2.js"
import { concat, readU32, u32, utf8 } from "../base/bytes.ts"
import { verifyEcdsa } from "../base/ecdsa.ts"
import { isStrictPoint, verifyEd25519 } from "../base/ed25519.ts"
import { refuse, shown } from "../base/errors.ts"
import { LONGEST_NOTE } from "../base/limits.ts"
import { parseSpki } from "../base/spki.ts"
import { formatBase64, parseBase64, parsePlainText } from "../base/text.ts"

const MOST_SIGNATURE_LINES = 100

/** One signature line. `signature` is what follows the key ID; its form depends on the key's type. */
export interface NoteSignature {
  readonly name: string
  /** An unsigned 32-bit integer. */
  readonly keyId: number
  readonly signature: Uint8Array
}

/** A text and who signed it (C2SP signed-note). `text` ends with the LF that is signed with it. */
export interface Note {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

const KEY_NAME = /^[^\p{White_Space}+]+$/u
const DASH = "— "
const KEY_ID_SIZE = 4

function parseSignatureLine(line: string): NoteSignature {
  const space = line.indexOf(" ", DASH.length)
  const name = line.slice(DASH.length, space)
  if (line.startsWith(DASH) && space > 0 && KEY_NAME.test(name)) {
    const blob = parseBase64(line.slice(space + 1), "note signature")
    if (blob.length > KEY_ID_SIZE) {
      return { name, keyId: readU32(blob, 0), signature: blob.subarray(KEY_ID_SIZE) }
    }
  }
  return refuse(
    "malformed",
    `note: expected a line "${DASH}NAME BASE64" with a key ID and a signature, found ${shown(line)}`,
  )
}

/**
 * Reads a note (C2SP signed-note) without verifying anything. Refuses `malformed`, or `too-large` above 256 KiB.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseNote } from "countersign/audit"
 *
 * const { text, signatures } = parseNote(readFileSync("checkpoint"))
 * console.log(text.split("\n")[0], signatures.length) // localhost 3
 * ```
 */
export function parseNote(input: Uint8Array | string): Note {
  const whole = parsePlainText(input, LONGEST_NOTE, "note")
  // SPEC: the text may hold empty lines, so the last one separates it from the signatures.
  const blank = whole.lastIndexOf("\n\n")
  if (blank < 0 || !whole.endsWith("\n")) {
    refuse("malformed", "note: expected a text, an empty line and signature lines")
  }
  const lines = whole.slice(blank + 2, -1).split("\n", MOST_SIGNATURE_LINES + 1)
  if (lines.length > MOST_SIGNATURE_LINES) {
    refuse("too-large", `note: expected up to ${MOST_SIGNATURE_LINES} signatures, found more`)
  }
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) }
}

/** The line with its LF. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `${DASH}${name} ${formatBase64(concat(u32(keyId), signature))}\n`
}

/** The whole note; refuses `malformed` what {@link parseNote} would not give back. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const note = `${text}\n${signatures.map(formatSignatureLine).join("")}`
  if (parseNote(note).text !== text) {
    refuse("malformed", "note: expected a text that ends with a line feed")
  }
  return note
}

/**
 * The key types that are supported: 1 Ed25519 and 2 ECDSA (SPKI, SHA-256) over the text; 4 Ed25519
 * and 6 ML-DSA-44 over a cosigned checkpoint.
 */
export type KeyType = 1 | 2 | 4 | 6

/** A verifier key (C2SP signed-note). The pair of name and key ID is what a signature line refers to. */
export interface Vkey {
  readonly name: string
  readonly keyId: number
  readonly type: KeyType
  /** SPKI DER for type 2, the raw key for all others. */
  readonly publicKey: Uint8Array
}

const ML_DSA_44_KEY_SIZE = 1312

function isPublicKey(type: KeyType, publicKey: Uint8Array): boolean {
  if (type === 6) return publicKey.length === ML_DSA_44_KEY_SIZE
  if (type !== 2) return isStrictPoint(publicKey)
  const spki = parseSpki(publicKey)
  return spki !== undefined && spki.type !== "ed25519"
}

/** Makes a vkey with its key ID. Refuses `malformed` for a name or a key that cannot be one. */
export function makeVkey(name: string, type: KeyType, publicKey: Uint8Array): Vkey {
  parsePlainText(name, LONGEST_NOTE, "key name")
  if (!KEY_NAME.test(name)) {
    refuse("malformed", `key name: expected no spaces and no "+", found ${shown(name)}`)
  }
  if (!isPublicKey(type, publicKey)) {
    refuse("malformed", `vkey: expected a public key of type ${type}, found other bytes`)
  }
  // SPEC: the key ID of type 2 covers neither the name nor the type.
  const named = type === 2 ? publicKey : concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)
  return { name, keyId: readU32(sha256(named), 0), type, publicKey }
}

/** Whether a key signs checkpoints with a time, as witnesses do (types 4 and 6). */
export function isWitnessKey({ type }: Vkey): boolean {
  return type === 4 || type === 6
}

function isKeyType(type: number | undefined): type is KeyType {
  return type === 1 || type === 2 || type === 4 || type === 6
}

function formatKeyId(keyId: number): string {
  return keyId.toString(16).padStart(8, "0")
}

/**
 * Reads a verifier key, `NAME+KEYID+BASE64` (C2SP signed-note). Refuses `malformed`; `unsupported` for another
 * type of key.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseVkey } from "countersign/audit"
 *
 * const vkey = parseVkey(readFileSync("log.vkey", "utf8").trimEnd())
 * console.log(vkey.name, vkey.type) // localhost 1
 * ```
 */
export function parseVkey(text: string): Vkey {
  // SPEC: base64 may contain "+", so only the first two separate.
  const first = text.indexOf("+")
  const second = text.indexOf("+", first + 1)
  if (first < 0 || second < 0) {
    refuse("malformed", `vkey: expected NAME+KEYID+BASE64, found ${shown(text)}`)
  }
  const key = parseBase64(text.slice(second + 1), "vkey")
  const type = key[0]
  if (!isKeyType(type)) {
    refuse("unsupported", `vkey: expected a key of type 1, 2, 4 or 6, found ${type ?? "no key"}`)
  }
  const vkey = makeVkey(text.slice(0, first), type, key.subarray(1))
  const keyId = text.slice(first + 1, second)
  if (keyId !== formatKeyId(vkey.keyId)) {
    refuse(
      "malformed",
      `vkey of ${shown(vkey.name)}: expected the key ID ${formatKeyId(vkey.keyId)}, found ${shown(keyId)}`,
    )
  }
  return vkey
}

export function formatVkey({ name, keyId, type, publicKey }: Vkey): string {
  return `${name}+${formatKeyId(keyId)}+${formatBase64(concat(Uint8Array.of(type), publicKey))}`
}

/** Whether a signature by this key holds over this text. */
export type SignatureRule = (vkey: Vkey, text: string, signature: Uint8Array) => boolean

/** The rule of types 1 and 2. Refuses `unsupported` for types 4 and 6, which do not sign a text. */
export function verifyTextSignature(vkey: Vkey, text: string, signature: Uint8Array): boolean {
  const message = utf8(text)
  if (vkey.type === 1) return verifyEd25519(signature, message, vkey.publicKey)
  const spki = vkey.type === 2 ? parseSpki(vkey.publicKey) : undefined
  if (spki === undefined || spki.type === "ed25519") {
    return refuse("unsupported", `the key of ${shown(vkey.name)} signs checkpoints only`)
  }
  return verifyEcdsa(spki.type, signature, sha256(message), spki.point)
}

/** Whether this line claims to be made by this key. */
export function isSignatureOf(vkey: Vkey, line: NoteSignature): boolean {
  return line.name === vkey.name && line.keyId === vkey.keyId
}

/** The first line that claims to be made by this key. */
export function lineOf(vkey: Vkey, lines: readonly NoteSignature[]): NoteSignature | undefined {
  return lines.find((line) => isSignatureOf(vkey, line))
}

/**
 * The lines that these keys made, in the note's order, at most one a key (C2SP signed-note). Lines of other keys
 * are ignored. Refuses `bad-signature` if the line of one of these keys does not hold, `untrusted` if there is
 * none; `unsupported` for keys of type 4 and 6, which sign checkpoints only, unless `holds` is a rule for them.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { openNote, parseNote, parseVkey } from "countersign/audit"
 *
 * const vkey = parseVkey(readFileSync("log.vkey", "utf8").trimEnd())
 * const lines = openNote(parseNote(readFileSync("checkpoint")), [vkey])
 * console.log(lines.map(({ name }) => name)) // [ 'localhost' ]
 * ```
 */
export function openNote(
  note: Note,
  vkeys: readonly Vkey[],
  holds: SignatureRule = verifyTextSignature,
): NoteSignature[] {
  const verified: NoteSignature[] = []
  const seen = new Set<Vkey>()
  for (const line of note.signatures) {
    const vkey = vkeys.find((candidate) => isSignatureOf(candidate, line))
    if (vkey === undefined || seen.has(vkey)) continue
    seen.add(vkey)
    // SPEC: a known key's bad signature spoils the note, whatever else verifies.
    if (!holds(vkey, note.text, line.signature)) {
      refuse("bad-signature", `the signature of ${shown(vkey.name)} does not hold over this note`)
    }
    verified.push(line)
  }
  if (verified.length === 0) {
    const expected = vkeys.map((vkey) => `${vkey.name}+${formatKeyId(vkey.keyId)}`).join(", ")
    refuse("untrusted", `note: expected a signature of ${expected || "no key"}, found none`)
  }
  return verified
}
