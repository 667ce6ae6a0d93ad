// Verifies the signature lines of checkpoints with OpenSSL, many times faster than the portable rule
// (core/cosignature.ts) and exactly as strict. Type 6, which OpenSSL 3.0 does not know, is left to that rule.
import { utf8 } from "../../core/base/bytes.ts"
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { checkpointRule, cosignatureMessage, splitTimed } from "../../core/note/cosignature.ts"
import type { SignatureRule } from "../../core/note/note.ts"
import { createMessageVerification } from "./message-verification.ts"

/** Imported keys that are kept unless it is said otherwise; the least recently used one is forgotten. */
const MOST_KEYS = 1_024

/**
 * A rule for the signature lines of checkpoints, for keys of every type, time 0 included. Refuses
 * `malformed` for a line of type 6 under a text that is no checkpoint.
 */
export function createNoteVerification(maxKeys = MOST_KEYS): SignatureRule {
  return ruleOver(createMessageVerification(maxKeys))
}

/**
 * The same rule off the calling thread for lines of type 1, which witnesses verify for every request; at
 * once for all others.
 */
export function createPatientNoteVerification(
  maxKeys = MOST_KEYS,
): (...line: Parameters<SignatureRule>) => Promise<boolean> {
  const verification = createMessageVerification(maxKeys)
  const rule = ruleOver(verification)
  return async (vkey, text, signature) =>
    vkey.type === 1
      ? await verification.ed25519Elsewhere(vkey.publicKey, utf8(text), signature)
      : rule(vkey, text, signature)
}

function ruleOver(verification: ReturnType<typeof createMessageVerification>): SignatureRule {
  function holdsTimed(publicKey: Uint8Array, text: string, signature: Uint8Array): boolean {
    const timed = splitTimed(signature)
    if (timed === undefined) return false
    return verification.ed25519(publicKey, cosignatureMessage(timed.time, text), timed.bare)
  }

  return (vkey, text, signature) => {
    switch (vkey.type) {
      case 1:
        return verification.ed25519(vkey.publicKey, utf8(text), signature)
      case 2:
        return verification.ecdsa(vkey.publicKey, utf8(text), signature)
      case 4:
        return holdsTimed(vkey.publicKey, text, signature)
      case 6:
        return checkpointRule(parseCheckpointText(text))(vkey, text, signature)
    }
  }
}
