// Signs checkpoints with the log's own keys, wherever they live: an ECDSA P-256 line first (the key that Rekor
// clients know), an Ed25519 line second (the one that C2SP clients and witnesses know).
import { createHash } from "node:crypto"
import { formatNote, formatVkey, makeVkey, type Vkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { LogSigner } from "../../log/ports/signer.ts"
import { assertAlgorithm, type KeyHandle, type PublicHalf, rawEd25519 } from "../keys/handle.ts"

const ECDSA = 0x02
const ED25519 = 0x01

/** One key of the log, ready to sign. */
export interface SigningKey extends KeyHandle {
  readonly vkey: Vkey
  /** SHA-256 over the SPKI, lower-case hex. */
  readonly fingerprint: string
}

export interface LogKeys {
  readonly ecdsa: KeyHandle
  readonly ed25519: KeyHandle
}

function lineKey<Key extends PublicHalf>(key: Key, vkey: Vkey) {
  return { ...key, vkey, fingerprint: createHash("sha256").update(key.spki).digest("hex") }
}

/** The ECDSA key alone; refuses `unsupported` for another kind of key. */
export function ecdsaSigningKey(origin: Origin, key: KeyHandle): SigningKey {
  return ecdsaLine(origin, key)
}

function ecdsaLine<Key extends PublicHalf>(origin: Origin, key: Key) {
  return lineKey(
    assertAlgorithm(key, "ecdsa-p256", "ECDSA log key"),
    makeVkey(origin, ECDSA, key.spki),
  )
}

/** Both keys in the order of their lines; refuses `unsupported` for another kind of key. */
export function logSigningKeys(
  origin: Origin,
  { ecdsa, ed25519 }: LogKeys,
): readonly [SigningKey, SigningKey] {
  return lineKeys(origin, ecdsa, ed25519)
}

function lineKeys<Key extends PublicHalf>(origin: Origin, ecdsa: Key, ed25519: Key) {
  assertAlgorithm(ed25519, "ed25519", "Ed25519 log key")
  const vkey = makeVkey(origin, ED25519, rawEd25519(ed25519))
  return [ecdsaLine(origin, ecdsa), lineKey(ed25519, vkey)] as const
}

/** The public halves of a log's keys, in the forms that verifiers are configured with. */
export interface LogPublicKeys extends Pick<LogSigner, "origin" | "keyFingerprints" | "vkeys"> {
  /** SPKI DER of the ECDSA key, for trust files. */
  readonly ecdsaSpki: Uint8Array
}

/** Refuses `unsupported` for another kind of key. */
export function logPublicKeys(
  origin: Origin,
  { ecdsa, ed25519 }: { readonly ecdsa: PublicHalf; readonly ed25519: PublicHalf },
): LogPublicKeys {
  const held = lineKeys(origin, ecdsa, ed25519)
  return {
    origin,
    keyFingerprints: held.map((key) => key.fingerprint),
    vkeys: held.map((key) => formatVkey(key.vkey)),
    ecdsaSpki: ecdsa.spki,
  }
}

export interface KeyedSigner extends LogSigner, LogPublicKeys {
  /** Signs whatever text it is given: the sequencer and the guard decide what that is. */
  sign(text: string): Promise<string>
}

/** Signs with the log's keys, which stay the caller's to close. Refuses `unsupported` for another kind of key. */
export function createLogSigner(origin: Origin, keys: LogKeys): KeyedSigner {
  const held = logSigningKeys(origin, keys)
  return {
    ...logPublicKeys(origin, keys),
    async sign(text) {
      const message = Buffer.from(text)
      const lines = held.map(async ({ vkey, sign }) => ({
        ...vkey,
        signature: await sign(message),
      }))
      return formatNote(text, await Promise.all(lines))
    },
  }
}
