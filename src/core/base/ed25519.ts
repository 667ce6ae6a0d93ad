// Ed25519 and Ed25519ph of RFC 8032 under one strict rule, the same in server, client and monitor: no
// small-order or non-canonical point, and the equation without cofactor. Leaves out signing.
import { ed25519 } from "@noble/curves/ed25519.js"
import { bytesToNumberLE } from "@noble/curves/utils.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { concat, equalBytes, utf8 } from "./bytes.ts"
import { parseHex } from "./text.ts"

const KEY_SIZE = 32
const SIGNATURE_SIZE = 64

type Point = InstanceType<typeof ed25519.Point>

const BASE = ed25519.Point.BASE
const PRIME = ed25519.Point.Fp.ORDER
const ORDER = ed25519.Point.Fn.ORDER
const SIGN_BIT = 2n ** 255n

/** The y-coordinates of the eight points whose order divides the cofactor. */
const torsionY: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  PRIME - 1n,
  ...[
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  ].map((y) => bytesToNumberLE(parseHex(y, "torsion point"))),
])

/**
 * Whether 32 bytes may be a public key or the R of a signature: y is reduced and not that of a
 * small-order point. Under a small-order key one signature holds for every message. Says nothing
 * about whether the point is on the curve.
 */
export function isStrictPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== KEY_SIZE) return false
  const y = bytesToNumberLE(bytes) % SIGN_BIT
  return y < PRIME && !torsionY.has(y)
}

/** The order is a little above 2^252, so nearly every S is known to be below it by its last byte. */
function isBelowOrder(s: Uint8Array): boolean {
  return (s[KEY_SIZE - 1] as number) < 0x10 || bytesToNumberLE(s) < ORDER
}

/**
 * The strict rule, for engines that hold only the equation: 64 bytes, S below the order of the base point,
 * R and the key strict points. A signature that breaks it holds nowhere, whatever an engine says of it.
 */
export function isStrictSignature(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_SIZE &&
    isBelowOrder(signature.subarray(KEY_SIZE)) &&
    isStrictPoint(signature.subarray(0, KEY_SIZE)) &&
    isStrictPoint(publicKey)
  )
}

function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return ed25519.Point.fromBytes(bytes)
  } catch {
    return undefined
  }
}

function holds(
  signature: Uint8Array,
  domain: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const key = isStrictSignature(signature, publicKey) ? decodePoint(publicKey) : undefined
  if (key === undefined) return false
  const r = signature.subarray(0, KEY_SIZE)
  const s = bytesToNumberLE(signature.subarray(KEY_SIZE))
  const digest = sha512.create().update(domain).update(r).update(publicKey).update(message).digest()
  const k = bytesToNumberLE(digest) % ORDER
  // Without the cofactor, as OpenSSL does: multiplying by 8 would accept more signatures than that.
  const expected = BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k))
  return equalBytes(expected.toBytes(), r)
}

const NO_DOMAIN = new Uint8Array(0)
/** RFC 8032 section 2: dom2(1, "") announces a message that is a SHA-512 digest. */
const PREHASH_DOMAIN = concat(utf8("SigEd25519 no Ed25519 collisions"), Uint8Array.of(1, 0))

/** Whether a 64-byte signature over `message` holds; false for every malformed input. */
export function verifyEd25519(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return holds(signature, NO_DOMAIN, message, publicKey)
}

/** Ed25519ph with an empty context over a ready-made SHA-512 digest; else as {@link verifyEd25519}. */
export function verifyEd25519ph(
  signature: Uint8Array,
  sha512Digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return sha512Digest.length === 64 && holds(signature, PREHASH_DOMAIN, sha512Digest, publicKey)
}
