// Signs checkpoints with the log's own keys, held as PEM files: an ECDSA P-256 line first (the key that
// Rekor clients know), an Ed25519 line second (the one that C2SP clients and witnesses know).
import { createHash } from "node:crypto"
import { formatNote, formatVkey, makeVkey, type Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { LogSigner } from "../../log/ports/signer.ts"
import { type OpenedKey, openEd25519, openP256, rawEd25519, signHere } from "./private-key.ts"

const ECDSA = 0x02
const ED25519 = 0x01

/** One key of the log, ready to sign. */
export interface SigningKey extends OpenedKey {
  readonly vkey: Vkey
  /** SHA-256 over the SPKI, lower-case hex. */
  readonly fingerprint: string
}

export interface LogKeys {
  /** PKCS#8 PEM of an ECDSA P-256 key. */
  readonly ecdsa: string
  /** PKCS#8 PEM of an Ed25519 key. */
  readonly ed25519: string
  /** Opens both if they are encrypted. */
  readonly passphrase?: string
}

function signingKey(key: OpenedKey, vkey: Vkey): SigningKey {
  return { ...key, vkey, fingerprint: createHash("sha256").update(key.spki).digest("hex") }
}

/** Opens the ECDSA key alone; refuses as {@link createLogSigner} does. */
export function openEcdsaKey(
  origin: Origin,
  { ecdsa, passphrase }: Pick<LogKeys, "ecdsa" | "passphrase">,
): SigningKey {
  const key = openP256(ecdsa, passphrase, "ECDSA log key")
  return signingKey(key, makeVkey(origin, ECDSA, key.spki))
}

export interface KeyedSigner extends LogSigner {
  /** SPKI DER of the ECDSA key, for trust files. */
  readonly ecdsaSpki: Uint8Array
  /** Signs whatever text it is given: the sequencer and the guard decide what that is. */
  sign(text: string): Promise<string>
}

/** Opens the log's keys. Refuses `malformed` or `unsupported` keys. */
export function createLogSigner(origin: Origin, keys: LogKeys): KeyedSigner {
  const ecdsa = openEcdsaKey(origin, keys)
  const ed25519 = openEd25519(keys.ed25519, keys.passphrase, "Ed25519 log key")
  const held = [ecdsa, signingKey(ed25519, makeVkey(origin, ED25519, rawEd25519(ed25519)))]
  return {
    origin,
    keyFingerprints: held.map((key) => key.fingerprint),
    vkeys: held.map((key) => formatVkey(key.vkey)),
    ecdsaSpki: ecdsa.spki,
    sign(text) {
      const message = Buffer.from(text)
      const lines = held.map((key) => ({ ...key.vkey, signature: signHere(key, message) }))
      return Promise.resolve(formatNote(text, lines))
    },
  }
}
