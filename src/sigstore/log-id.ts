// The 32 bytes by which Sigstore names a log's key (rekor-tiles, "log ID"): SHA-256 over the SPKI for
// ECDSA, and for Ed25519 the whole hash of which a C2SP key ID is the beginning.

import { concat, utf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { parseSpki } from "../core/base/spki.ts"
import { makeVkey, type Vkey } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import { asHash, type Hash } from "../core/tree/hash.ts"

/** The log ID of a key of type 1 or 2; its first 4 bytes are the key ID. */
export function logIdOf({ name, type, publicKey }: Vkey): Hash {
  if (type === 2) return asHash(digestOf("sha256", publicKey))
  return asHash(digestOf("sha256", concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)))
}

/** The verifier key of a log's checkpoints by its SPKI; undefined for RSA and other unknown keys. */
export function logVkey(origin: Origin, spki: Uint8Array): Vkey | undefined {
  const key = parseSpki(spki)
  if (key === undefined) return undefined
  return key.type === "ed25519" ? makeVkey(origin, 1, key.point) : makeVkey(origin, 2, spki)
}
