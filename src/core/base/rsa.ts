// RSASSA-PKCS1-v1_5 verification (RFC 8017 section 8.2.2) over a ready-made digest. It builds the one
// encoding that may come out and compares all of it, so there is nothing lenient to parse. Leaves out
// PSS and every check of the key's size, which belongs to the caller.
import { pow } from "@noble/curves/abstract/modular.js"
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js"
import { concat, equalBytes } from "./bytes.ts"
import { digestLength, type HashName } from "./digest.ts"
import { parseHex } from "./text.ts"

/** RFC 8017 section 9.2, note 1: the DER of a DigestInfo in front of the digest; NULL is present. */
export const digestInfoPrefix: Readonly<Record<HashName, Uint8Array>> = {
  sha256: parseHex("3031300d060960864801650304020105000420", "DigestInfo"),
  sha384: parseHex("3041300d060960864801650304020205000430", "DigestInfo"),
  sha512: parseHex("3051300d060960864801650304020305000440", "DigestInfo"),
}

const SHORTEST_PADDING = 8

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), or undefined if `length` bytes are too few. */
function encodeEmsa(hash: HashName, digest: Uint8Array, length: number): Uint8Array | undefined {
  const info = concat(digestInfoPrefix[hash], digest)
  const padding = length - info.length - 3
  if (padding < SHORTEST_PADDING) return undefined
  return concat(Uint8Array.of(0, 1), new Uint8Array(padding).fill(0xff), Uint8Array.of(0), info)
}

/**
 * Whether the signature holds. `modulus` and `exponent` are big-endian without leading zeros. False
 * for a signature that is not exactly as long as the modulus or not below it.
 */
export function verifyRsaPkcs1(
  hash: HashName,
  signature: Uint8Array,
  digest: Uint8Array,
  modulus: Uint8Array,
  exponent: Uint8Array,
): boolean {
  if (digest.length !== digestLength[hash] || signature.length !== modulus.length) return false
  const expected = encodeEmsa(hash, digest, modulus.length)
  const n = bytesToNumberBE(modulus)
  const s = bytesToNumberBE(signature)
  // SPEC: RFC 8017 section 5.2.2 step 1: a signature representative is below n.
  if (expected === undefined || s >= n) return false
  return equalBytes(numberToBytesBE(pow(s, bytesToNumberBE(exponent), n), modulus.length), expected)
}
