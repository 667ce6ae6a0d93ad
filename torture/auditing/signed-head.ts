// Verifier keys and signed heads, read and verified from C2SP signed-note and tlog-checkpoint with node:crypto alone.
// Of the signatures only plain Ed25519 (type 1) is known; cosignatures and other lines are passed over.
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto"
import type { TreeHead } from "./merkle.ts"

const ED25519 = 1
const KEY_ID = 4
const MOST_BYTES = 1_000_000
/** What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410). */
const SPKI_START = Buffer.from("302a300506032b6570032100", "hex")

export interface HeadKey {
  readonly origin: string
  readonly id: Buffer
  readonly key: KeyObject
}

/** Of a vkey line: NAME+ID in hex+base64 of the type and the key. Throws where it is none of Ed25519. */
export function readHeadKey(vkey: string): HeadKey {
  const [, origin = "", id = "", encoded = ""] =
    /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey) ?? []
  const typed = Buffer.from(encoded, "base64")
  if (typed[0] !== ED25519 || typed.length !== 33) throw new Error(`no Ed25519 vkey: ${vkey}`)
  const expected = createHash("sha256").update(`${origin}\n`).update(typed).digest()
  if (expected.subarray(0, KEY_ID).toString("hex") !== id) throw new Error(`wrong ID: ${vkey}`)
  const der = Buffer.concat([SPKI_START, typed.subarray(1)])
  return {
    ...{ origin, id: Buffer.from(id, "hex") },
    key: createPublicKey({ key: der, format: "der", type: "spki" }),
  }
}

function isSignedBy({ origin, id, key }: HeadKey, text: Buffer, lines: readonly string[]): boolean {
  return lines.some((line) => {
    const [, name, encoded = ""] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? []
    const bytes = Buffer.from(encoded, "base64")
    if (name !== origin || !bytes.subarray(0, KEY_ID).equals(id)) return false
    return verify(null, text, key, bytes.subarray(KEY_ID))
  })
}

/** The head in a checkpoint that the key has signed; throws with what is wrong with any other text. */
export function readSignedHead(headKey: HeadKey, note: string): TreeHead {
  if (note.length > MOST_BYTES) throw new Error("a checkpoint that is too long")
  const split = note.lastIndexOf("\n\n")
  const text = note.slice(0, split + 1)
  const lines = note.slice(split + 2).split("\n")
  if (split < 0 || lines.pop() !== "") throw new Error(`no signed note: ${shown(note)}`)
  const [origin, size = "", root = ""] = text.split("\n")
  if (origin !== headKey.origin) throw new Error(`a checkpoint of another log: ${shown(note)}`)
  const head = { size: Number(size), root: Buffer.from(root, "base64") }
  const isHead = /^(0|[1-9][0-9]{0,15})$/.test(size) && Number.isSafeInteger(head.size)
  if (!isHead || head.root.length !== 32 || head.root.toString("base64") !== root) {
    throw new Error(`no checkpoint: ${shown(note)}`)
  }
  if (!isSignedBy(headKey, Buffer.from(text), lines)) {
    throw new Error(`not signed by ${headKey.origin}: ${shown(note)}`)
  }
  return head
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 120))
}
