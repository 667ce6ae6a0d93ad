// A log for the witness tests: heads signed by node:crypto, proofs by the definitions of RFC 6962, and
// requests made of both. Two of them with other salts are the two sides of a fork.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { cosignatureMessage } from "../../src/core/note/cosignature.ts"
import { formatNote, makeVkey, type NoteSignature, type Vkey } from "../../src/core/note/note.ts"
import { type Origin, parseOrigin } from "../../src/core/note/origin.ts"
import { EMPTY_ROOT, type Hash } from "../../src/core/tree/hash.ts"
import type { Cosigner } from "../../src/witness/cosigning.ts"
import { mth, proof } from "../reference.ts"

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex")

/** The private key whose 32 seed bytes are all `seed`. */
function ed25519Key(seed: number): KeyObject {
  const key = Buffer.concat([PKCS8, new Uint8Array(32).fill(seed)])
  return createPrivateKey({ key, format: "der", type: "pkcs8" })
}

function vkeyOf(name: string, type: 1 | 4, key: KeyObject): Vkey {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  return makeVkey(name, type, new Uint8Array(spki.subarray(-32)))
}

export function testCosigner(name = "witness.example/w1", seed = 2): Cosigner {
  const key = ed25519Key(seed)
  return {
    vkey: vkeyOf(name, 4, key),
    sign: async (time, text) => new Uint8Array(sign(null, cosignatureMessage(time, text), key)),
  }
}

export interface TestLogOptions {
  readonly origin?: string
  readonly seed?: number
  /** The first entry that differs from the log without this option; it makes the other side of a fork. */
  readonly forkedAt?: number
}

export interface TestLog {
  readonly origin: Origin
  readonly vkey: Vkey
  root(size: number): Hash
  text(size: number): string
  /** The log's signature line over any text. */
  line(text: string): NoteSignature
  note(size: number): string
  proof(from: number, to: number): readonly Hash[]
  /** The request that moves a witness from `oldSize` to `size`. */
  request(oldSize: number, size: number): Uint8Array
}

const LARGEST = 300

export function createTestLog(options: TestLogOptions = {}): TestLog {
  const origin = parseOrigin(options.origin ?? "log.example/test")
  const key = ed25519Key(options.seed ?? 1)
  const vkey = vkeyOf(origin, 1, key)
  const forkedAt = options.forkedAt ?? LARGEST
  const bodies = Array.from({ length: LARGEST }, (_, i) =>
    i < forkedAt ? Uint8Array.of(i % 256, Math.floor(i / 256)) : Uint8Array.of(i % 256, 0xff),
  )
  const roots = new Map<number, Hash>()

  const root = (size: number): Hash => {
    const known = roots.get(size) ?? (size === 0 ? EMPTY_ROOT : mth(bodies.slice(0, size)))
    roots.set(size, known)
    return known
  }
  const text = (size: number) => formatCheckpoint(origin, { size, root: root(size) })
  const line = (signed: string): NoteSignature => {
    const signature = new Uint8Array(sign(null, utf8(signed), key))
    return { name: vkey.name, keyId: vkey.keyId, signature }
  }
  const note = (size: number) => formatNote(text(size), [line(text(size))])
  const prove = (from: number, to: number) =>
    from === 0 || from >= to ? [] : proof(from, bodies.slice(0, to))

  return {
    origin,
    vkey,
    root,
    text,
    line,
    note,
    proof: prove,
    request: (oldSize, size) =>
      formatAddCheckpoint({ oldSize, proof: prove(oldSize, size), note: note(size) }),
  }
}
