// Holds the two halves of a key pair against each other: a private key with another one's public half would sign what
// nobody can verify.
import { createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from "node:crypto"
import { utf8 } from "../../../core/base/bytes.ts"
import { refuse } from "../../../core/base/errors.ts"

const PROBE = utf8("countersign")

const HALF = ["kty", "crv", "x", "y", "n", "e"] as const

/** The public half that stands in `jwk`, which need not be what belongs to its private one. */
function publicHalf(jwk: JsonWebKey): KeyObject {
  const half = Object.fromEntries(HALF.flatMap((name) => (name in jwk ? [[name, jwk[name]]] : [])))
  return createPublicKey({ key: half, format: "jwk" })
}

function isPair(key: KeyObject, jwk: JsonWebKey): boolean {
  const hash = jwk.kty === "OKP" ? null : "sha256"
  try {
    return verify(hash, PROBE, publicHalf(jwk), sign(hash, PROBE, key))
  } catch {
    // OpenSSL looks at some of the numbers itself.
    return false
  }
}

/**
 * Gives the private key back. Refuses `malformed` if `jwk` has another public half: by default the one that the key came
 * with. A signature by numbers that do not belong together may give an RSA key away, so it must not leave the process.
 */
export function assertPair(key: KeyObject, jwk = key.export({ format: "jwk" })): KeyObject {
  if (isPair(key, jwk)) return key
  return refuse("malformed", "private key: expected it to belong to the public key beside it")
}
