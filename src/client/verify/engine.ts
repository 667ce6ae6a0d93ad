// What a verifier verifies with: portable code by default, which runs in a browser; commands hand in the platform's own,
// which is many times faster and exactly as strict.
import { digestOf, type HashName } from "../../core/base/digest.ts"
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { checkpointRule } from "../../core/note/cosignature.ts"
import type { SignatureRule } from "../../core/note/note.ts"
import { portableHasher, type TreeHasher } from "../../core/tree/hash.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { verifyPortably } from "../../entry/portable-verification.ts"

/** Synchronous; each function is as strict as that of {@link portableEngine}. */
export interface VerifierEngine {
  /** Whether a signature holds; false for every malformed key, signature or digest. */
  readonly checkSignature: (check: SignatureCheck) => boolean
  /** Whether a signature line of a checkpoint holds, for keys of every type. */
  readonly checkLine: SignatureRule
  readonly digest: (hash: HashName, bytes: Uint8Array) => Uint8Array
  readonly hasher: TreeHasher
}

/** Runs on any JavaScript engine. About 3 ms a signature on P-256, 1 ms on Ed25519. */
export const portableEngine: VerifierEngine = {
  checkSignature: verifyPortably,
  checkLine: (vkey, text, signature) =>
    checkpointRule(parseCheckpointText(text))(vkey, text, signature),
  digest: digestOf,
  hasher: portableHasher,
}
