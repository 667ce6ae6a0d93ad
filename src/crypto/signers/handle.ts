// What the program signs with: a private key wherever it lives, in a file, an agent or a token. Whatever made a
// signature, it is verified with the public half before it is given away.
import type { KeyObject } from "node:crypto"
import { refuse } from "../../core/base/errors.ts"

export type KeyAlgorithm = "ecdsa-p256" | "ed25519"

export interface KeyHandle {
  /** SPKI in DER. */
  readonly spki: Uint8Array
  readonly publicKey: KeyObject
  readonly algorithm: KeyAlgorithm
  /**
   * The signature of a message: DER over SHA-256 for ECDSA, 64 bytes for Ed25519. Throws trouble ("busy") while
   * what holds the key cannot sign; asking again is safe.
   */
  sign(message: Uint8Array): Promise<Uint8Array>
  /** Lets go of what holds the key; nothing is signed afterwards. */
  close(): Promise<void>
}

const names: Readonly<Record<KeyAlgorithm, string>> = {
  "ecdsa-p256": "ECDSA P-256",
  ed25519: "Ed25519",
}

/** The algorithm of a public key; refuses `unsupported` for what no log and no witness signs with. */
export function algorithmOf(publicKey: KeyObject, what: string): KeyAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey
  if (type === "ed25519") return "ed25519"
  if (details?.namedCurve === "prime256v1") return "ecdsa-p256"
  const found = details?.namedCurve ?? type
  return refuse("unsupported", `${what}: expected ECDSA P-256 or Ed25519, found ${found}`)
}

/** The key itself, if it is of this algorithm; refuses `unsupported` otherwise. */
export function assertAlgorithm(key: KeyHandle, expected: KeyAlgorithm, what: string): KeyHandle {
  if (key.algorithm === expected) return key
  return refuse(
    "unsupported",
    `${what}: expected ${names[expected]}, found ${names[key.algorithm]}`,
  )
}

/** The 32 bytes of an Ed25519 key, which end its SPKI. */
export function rawEd25519({ spki }: Pick<KeyHandle, "spki">): Uint8Array {
  return spki.slice(-32)
}
