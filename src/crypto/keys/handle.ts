// What the program signs with: a private key wherever it lives, in a file, an agent or a token. Whatever made a
// signature, it is verified with the public half before it is given away.
import { type KeyObject, verify } from "node:crypto"
import { promisify } from "node:util"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"

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

/** Null where the algorithm hashes by itself. */
export const digestOf = (algorithm: KeyAlgorithm) => (algorithm === "ed25519" ? null : "sha256")

/** Verifies in Node's own threads. */
export const verifyInThread = promisify<string | null, Uint8Array, KeyObject, Uint8Array, boolean>(
  verify,
)

/** A key without the means to sign. */
export type PublicHalf = Pick<KeyHandle, "spki" | "algorithm">

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
export function assertAlgorithm<Key extends Pick<KeyHandle, "algorithm">>(
  key: Key,
  expected: KeyAlgorithm,
  what: string,
): Key {
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

interface RemoteKey extends KeyHandle {
  /** What holds it, for messages. */
  readonly where: string
}

/**
 * A key that something else holds, which is not trusted: what it gives is a signature only if it verifies with the
 * public half. Whatever is wrong with an answer is trouble ("busy"), as nothing is lost by asking again.
 */
export function createVerifiedHandle(remote: RemoteKey): KeyHandle {
  const { spki, publicKey, algorithm, where } = remote
  return {
    ...{ spki, publicKey, algorithm },
    async sign(message) {
      const signature = await remote.sign(message).catch((cause: unknown) => {
        if (!(cause instanceof Refusal)) throw cause
        throw new Trouble("busy", `${where}: ${cause.message}`, { cause })
      })
      const holds = await verifyInThread(digestOf(algorithm), message, publicKey, signature)
      if (holds) return signature
      throw new Trouble("busy", `${where} gave a signature that does not hold; nothing was signed`)
    },
    close: () => remote.close(),
  }
}
