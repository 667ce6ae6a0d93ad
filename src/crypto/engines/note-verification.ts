// Verifies the signature lines of checkpoints with OpenSSL, many times faster than the portable rule
// (core/cosignature.ts) and exactly as strict. Type 6, which OpenSSL 3.0 does not know, is left to that rule.
// Verifies at once on the calling thread: handing a few small signatures over to a thread would cost more than it
// saves. OpenSSL by itself accepts small-order and unreduced points.
import { type KeyObject, verify } from "node:crypto"
import { promisify } from "node:util"
import { LRUCache } from "lru-cache"
import { utf8 } from "../../core/base/bytes.ts"
import { isStrictSignature } from "../../core/base/ed25519.ts"
import { formatEd25519Spki, parseSpki } from "../../core/base/spki.ts"
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { checkpointRule, cosignatureMessage, splitTimed } from "../../core/note/cosignature.ts"
import type { SignatureRule } from "../../core/note/note.ts"
import { importSpki, spkiName } from "./dispatch.ts"

const verifyInThread = promisify<null | "sha256", Uint8Array, KeyObject, Uint8Array, boolean>(
  verify,
)

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

  function ecdsaKey(spki: Uint8Array, signature: Uint8Array): KeyObject | undefined {
    if (signature.length === 0 || !isEcdsaKey(spki)) return undefined
    return imported(spkiName(spki), () => spki)
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
      const key = ecdsaKey(spki, signature)
      return key !== undefined && verify("sha256", message, key, signature)
    },
    /** The same in one of libuv's threads. */
    async ecdsaElsewhere(spki: Uint8Array, message: Uint8Array, signature: Uint8Array) {
      const key = ecdsaKey(spki, signature)
      return key !== undefined && (await verifyInThread("sha256", message, key, signature))
    },
  }
}

/** Imported keys that are kept unless it is said otherwise; the least recently used one is forgotten. */
export const MOST_KEYS = 1_024

/**
 * A rule for the signature lines of checkpoints, for keys of every type, time 0 included. Refuses
 * `malformed` for a line of type 6 under a text that is no checkpoint.
 */
export function createNoteVerification(maxKeys = MOST_KEYS): SignatureRule {
  return ruleOver(createMessageVerification(maxKeys))
}

function ruleOver(verification: ReturnType<typeof createMessageVerification>): SignatureRule {
  return (vkey, text, signature) => {
    const { type, publicKey } = vkey
    switch (type) {
      case 1:
        return verification.ed25519(publicKey, utf8(text), signature)
      case 2:
        return verification.ecdsa(publicKey, utf8(text), signature)
      case 4: {
        const timed = splitTimed(signature)
        if (timed === undefined) return false
        return verification.ed25519(publicKey, cosignatureMessage(timed.time, text), timed.bare)
      }
      case 6:
        return checkpointRule(parseCheckpointText(text))(vkey, text, signature)
    }
  }
}
