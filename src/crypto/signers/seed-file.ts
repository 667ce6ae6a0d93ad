// The text of a file that holds the seed of an ML-DSA-44 key, which node:crypto cannot write as PKCS#8 yet:
// plain, or sealed by a passphrase with scrypt and AES-256-GCM.
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto"
import { concat } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatBase64, parseBase64 } from "../../core/base/text.ts"

export const SEED_SIZE = 32

const PLAIN = "countersign-seed/v1 ml-dsa-44"
const SEALED = "countersign-seed/v1 ml-dsa-44 scrypt aes-256-gcm"
const CIPHER = "aes-256-gcm"
const SALT_SIZE = 16
const NONCE_SIZE = 12
const TAG_SIZE = 16
/** Takes 64 MB and some 0.2 s for each guess at the passphrase. */
const COST = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 }

function keyOf(passphrase: string, salt: Uint8Array): Buffer {
  return scryptSync(passphrase, salt, 32, COST)
}

/** The file's text; with a passphrase nobody reads the seed from it without that. */
export function formatSeedFile(seed: Uint8Array, passphrase: string | undefined): string {
  if (passphrase === undefined) return `${PLAIN}\n${formatBase64(seed)}\n`
  const salt = randomBytes(SALT_SIZE)
  const nonce = randomBytes(NONCE_SIZE)
  const cipher = createCipheriv(CIPHER, keyOf(passphrase, salt), nonce)
  cipher.setAAD(Buffer.from(SEALED))
  const hidden = concat(cipher.update(seed), cipher.final())
  return `${SEALED}\n${formatBase64(concat(salt, nonce, hidden, cipher.getAuthTag()))}\n`
}

function unseal(sealed: Uint8Array, passphrase: string | undefined): Uint8Array {
  if (passphrase === undefined) refuse("untrusted", "seed file: expected a passphrase, found none")
  if (sealed.length !== SALT_SIZE + NONCE_SIZE + SEED_SIZE + TAG_SIZE) {
    refuse("malformed", `seed file: expected a sealed seed, found ${sealed.length} bytes`)
  }
  const nonceAt = SALT_SIZE + NONCE_SIZE
  const key = keyOf(passphrase, sealed.subarray(0, SALT_SIZE))
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(SALT_SIZE, nonceAt))
  decipher.setAAD(Buffer.from(SEALED))
  decipher.setAuthTag(sealed.subarray(-TAG_SIZE))
  try {
    return concat(decipher.update(sealed.subarray(nonceAt, -TAG_SIZE)), decipher.final())
  } catch (cause) {
    return refuse("untrusted", "seed file: expected the right passphrase, found another", { cause })
  }
}

/** The seed; refuses `malformed`, and `untrusted` without the right passphrase. */
export function parseSeedFile(text: string, passphrase: string | undefined): Uint8Array {
  const [header, body = "", ...rest] = text.split("\n")
  if ((header === PLAIN || header === SEALED) && rest.join("\n") === "") {
    const bytes = parseBase64(body, "seed file")
    const seed = header === SEALED ? unseal(bytes, passphrase) : bytes
    if (seed.length === SEED_SIZE) return seed
  }
  return refuse("malformed", "seed file: expected the seed of an ML-DSA-44 key, found other text")
}
