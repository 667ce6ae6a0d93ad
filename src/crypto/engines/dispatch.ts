// Which engine may see a signature: one rule for the server's engine (native.ts) and for the monitor's
// (entry-check.ts). OpenSSL verifies over digests and messages; Ed25519ph, which it does not know, is portable.
import type { KeyObject } from "node:crypto"
import type { HashName } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { hashOfCheck } from "../../entry/portable-verification.ts"
import type { DigestCheck } from "./digest-message.ts"
import { createMessageKeys, isPlausible } from "./message-keys.ts"

/** A signature over a message; `hash` is null where the algorithm hashes by itself. */
export interface MessageCheck {
  readonly key: KeyObject
  readonly hash: HashName | null
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The engines of one dispatch; `Answer` is whether a signature holds, or the promise of it. */
interface Engines<Answer> {
  /** The answer where no signature can hold. */
  readonly never: Answer
  digest(check: DigestCheck): Answer
  message(check: MessageCheck): Answer
  portable(check: SignatureCheck): Answer
}

/** Keys that an engine keeps unless it is told otherwise, at most some 20 KB each. */
export const MOST_KEYS = 4096

/** Hands each check to its engine. Keeps `maxKeys` imported keys of messages. */
export function createDispatch<Answer>(
  maxKeys: number,
  engines: Engines<Answer>,
): (check: SignatureCheck) => Answer {
  const keyOf = createMessageKeys(maxKeys)
  return (check) => {
    const { algorithm, spki, signature, signed } = check
    if (algorithm === "PKIX_ED25519_PH") return engines.portable(check)
    if (signed.form === "digest") {
      if (algorithm === "PKIX_ED25519") return engines.never
      return engines.digest({ algorithm, spki, signature, digest: signed.digest })
    }
    const key = keyOf(check)
    if (key === undefined || !isPlausible(check, key)) return engines.never
    const hash = algorithm === "PKIX_ED25519" ? null : hashOfCheck(check)
    return engines.message({ key: key.keyObject, hash, message: signed.message, signature })
  }
}
