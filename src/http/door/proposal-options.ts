// How a server makes proposals: with the platform's hashes, and with the verifier keys that came last remembered.
import { createHash } from "node:crypto"
import type { ProposalOptions } from "../../entry/signature.ts"
import { createVerifierKeyCache } from "../../entry/verifier-key.ts"

/** Remembers so many keys; what is `given` goes before it. */
export function proposalOptions(rememberedKeys: number, given?: ProposalOptions): ProposalOptions {
  return {
    readKey: createVerifierKeyCache(rememberedKeys),
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    hash: (name, bytes) => createHash(name).update(bytes).digest(),
    ...given,
  }
}
