// Verifies single Ed25519 and ECDSA signatures over messages with OpenSSL, at once on the calling thread: for
// the few small signatures of a checkpoint, where handing over to a thread would cost more than it saves.
// Exactly as strict as core/base/ed25519.ts and core/base/ecdsa.ts: OpenSSL by itself accepts small-order and
// unreduced points.
import { type KeyObject, verify } from "node:crypto"
import { promisify } from "node:util"
import { LRUCache } from "lru-cache"
import { isStrictSignature } from "../../core/base/ed25519.ts"
import { formatEd25519Spki, parseSpki } from "../../core/base/spki.ts"
import { importSpki, spkiName } from "./message-keys.ts"

const verifyInThread = promisify<null, Uint8Array, KeyObject, Uint8Array, boolean>(verify)

function isEcdsaKey(spki: Uint8Array): boolean {
  const type = parseSpki(spki)?.type
  return type !== undefined && type !== "ed25519"
}

/**
 * Verifications that give false for every malformed input. Keeps at most `maxKeys` imported keys, some 2 KB
 * each, and forgets the least recently used one.
 */
export function createMessageVerification(maxKeys: number) {
  const keys = new LRUCache<string, KeyObject>({ max: maxKeys })

  /** The key whose bytes are `name`; undefined if no signature can hold under it. */
  function imported(name: string, spki: () => Uint8Array): KeyObject | undefined {
    const key = keys.get(name) ?? importSpki(spki())
    if (key !== undefined) keys.set(name, key)
    return key
  }

  /** The key of these 32 bytes, if the signature may hold under it. */
  function strictKey(publicKey: Uint8Array, signature: Uint8Array): KeyObject | undefined {
    if (!isStrictSignature(signature, publicKey)) return undefined
    return imported(spkiName(publicKey), () => formatEd25519Spki(publicKey))
  }

  return {
    /** Whether a signature holds under a raw key of 32 bytes. */
    ed25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
      const key = strictKey(publicKey, signature)
      return key !== undefined && verify(null, message, key, signature)
    },
    /** The same in one of libuv's threads. */
    async ed25519Elsewhere(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
      const key = strictKey(publicKey, signature)
      return key !== undefined && (await verifyInThread(null, message, key, signature))
    },
    /** The same under a key in SPKI on P-256, P-384 or P-521, with SHA-256 on all of them. */
    ecdsa(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
      if (signature.length === 0 || !isEcdsaKey(spki)) return false
      const key = imported(spkiName(spki), () => spki)
      return key !== undefined && verify("sha256", message, key, signature)
    },
  }
}
