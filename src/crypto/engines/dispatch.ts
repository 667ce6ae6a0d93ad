// Which engine may see a signature: one rule for the server's engine (native.ts) and for the monitor's
// (entry-check.ts). OpenSSL verifies over digests and messages; Ed25519ph, which it does not know, is portable.
// Keeps the keys that node:crypto verifies messages with, the most recently used ones.
import { createPublicKey, type KeyObject } from "node:crypto"
import { LRUCache } from "lru-cache"
import { equalBytes } from "../../core/base/bytes.ts"
import { isStrictSignature } from "../../core/base/ed25519.ts"
import { parseSpki } from "../../core/base/spki.ts"
import { type Algorithm, algorithms, type HashName, type KeyType } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { hashOfCheck, keyOfCheck } from "../../entry/portable-verification.ts"
import type { DigestCheck } from "./digest-message.ts"

/** An imported key. `point` is that of an Ed25519 key. */
interface MessageKey {
  readonly type: KeyType
  readonly point: Uint8Array | undefined
  readonly keyObject: KeyObject
}

/** SPKI as a key; undefined for what Node does not accept or would write differently. */
export function importSpki(spki: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
    // The forms that parseSpki knows have one spelling, and writing a key costs as much as reading it.
    const isOnlySpelling =
      parseSpki(spki) !== undefined || equalBytes(key.export({ format: "der", type: "spki" }), spki)
    return isOnlySpelling ? key : undefined
  } catch {
    // A point that is not on its curve, for example: no signature holds under such a key.
    return undefined
  }
}

/** The bytes of a key as the name that it is kept under. */
export function spkiName({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1")
}

function importKey(check: SignatureCheck): MessageKey | undefined {
  const key = keyOfCheck(check)
  const keyObject = key && importSpki(check.spki)
  if (key === undefined || keyObject === undefined) return undefined
  const point = key.type === "ed25519" ? key.point.slice() : undefined
  return { type: key.type, point, keyObject }
}

/** Finds the key of a check, at most `limit` being kept; undefined if no signature can hold under it. */
function createMessageKeys(limit: number): (check: SignatureCheck) => MessageKey | undefined {
  const keys = new LRUCache<string, MessageKey>({ max: limit })
  return (check) => {
    const name = spkiName(check.spki)
    const key = keys.get(name) ?? importKey(check)
    if (key === undefined) return undefined
    keys.set(name, key)
    return key.type === algorithms[check.algorithm].keyType ? key : undefined
  }
}

/** Whether OpenSSL may see a signature over a message at all. */
function isPlausible({ algorithm, signature }: SignatureCheck, { point }: MessageKey): boolean {
  if (algorithm !== "PKIX_ED25519") return signature.length > 0
  // Node's OpenSSL accepts small-order points, under which one signature holds for any message.
  return point !== undefined && isStrictSignature(signature, point)
}

/** A signature over a message; `hash` is null where the algorithm hashes by itself. */
export interface MessageCheck {
  readonly algorithm: Algorithm
  readonly spki: Uint8Array
  readonly key: KeyObject
  readonly hash: HashName | null
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The engines of one dispatch; `Answer` is whether a signature holds, or the promise of it. */
interface Engines<Answer> {
  /** The answer where no signature can hold. */
  readonly never: Answer
  /** `by` is whoever has sent it. */
  digest(check: DigestCheck, by?: string): Answer
  message(check: MessageCheck, by?: string): Answer
  portable(check: SignatureCheck, by?: string): Answer
}

/** Keys that an engine keeps unless it is told otherwise, at most some 20 KB each. */
export const MOST_KEYS = 4096

/** Hands each check to its engine. Keeps `maxKeys` imported keys of messages. */
export function createDispatch<Answer>(
  maxKeys: number,
  engines: Engines<Answer>,
): (check: SignatureCheck, by?: string) => Answer {
  const keyOf = createMessageKeys(maxKeys)
  return (check, by) => {
    const { algorithm, spki, signature, signed } = check
    if (algorithm === "PKIX_ED25519_PH") return engines.portable(check, by)
    if (signed.form === "digest") {
      if (algorithm === "PKIX_ED25519") return engines.never
      const { digest, hash } = signed
      return engines.digest({ algorithm, spki, signature, digest, hash }, by)
    }
    const key = keyOf(check)
    if (key === undefined || !isPlausible(check, key)) return engines.never
    const hash = algorithm === "PKIX_ED25519" ? null : hashOfCheck(check)
    const { message } = signed
    return engines.message({ algorithm, spki, key: key.keyObject, hash, message, signature }, by)
  }
}
