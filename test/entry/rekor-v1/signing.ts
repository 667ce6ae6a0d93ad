// Signatures over messages as Rekor v1 wants them: SHA-256 whatever the key is.
import { sign } from "node:crypto"
import type { Signer } from "../signers.ts"

export function signSha256({ keyType, privateKey }: Signer, message: Uint8Array): Uint8Array {
  return Uint8Array.from(sign(keyType === "ed25519" ? null : "sha256", message, privateKey))
}
