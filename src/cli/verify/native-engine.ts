// The platform's own signatures and hashes for a verifier of many bundles: OpenSSL, many times faster than portable code
// and exactly as strict. Loaded only where there is enough to do.
import { hash as hashOnce } from "node:crypto"
import type { Trust } from "../../client/trust.ts"
import type { VerifierEngine } from "../../client/verify/engine.ts"
import { createParsedVerifier, type ParsedVerifier } from "../../client/verify/many.ts"
import { createEntryCheck } from "../../crypto/engines/entry-check.ts"
import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"

/** Where OpenSSL cannot be called for digests, signatures are verified by portable code. */
export function createNativeEngine(): VerifierEngine {
  const { verify } = createEntryCheck()
  return {
    checkSignature: (check) => verify([check]),
    checkLine: createNoteVerification(),
    digest: (hash, bytes) => hashOnce(hash, bytes, "buffer"),
    hasher: nativeHasher,
  }
}

/** The same with what many bundles under one trust share. */
export function createNativeVerifier(trust: Trust): ParsedVerifier {
  return createParsedVerifier(trust, { engine: createNativeEngine() })
}
