// Private keys in PEM as OpenSSL and this program write them: PKCS#8 (RFC 5958), SEC 1 (RFC 5915) and PKCS#1 (RFC 8017), with the
// encryption of PKCS#8 (PBES1, PBES2: RFC 8018) and of the older PEM (RFC 1421). What an encrypted key demands of the
// machine is bounded before anything is derived from the passphrase.
import type { KeyObject } from "node:crypto"
import { refuse } from "../../../core/base/errors.ts"
import { formatHex } from "../../../core/base/text.ts"
import { parsePrivateKey } from "../../../crypto/keys/pem-key.ts"
import { assertScrypt } from "../../../crypto/keys/scrypt-cost.ts"
import { derContents, derElements } from "../../../entry/der.ts"
import { refusePassphrase } from "./key-block.ts"

const INTEGER = 0x02
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
/** Twenty times what is recommended today; a few seconds. */
const MOST_ITERATIONS = 10_000_000
/** 1.3.6.1.4.1.11591.4.11, RFC 7914. */
const SCRYPT = "2b06010401da47040b"

/** All elements below an element that are not made of others, as they come. */
function leavesOf(element: Uint8Array): readonly Uint8Array[] {
  const children = derElements(element)
  return children === undefined ? [element] : children.flatMap(leavesOf)
}

function numberOf(element: Uint8Array): number | undefined {
  const contents = derContents(element, INTEGER)
  return contents && Number(BigInt(`0x0${formatHex(contents)}`))
}

function refuseEncrypted(): never {
  const expected = "private key: expected an encrypted PKCS#8 key in DER"
  return refuse("malformed", `${expected}, found other or truncated bytes`)
}

/** Refuses `malformed` for what is no EncryptedPrivateKeyInfo, `too-large` for one that takes too long to open. */
function assertOpenable(der: Uint8Array): void {
  const [algorithm, data, more] = derElements(der) ?? []
  if (algorithm === undefined || data?.[0] !== OCTET_STRING || more !== undefined) refuseEncrypted()
  const leaves = leavesOf(algorithm)
  const numbers = leaves.map(numberOf).filter((it) => it !== undefined)
  const isScrypt = leaves.some((leaf) => {
    const name = derContents(leaf, OBJECT_IDENTIFIER)
    return name !== undefined && formatHex(name) === SCRYPT
  })
  if (isScrypt) {
    const [N = 0, r = 0, p = 0] = numbers
    assertScrypt({ N, r, p })
  } else if (numbers.some((found) => found > MOST_ITERATIONS)) {
    const expected = `up to ${MOST_ITERATIONS} iterations over the passphrase`
    refuse("too-large", `private key: expected ${expected}, found ${Math.max(...numbers)}`)
  }
}

/** Opens one block; `encrypted` is the DER of an encrypted PKCS#8 key. */
export function openPem(
  pem: string,
  passphrase: string | undefined,
  encrypted?: Uint8Array,
): KeyObject {
  if (encrypted !== undefined) assertOpenable(encrypted)
  try {
    return parsePrivateKey(pem, passphrase)
  } catch (cause) {
    if (passphrase !== undefined) refusePassphrase(cause)
    const found = "found other or truncated bytes, or a key of another kind"
    return refuse(
      "malformed",
      `private key: expected a key of ECDSA, Ed25519 or RSA in PEM, ${found}`,
      { cause },
    )
  }
}
