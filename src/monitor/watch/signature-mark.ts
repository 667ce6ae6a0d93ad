// Tells signatures apart, whatever entry or bundle they are in. Of an ECDSA signature anyone can make another one that
// holds over the same message (n - s for s) without the key, so that both have one mark.
import { digestOf } from "../../core/base/digest.ts"
import { lowS } from "../../core/base/ecdsa.ts"
import { formatHex } from "../../core/base/text.ts"
import type { KeyType } from "../../entry/algorithm.ts"

const curves = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521"] as const

function markOfBytes(signature: Uint8Array): string {
  return `sha256:${formatHex(digestOf("sha256", signature))}`
}

/** The mark of a signature by a key of this type: `sha256:hex`. */
export function markOf(signature: Uint8Array, keyType: KeyType): string {
  const curve = curves.find((name) => name === keyType)
  return markOfBytes((curve && lowS(curve, signature)) ?? signature)
}

/** All marks that the signature may have, if its key is not known. */
export function marksOf(signature: Uint8Array): readonly string[] {
  const twins = curves.flatMap((curve) => lowS(curve, signature) ?? [])
  return [...new Set((twins.length === 0 ? [signature] : twins).map(markOfBytes))]
}
