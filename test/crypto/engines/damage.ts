// Systematic damage to signatures: everything that has been used against verifiers of its algorithm.
import { constants, type KeyObject, privateEncrypt } from "node:crypto"
import { concat } from "../../../src/core/base/bytes.ts"
import { digestInfoPrefix } from "../../../src/core/base/rsa.ts"
import type { Algorithm } from "../../../src/entry/algorithm.ts"
import type { Signer } from "../../entry/signers.ts"

export interface Damage {
  readonly name: string
  readonly signature: Uint8Array
  /** Some changes leave a good signature good; most do not. */
  readonly holds?: true
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = Math.floor(bit / 8) % copy.length
  copy[at] = (copy[at] as number) ^ (1 << (bit % 8))
  return copy
}

function of(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return concat(...parts.map((part) => Uint8Array.from(part)))
}

function bigintOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`)
}

function bytesOf(value: bigint, length?: number): Uint8Array {
  const hex = value.toString(16)
  const width = length === undefined ? hex.length + (hex.length % 2) : 2 * length
  return Uint8Array.from(Buffer.from(hex.padStart(width, "0"), "hex"))
}

const ORDERS: Partial<Record<Algorithm, bigint>> = {
  PKIX_ECDSA_P256_SHA_256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  PKIX_ECDSA_P384_SHA_384:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  PKIX_ECDSA_P521_SHA_512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

function derLength(length: number): readonly number[] {
  return length < 0x80 ? [length] : [0x81, length]
}

function derInteger(contents: Uint8Array): Uint8Array {
  return of([2], derLength(contents.length), contents)
}

function unsigned(value: bigint): Uint8Array {
  const bytes = bytesOf(value)
  return derInteger((bytes[0] as number) >= 0x80 ? of([0], bytes) : bytes)
}

function derSequence(...parts: Uint8Array[]): Uint8Array {
  const contents = concat(...parts)
  return of([0x30], derLength(contents.length), contents)
}

function readDerPair(signature: Uint8Array): readonly [bigint, bigint] {
  const start = signature[1] === 0x81 ? 3 : 2
  const rLength = signature[start + 1] as number
  const r = signature.subarray(start + 2, start + 2 + rLength)
  return [bigintOf(r), bigintOf(signature.subarray(start + 4 + rLength))]
}

function damageEcdsa(signature: Uint8Array, n: bigint): Damage[] {
  const [r, s] = readDerPair(signature)
  const width = bytesOf(n).length
  const pair = (a: bigint, b: bigint) => derSequence(unsigned(a), unsigned(b))
  const isShort = signature[1] !== 0x81
  const longer = isShort
    ? of([0x30, 0x81], signature.subarray(1))
    : of([0x30, 0x82, 0], signature.subarray(2))
  return [
    { name: "r and s as they were", signature: pair(r, s), holds: true },
    { name: "the other s", signature: pair(r, n - s), holds: true },
    { name: "r = 0", signature: pair(0n, s) },
    { name: "s = 0", signature: pair(r, 0n) },
    { name: "both 0", signature: pair(0n, 0n) },
    { name: "r = n", signature: pair(n, s) },
    { name: "s = n", signature: pair(r, n) },
    { name: "r + n", signature: pair(r + n, s) },
    { name: "s + n", signature: pair(r, s + n) },
    { name: "r = s = 1", signature: pair(1n, 1n) },
    { name: "r and s exchanged", signature: pair(s, r) },
    { name: "p1363", signature: of(bytesOf(r, width), bytesOf(s, width)) },
    {
      name: "a zero before r",
      signature: derSequence(of([2], derLength(width + 2), [0, 0], bytesOf(r, width)), unsigned(s)),
    },
    {
      name: "a zero before s",
      signature: derSequence(unsigned(r), of([2], derLength(width + 2), [0, 0], bytesOf(s, width))),
    },
    {
      name: "negative r",
      signature: derSequence(
        derInteger(bytesOf(r | (1n << BigInt(8 * width - 1)), width)),
        unsigned(s),
      ),
    },
    { name: "an empty r", signature: derSequence(of([2, 0]), unsigned(s)) },
    { name: "a third integer", signature: derSequence(unsigned(r), unsigned(s), unsigned(1n)) },
    { name: "r alone", signature: derSequence(unsigned(r)) },
    { name: "a byte behind the sequence", signature: of(signature, [0]) },
    { name: "a length in more bytes than needed", signature: longer },
    { name: "an indefinite length", signature: of([0x30, 0x80], unsigned(r), unsigned(s), [0, 0]) },
    { name: "a set", signature: of([0x31], signature.subarray(1)) },
    {
      name: "the base64 of it",
      signature: new TextEncoder().encode(Buffer.from(signature).toString("base64")),
    },
  ]
}

/** What the private key makes of any encoded message. */
function rawRsa(key: KeyObject, encoded: Uint8Array): Uint8Array {
  return Uint8Array.from(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded))
}

function damageRsa(signature: Uint8Array, key: KeyObject, digest: Uint8Array): Damage[] {
  const length = signature.length
  const modulus = bigintOf(Buffer.from(key.export({ format: "jwk" }).n ?? "", "base64url"))
  const ones = (count: number) => new Uint8Array(count).fill(0xff)
  const info = concat(digestInfoPrefix.sha256, digest)
  const padded = (tail: Uint8Array) => of([0, 1], ones(length - tail.length - 3), [0], tail)
  const forge = (encoded: Uint8Array) => rawRsa(key, encoded)
  const withoutNull = of(
    [0x30, 0x2f, 0x30, 0x0b],
    digestInfoPrefix.sha256.subarray(4, 15),
    [4, 32],
    digest,
  )
  const longLength = of([0x30, 0x81, 0x31], info.subarray(2))
  const trailing = of(info, [0])
  return [
    { name: "the right encoding", signature: forge(padded(info)), holds: true },
    { name: "no NULL in the DigestInfo", signature: forge(padded(withoutNull)) },
    { name: "a length of BER in the DigestInfo", signature: forge(padded(longLength)) },
    { name: "a byte behind the DigestInfo", signature: forge(padded(trailing)) },
    { name: "the digest without DigestInfo", signature: forge(padded(digest)) },
    {
      name: "the name of another hash",
      signature: forge(padded(of(digestInfoPrefix.sha512.subarray(0, 17), [4, 32], digest))),
    },
    {
      name: "SHA-512's prefix",
      signature: forge(padded(of(digestInfoPrefix.sha512, digest, digest))),
    },
    {
      name: "short padding and a tail",
      signature: forge(of([0, 1], ones(8), [0], info, new Uint8Array(length - info.length - 11))),
    },
    { name: "block type 2", signature: forge(of([0, 2], padded(info).subarray(2))) },
    {
      name: "block type 0",
      signature: forge(of([0, 0], new Uint8Array(length - info.length - 2), info)),
    },
    { name: "a wrong byte in the padding", signature: forge(flipped(padded(info), 8 * 40)) },
    { name: "a first byte that is not 0", signature: forge(of([1], padded(info).subarray(1))) },
    { name: "the encoded message itself", signature: padded(info) },
    { name: "0", signature: new Uint8Array(length) },
    { name: "1", signature: bytesOf(1n, length) },
    { name: "n - 1", signature: bytesOf(modulus - 1n, length) },
    { name: "n", signature: bytesOf(modulus, length) },
    { name: "n - s", signature: bytesOf(modulus - bigintOf(signature), length) },
    { name: "a zero in front", signature: of([0], signature) },
    { name: "a zero behind", signature: of(signature, [0]) },
  ]
}

const L = 2n ** 252n + 27742317777372353535851937790883648493n

function damageEd25519(signature: Uint8Array): Damage[] {
  const r = signature.subarray(0, 32)
  const s = bigintOf(signature.slice(32).reverse())
  const withS = (value: bigint) => of(r, bytesOf(value, 32).reverse())
  const withR = (bytes: Uint8Array) => of(bytes, signature.subarray(32))
  const identity = of([1], new Uint8Array(31))
  return [
    { name: "S as it was", signature: withS(s), holds: true },
    { name: "S + L", signature: withS(s + L) },
    { name: "S = 0", signature: withS(0n) },
    { name: "S = L", signature: withS(L) },
    { name: "L - S", signature: withS(L - s) },
    { name: "a small-order R", signature: withR(identity) },
    { name: "R = 0", signature: withR(new Uint8Array(32)) },
    { name: "an R that is not reduced", signature: withR(new Uint8Array(32).fill(255)) },
    { name: "a byte behind", signature: of(signature, [0]) },
    { name: "R alone", signature: r },
  ]
}

function damageAny(signature: Uint8Array): Damage[] {
  const flips = Array.from({ length: 8 }, (_, i) => {
    const bit = Math.floor((i * signature.length * 8) / 8) + i
    return { name: `bit ${bit} flipped`, signature: flipped(signature, bit) }
  })
  return [
    ...flips,
    { name: "no bytes", signature: new Uint8Array(0) },
    { name: "one byte", signature: signature.subarray(0, 1) },
    { name: "half of it", signature: signature.subarray(0, signature.length / 2) },
    { name: "all but a byte", signature: signature.subarray(0, -1) },
    { name: "zeros", signature: new Uint8Array(signature.length) },
    { name: "twice", signature: of(signature, signature) },
  ]
}

/** All damage to one good signature over `digest` (or, for pure Ed25519, a message). */
export function damages(
  signer: Signer,
  algorithm: Algorithm,
  signature: Uint8Array,
  digest: Uint8Array,
): Damage[] {
  const order = ORDERS[algorithm]
  const common = damageAny(signature)
  if (order !== undefined) return [...common, ...damageEcdsa(signature, order)]
  if (signer.keyType === "ed25519") return [...common, ...damageEd25519(signature)]
  return [...common, ...damageRsa(signature, signer.privateKey, digest)]
}
