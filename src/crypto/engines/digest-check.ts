// The strict rule around OpenSSL for a signature over a ready-made digest, on the calling thread.
import { algorithms, digestLength } from "../../entry/algorithm.ts"
import type { DigestKeys } from "./digest-keys.ts"
import type { DigestCheck } from "./digest-message.ts"
import type { OpenSsl } from "./openssl.ts"

/** Whether the signature holds; false for every malformed key, signature or digest. */
export function holdsOverDigest(openSsl: OpenSsl, keys: DigestKeys, check: DigestCheck): boolean {
  const { algorithm, signature, digest } = check
  // SPEC: EVP_PKEY_verify truncates a digest that is longer than the curve's order.
  if (digest.length !== digestLength[algorithms[algorithm].hash]) return false
  if (signature.length === 0) return false
  const context = keys.find(check)
  return context !== undefined && openSsl.verify(context, signature, digest)
}
