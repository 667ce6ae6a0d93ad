// Verification of ML-DSA-44 signatures (FIPS 204). A file of its own, as bundles for browsers may come without it.
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"

/** Whether 2,420 bytes are a signature over `message` that holds under the key, with an empty context. */
export function verifyMlDsa44(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return ml_dsa44.verify(signature, message, publicKey)
}
