// Holds the two halves of a key pair against each other: a private key with another one's public half would sign what
// nobody can verify.
import { createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from "node:crypto"
import { utf8 } from "../../../core/base/bytes.ts"
import { refuse } from "../../../core/base/errors.ts"

const PROBE = utf8("countersign")

/** Gives the private key back. Refuses `malformed` if `jwk` has another public half. */
export function assertPair(key: KeyObject, jwk: JsonWebKey): KeyObject {
  const { kty, crv, x, y, n, e } = jwk
  const half = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  )
  const publicKey = createPublicKey({ key: half, format: "jwk" })
  const hash = kty === "OKP" ? null : "sha256"
  if (verify(hash, PROBE, publicKey, sign(hash, PROBE, key))) return key
  return refuse("malformed", "private key: expected it to belong to the public key beside it")
}
