// Why an RSA signature does not hold (RFC 8017): what one exponentiation brings back of it says which padding, which hash
// and sometimes which digest it was made with. For words only: nothing is accepted by what is found here.
import { pow } from "@noble/curves/abstract/modular.js"
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js"
import { concat, equalBytes, u32 } from "./bytes.ts"
import { digestLength, digestOf, type HashName, hashNames } from "./digest.ts"
import { digestInfoPrefix } from "./rsa.ts"
import { formatHex, parseHex } from "./text.ts"

interface RsaKey {
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
}

const otherPrefixes: readonly (readonly [string, Uint8Array])[] = [
  ["sha1", parseHex("3021300906052b0e03021a05000414", "DigestInfo")],
  ["md5", parseHex("3020300c06082a864886f70d020505000410", "DigestInfo")],
  ...hashNames.map((name) => [name, digestInfoPrefix[name]] as const),
]

function recovered(signature: Uint8Array, { modulus, exponent }: RsaKey): Uint8Array | undefined {
  const [n, s] = [bytesToNumberBE(modulus), bytesToNumberBE(signature)]
  if (s >= n) return undefined
  return numberToBytesBE(pow(s, bytesToNumberBE(exponent), n), modulus.length)
}

/** What stands behind the padding of PKCS#1 v1.5; undefined for another padding. */
function behindPadding(encoded: Uint8Array): Uint8Array | undefined {
  if (encoded[0] !== 0 || encoded[1] !== 1) return undefined
  const end = encoded.indexOf(0, 2)
  const isPadding = end > 9 && encoded.subarray(2, end).every((byte) => byte === 0xff)
  return isPadding ? encoded.subarray(end + 1) : undefined
}

function pkcs1Finding(info: Uint8Array, hash: HashName, digest: Uint8Array): string | undefined {
  if (equalBytes(info, digest)) {
    return `it was made over the bare digest, without the name of its hash; openssl pkeyutl needs -pkeyopt digest:${hash}`
  }
  const found = otherPrefixes.find(([, prefix]) =>
    equalBytes(info.subarray(0, prefix.length), prefix),
  )
  if (found === undefined) return undefined
  const [name, prefix] = found
  if (name !== hash) return `it was made over a ${name} digest, expected ${hash}`
  const other = formatHex(info.subarray(prefix.length))
  return `it is a signature by this key over another digest, ${name}:${other}`
}

const TRAILER = 0xbc

/** MGF1 (RFC 8017, appendix B.2.1). */
function mask(hash: HashName, seed: Uint8Array, length: number): Uint8Array {
  const count = Math.ceil(length / digestLength[hash])
  const parts = Array.from({ length: count }, (_, i) => digestOf(hash, concat(seed, u32(i))))
  return concat(...parts).subarray(0, length)
}

/** Whether it is EMSA-PSS (RFC 8017 section 9.1) of this digest, with a salt of any length. */
function isPss(encoded: Uint8Array, hash: HashName, digest: Uint8Array): boolean {
  const size = digestLength[hash]
  if (encoded.at(-1) !== TRAILER || digest.length !== size) return false
  const end = encoded.length - size - 1
  const tag = encoded.subarray(end, -1)
  const masked = encoded.subarray(0, end)
  const block = mask(hash, tag, end).map((byte, i) => byte ^ (masked[i] as number))
  // The top bit is cleared, as the encoding is one bit shorter than the modulus.
  block[0] = (block[0] as number) & 0x7f
  const one = block.findIndex((byte) => byte !== 0)
  if (one < 0 || block[one] !== 1) return false
  const salt = block.subarray(one + 1)
  return equalBytes(digestOf(hash, concat(new Uint8Array(8), digest, salt)), tag)
}

/** The end of a sentence, or undefined if nothing is found; one exponentiation, up to 2 ms with RSA-4096. */
export function rsaFinding(
  key: RsaKey,
  signature: Uint8Array,
  hash: HashName,
  digest: Uint8Array,
): string | undefined {
  const encoded = recovered(signature, key)
  if (encoded === undefined) return undefined
  const info = behindPadding(encoded)
  if (info !== undefined) return pkcs1Finding(info, hash, digest)
  return isPss(encoded, hash, digest)
    ? "it is RSA-PSS, expected PKCS#1 v1.5, as openssl dgst -sign makes it"
    : undefined
}
