// ECDSA over a ready-made digest on P-256, P-384 and P-521 with DER signatures: the portable engine.
// Leaves out hashing and signing. High S is accepted, as every signer of the field produces it.
import { p256, p384, p521 } from "@noble/curves/nist.js"

const curves = { "ecdsa-p256": p256, "ecdsa-p384": p384, "ecdsa-p521": p521 }
type Curve = keyof typeof curves

/**
 * Of the two signatures that hold with one R, the one with the lower S, in strict DER; undefined for bytes
 * that are no signature. For texts that must not have two spellings.
 */
export function lowS(type: Curve, signature: Uint8Array): Uint8Array | undefined {
  const { Signature, Point } = curves[type]
  try {
    const { r, s } = Signature.fromBytes(signature, "der")
    const other = Point.Fn.ORDER - s
    return new Signature(r, s < other ? s : other).toBytes("der")
  } catch {
    return undefined
  }
}

const options = { prehash: false, lowS: false, format: "der" } as const

/**
 * Whether a strict DER signature over `digest` holds under an uncompressed point; else false. The
 * caller checks the digest's length: one longer than the order is truncated, so junk behind it passes.
 */
export function verifyEcdsa(
  type: Curve,
  signature: Uint8Array,
  digest: Uint8Array,
  point: Uint8Array,
): boolean {
  try {
    return curves[type].verify(signature, digest, point, options)
  } catch {
    return false
  }
}
