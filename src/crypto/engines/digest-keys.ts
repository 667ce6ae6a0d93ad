// The public keys that a digest thread has imported into OpenSSL, the most recently used ones: importing
// a key costs as much as two verifications. One thread uses them, so a key is never freed while in use.
import { LRUCache } from "lru-cache"
import { algorithms, digestAlgorithm, type KeyType } from "../../entry/algorithm.ts"
import { keyOfCheck } from "../../entry/portable-verification.ts"
import type { DigestCheck } from "./digest-message.ts"
import { importSpki, spkiName } from "./message-keys.ts"
import type { OpenSsl, OpenSslContext } from "./openssl.ts"

interface DigestKey {
  readonly type: KeyType
  readonly context: OpenSslContext
  free(): void
}

export interface DigestKeys {
  /** A context for the key of a check; undefined if no signature can hold under it. */
  find(check: DigestCheck): OpenSslContext | undefined
  clear(): void
}

function importKey(openSsl: OpenSsl, check: DigestCheck): DigestKey | undefined {
  const { algorithm, spki, signature, digest } = check
  const key = keyOfCheck({ algorithm, spki, signature, signed: { form: "digest", digest } })
  if (key === undefined || key.type === "ed25519" || importSpki(spki) === undefined) {
    // Hostile bytes meet Node's own parser before they meet ours in OpenSSL.
    return undefined
  }
  const { hash } = algorithms[digestAlgorithm[key.type]]
  const imported = openSsl.importKey(spki, "modulus" in key, hash)
  const context = openSsl.newContext(imported)
  return {
    type: key.type,
    context,
    free() {
      openSsl.freeContext(context)
      openSsl.freeKey(imported)
    },
  }
}

export function createDigestKeys(openSsl: OpenSsl, limit: number): DigestKeys {
  const keys = new LRUCache<string, DigestKey>({ max: limit, dispose: (key) => key.free() })
  return {
    find(check) {
      const name = spkiName(check.spki)
      const known = keys.get(name) ?? importKey(openSsl, check)
      if (known === undefined) return undefined
      keys.set(name, known)
      return known.type === algorithms[check.algorithm].keyType ? known.context : undefined
    },
    clear: () => keys.clear(),
  }
}
