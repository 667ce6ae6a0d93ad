// What runs in the thread of an ML-DSA-44 cosigner (cosigner.ts): it makes the key of the seed that it was
// started with, signs, and verifies what it signed.
import { workerData } from "node:worker_threads"
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import { bug } from "../../core/base/errors.ts"

const seed = workerData as Uint8Array
const { publicKey, secretKey } = ml_dsa44.keygen(seed)

/** The hedged signature of FIPS 204: fresh randomness makes faults and side channels harder to use. */
export function signMlDsa(message: Uint8Array): Uint8Array {
  const signature = ml_dsa44.sign(message, secretKey)
  if (!ml_dsa44.verify(signature, message, publicKey)) {
    bug("a signature of the witness's own ML-DSA-44 key does not verify")
  }
  return signature
}
