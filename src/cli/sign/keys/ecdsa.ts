// Deterministic ECDSA (RFC 6979) over a ready-made digest, in DER: the nonce follows from key and digest, so that
// the same artifact and key give the same signature, and with it the same log entry, wherever and however often they
// are signed. s is left as RFC 6979 gives it, not turned into its lower half: every other signer by the RFC makes
// these bytes. Leaves out hashing.
import { p256, p384, p521 } from "@noble/curves/nist.js"
import type { KeyType } from "../../../entry/algorithm.ts"

const curves = { "ecdsa-p256": p256, "ecdsa-p384": p384, "ecdsa-p521": p521 } as const

export type EcdsaKeyType = keyof typeof curves

export function isEcdsa(keyType: KeyType): keyType is EcdsaKeyType {
  return Object.hasOwn(curves, keyType)
}

/** `secret` is the scalar, as long as the curve's order. About 2 ms; not constant in time, as no JavaScript is. */
export function signDeterministically(
  keyType: EcdsaKeyType,
  digest: Uint8Array,
  secret: Uint8Array,
): Uint8Array {
  const options = { prehash: false, lowS: false, extraEntropy: false, format: "der" } as const
  return curves[keyType].sign(digest, secret, options)
}
