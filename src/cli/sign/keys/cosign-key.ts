// The encrypted private keys of cosign (cosign.key): PEM around JSON in the format of go-securesystemslib's
// "encrypted", scrypt (RFC 7914) and NaCl's secretbox around a key in PKCS#8. Bounds are checked before anything is
// derived.
import { createPrivateKey, type KeyObject, scryptSync } from "node:crypto"
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { parseUtf8 } from "../../../core/base/bytes.ts"
import { refuse, shown } from "../../../core/base/errors.ts"
import { asBytes, asInteger, asObject, asText, parseJson } from "../../../core/base/json-value.ts"
import { LONGEST_PEM } from "../../../core/base/limits.ts"
import { assertScrypt, SCRYPT_MEMORY } from "../../../crypto/keys/scrypt-cost.ts"
import { refusePassphrase } from "./key-block.ts"

const WHAT = "private key of cosign"
const KEY_SIZE = 32
const NONCE_SIZE = 24
const TAG_SIZE = 16

function assertName(value: unknown, expected: string, what: string): void {
  const found = asText(value, what)
  if (found === expected) return
  refuse("unsupported", `${what}: expected ${shown(expected)}, found ${shown(found)}`)
}

interface Sealed {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number }
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
}

function readSealed(json: Uint8Array): Sealed {
  const value = parseJson(parseUtf8(json, WHAT), WHAT, LONGEST_PEM)
  const { kdf, cipher, ciphertext } = asObject(value, WHAT, ["kdf", "cipher", "ciphertext"])
  const { name, params, salt } = asObject(kdf, `${WHAT}: kdf`, ["name", "params", "salt"])
  assertName(name, "scrypt", `${WHAT}: kdf.name`)
  const box = asObject(cipher, `${WHAT}: cipher`, ["name", "nonce"])
  assertName(box.name, "nacl/secretbox", `${WHAT}: cipher.name`)
  const { N, r, p } = asObject(params, `${WHAT}: kdf.params`, ["N", "r", "p"])
  const sealed = {
    cost: {
      N: asInteger(N, `${WHAT}: N`),
      r: asInteger(r, `${WHAT}: r`),
      p: asInteger(p, `${WHAT}: p`),
    },
    salt: asBytes(salt, `${WHAT}: kdf.salt`),
    nonce: asBytes(box.nonce, `${WHAT}: cipher.nonce`),
    ciphertext: asBytes(ciphertext, `${WHAT}: ciphertext`),
  }
  const lengths = [sealed.nonce.length, sealed.ciphertext.length] as const
  if (lengths[0] !== NONCE_SIZE || lengths[1] <= TAG_SIZE) {
    const expected = `a nonce of ${NONCE_SIZE} bytes and a ciphertext above ${TAG_SIZE}`
    refuse("malformed", `${WHAT}: expected ${expected}, found ${lengths.join(" and ")}`)
  }
  return sealed
}

function unseal({ cost, salt, nonce, ciphertext }: Sealed, passphrase: string): Uint8Array {
  const key = scryptSync(passphrase, salt, KEY_SIZE, { ...cost, maxmem: SCRYPT_MEMORY })
  try {
    return xsalsa20poly1305(new Uint8Array(key), nonce).decrypt(ciphertext)
  } catch (cause) {
    return refusePassphrase(cause)
  }
}

/** `json` is what stands in the PEM block. Refuses as `readPrivateKey` does. */
export function openCosignKey(json: Uint8Array, passphrase: string): KeyObject {
  const sealed = readSealed(json)
  assertScrypt(sealed.cost)
  const der = unseal(sealed, passphrase)
  try {
    return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
  } catch (cause) {
    return refuse("malformed", `${WHAT}: expected PKCS#8 inside, found other bytes`, { cause })
  }
}
