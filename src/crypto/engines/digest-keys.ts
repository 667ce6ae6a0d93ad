// The strict rule around OpenSSL for signatures over ready-made digests, on the calling thread, with the keys
// that were imported, the most recently used ones: importing a key costs as much as two verifications. One
// thread uses them, so a key is never freed while in use. Ed25519ph, which OpenSSL 3.0 does not know, is portable.
import { LRUCache } from "lru-cache"
import { algorithms, digestAlgorithm, digestLength, type KeyType } from "../../entry/algorithm.ts"
import { keyOfCheck, verifyPortably } from "../../entry/portable-verification.ts"
import type { DigestCheck } from "./digest-message.ts"
import { importSpki, spkiName } from "./dispatch.ts"
import type { ImportKey, OpenSslKey } from "./openssl.ts"

interface DigestKey extends OpenSslKey {
  readonly type: KeyType
}

function importedKey(importKey: ImportKey, check: DigestCheck): DigestKey | undefined {
  const { algorithm, spki, signature, digest } = check
  const key = keyOfCheck({ algorithm, spki, signature, signed: { form: "digest", digest } })
  if (key === undefined || key.type === "ed25519" || importSpki(spki) === undefined) {
    // Hostile bytes meet Node's own parser before they meet ours in OpenSSL.
    return undefined
  }
  const { hash } = algorithms[digestAlgorithm[key.type]]
  return { type: key.type, ...importKey(spki, "modulus" in key, hash) }
}

/** Keeps at most `limit` keys. */
export function createDigestKeys(importKey: ImportKey, limit: number) {
  const keys = new LRUCache<string, DigestKey>({ max: limit, dispose: (key) => key.free() })
  return {
    /** Whether the signature holds; false for every malformed key, signature or digest. */
    holds(check: DigestCheck): boolean {
      const { signature, digest } = check
      const { keyType, hash: own } = algorithms[check.algorithm]
      const { hash = own } = check
      if (check.algorithm === "PKIX_ED25519_PH") {
        return verifyPortably({ ...check, signed: { form: "digest", digest } })
      }
      // A key of RSA is imported for its own hash.
      if (hash !== own && !keyType.startsWith("ecdsa")) return false
      // SPEC: EVP_PKEY_verify truncates a digest that is longer than the curve's order.
      if (digest.length !== digestLength[hash] || signature.length === 0) return false
      const name = spkiName(check.spki)
      const key = keys.get(name) ?? importedKey(importKey, check)
      if (key === undefined) return false
      keys.set(name, key)
      return key.type === keyType && key.verify(signature, digest)
    },
    /** Gives the keys back. */
    clear: () => keys.clear(),
  }
}
