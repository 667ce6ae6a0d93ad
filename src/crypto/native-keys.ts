// The public keys that the native engine has imported, the most recently used ones: importing a key
// costs as much as two verifications. A key that falls out while a call uses it is freed after the call.
import { createPublicKey, type KeyObject } from "node:crypto"
import { LRUCache } from "lru-cache"
import { equalBytes } from "../core/bytes.ts"
import { bug } from "../core/errors.ts"
import { algorithms, digestAlgorithm, type KeyType } from "../entry/algorithm.ts"
import type { SignatureCheck } from "../entry/entry.ts"
import { keyOfCheck } from "../entry/portable-verification.ts"
import type { OpenSsl, OpenSslContext, OpenSslKey } from "./openssl.ts"

/** An imported key. `point` is that of an Ed25519 key. */
export interface NativeKey {
  readonly type: KeyType
  readonly point: Uint8Array | undefined
  readonly keyObject: KeyObject
  readonly contexts: ContextPool | undefined
}

/** The contexts of one key; each serves one call at a time. */
export interface ContextPool {
  /** Call it in the same step in which the key was found: a retired pool cannot be used. */
  run<T>(task: (context: OpenSslContext) => Promise<T>): Promise<T>
  /** Frees everything as soon as no call uses it. */
  retire(): void
}

export interface NativeKeys {
  /** The key of a check; undefined if it cannot be used for the check's algorithm. */
  find(check: SignatureCheck): NativeKey | undefined
  clear(): void
}

/** Contexts that are kept for one key without being in use. */
const MOST_IDLE = 32

function createContextPool(openSsl: OpenSsl, key: OpenSslKey): ContextPool {
  const idle: OpenSslContext[] = []
  let inUse = 0
  let isRetired = false

  const giveBack = (context: OpenSslContext) => {
    inUse -= 1
    if (isRetired || idle.length >= MOST_IDLE) openSsl.freeContext(context)
    else idle.push(context)
    if (isRetired && inUse === 0) openSsl.freeKey(key)
  }
  return {
    async run(task) {
      if (isRetired) bug("a key was used after it was freed")
      const context = idle.pop() ?? openSsl.newContext(key)
      inUse += 1
      try {
        return await task(context)
      } finally {
        giveBack(context)
      }
    },
    retire() {
      isRetired = true
      for (const context of idle.splice(0)) openSsl.freeContext(context)
      if (inUse === 0) openSsl.freeKey(key)
    },
  }
}

function importKeyObject(spki: Uint8Array): KeyObject | undefined {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
  } catch {
    // A point that is not on its curve, for example: no signature holds under such a key.
    return undefined
  }
  const again = key.export({ format: "der", type: "spki" })
  return equalBytes(again, spki) ? key : undefined
}

function importKey(openSsl: OpenSsl, check: SignatureCheck): NativeKey | undefined {
  const key = keyOfCheck(check)
  const keyObject = key && importKeyObject(check.spki)
  if (key === undefined || keyObject === undefined) return undefined
  if (key.type === "ed25519") {
    return { type: key.type, point: key.point.slice(), keyObject, contexts: undefined }
  }
  const { hash } = algorithms[digestAlgorithm[key.type]]
  const imported = openSsl.importKey(check.spki, "modulus" in key, hash)
  const contexts = createContextPool(openSsl, imported)
  return { type: key.type, point: undefined, keyObject, contexts }
}

export function createNativeKeys(openSsl: OpenSsl, limit: number): NativeKeys {
  const keys = new LRUCache<string, NativeKey>({
    max: limit,
    dispose: (key) => key.contexts?.retire(),
  })
  return {
    find(check) {
      const { buffer, byteOffset, byteLength } = check.spki
      const name = Buffer.from(buffer, byteOffset, byteLength).toString("latin1")
      const known = keys.get(name)
      if (known !== undefined) {
        return known.type === algorithms[check.algorithm].keyType ? known : undefined
      }
      const key = importKey(openSsl, check)
      if (key !== undefined) keys.set(name, key)
      return key
    },
    clear: () => keys.clear(),
  }
}
