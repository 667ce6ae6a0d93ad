// Public keys (RFC 5280 SubjectPublicKeyInfo) that may sign entries: ECDSA on three NIST curves, Ed25519
// and RSA in three sizes. Each key has exactly one encoding that is accepted, its DER, so that two
// spellings of one key cannot make two entries. Leaves out certificates (verifier-key.ts).
import { equalBytes } from "../core/base/bytes.ts"
import { assertAtMost, refuse, shown } from "../core/base/errors.ts"
import { parseSpki } from "../core/base/spki.ts"
import { formatHex } from "../core/base/text.ts"
import { assertDer, derContents, derElements, objectIdentifier } from "./der.ts"

/** A public key, taken apart. Integers are big-endian without leading zeros. */
export type PublicKey =
  | { readonly type: "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521"; readonly point: Uint8Array }
  | { readonly type: "ed25519"; readonly point: Uint8Array }
  | {
      readonly type: "rsa-2048" | "rsa-3072" | "rsa-4096"
      readonly modulus: Uint8Array
      readonly exponent: Uint8Array
    }

type RsaPublicKey = Extract<PublicKey, { modulus: Uint8Array }>

/** The longest SubjectPublicKeyInfo that is looked at, in bytes; RSA-4096 needs 550. */
export const LONGEST_SPKI = 2048

const SUPPORTED =
  "ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or 4096 bits with an odd exponent from 65537 to 2^32"

const EC_PUBLIC_KEY = "1.2.840.10045.2.1"
const ED25519 = "1.3.101.112"
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1"

const INTEGER = 0x02
const BIT_STRING = 0x03
const SEQUENCE = 0x30
const NULL = Uint8Array.of(5, 0)

/** DER of the named curves' object identifiers, in hexadecimal. */
const CURVES: ReadonlySet<string> = new Set([
  "06082a8648ce3d030107",
  "06052b81040022",
  "06052b81040023",
])

function malformed(what: string, expected: string): never {
  return refuse("malformed", `${what}: expected ${expected}, found other bytes`)
}

function unsupported(what: string, found: string): never {
  return refuse("unsupported", `${what}: expected ${SUPPORTED}, found ${found}`)
}

/** Contents of a bit string in whole bytes; undefined for any other bytes. */
function bitStringBytes(der: Uint8Array | undefined): Uint8Array | undefined {
  const contents = der && derContents(der, BIT_STRING)
  return contents?.[0] === 0 ? contents.subarray(1) : undefined
}

/** A positive integer in DER without its sign byte; undefined for any other bytes, and other spellings. */
function magnitude(der: Uint8Array | undefined): Uint8Array | undefined {
  const contents = der && derContents(der, INTEGER)
  const [first = 0x80, second = 0] = contents ?? []
  if (first > 0) return first < 0x80 ? contents : undefined
  return second >= 0x80 ? contents?.subarray(1) : undefined
}

function exponentValue(exponent: Uint8Array): number {
  return exponent.reduce((value, byte) => value * 256 + byte, 0)
}

const RSA_TYPES: Readonly<Record<number, RsaPublicKey["type"]>> = {
  2048: "rsa-2048",
  3072: "rsa-3072",
  4096: "rsa-4096",
}

/** Modulus and exponent; undefined for another number of them, and for other spellings. */
function rsaNumbers(subjectPublicKey: Uint8Array | undefined) {
  const [first, second, ...others] = (subjectPublicKey && derElements(subjectPublicKey)) ?? []
  const [modulus, exponent] = [magnitude(first), magnitude(second)]
  const isWhole = subjectPublicKey?.[0] === SEQUENCE && others.length === 0
  return isWhole && modulus && exponent ? { modulus, exponent } : undefined
}

/** SPEC: RFC 8017 appendix A.1: the parameters of an RSA key are NULL. */
function readRsa({ parameters, subjectPublicKey }: SpkiParts, what: string): RsaPublicKey {
  const hasNull = parameters.length === 1 && equalBytes(parameters[0] as Uint8Array, NULL)
  const { modulus, exponent } =
    (hasNull && rsaNumbers(bitStringBytes(subjectPublicKey))) ||
    malformed(what, "the DER of an RSA SubjectPublicKeyInfo")
  const bits = bitsOf(modulus)
  const type = RSA_TYPES[bits] ?? unsupported(what, `an RSA modulus of ${bits} bits`)
  const e = exponentValue(exponent)
  if (e < 65_537 || e > 2 ** 32 || e % 2 === 0) unsupported(what, `the RSA exponent ${e}`)
  return { type, modulus, exponent }
}

function bitsOf(value: Uint8Array): number {
  return value.length * 8 - (Math.clz32(value[0] as number) - 24)
}

interface SpkiParts {
  /** In dotted form. */
  readonly algorithm: string
  /** None or one. */
  readonly parameters: readonly Uint8Array[]
  readonly subjectPublicKey: Uint8Array
}

function spkiParts(der: Uint8Array): SpkiParts | undefined {
  const [identifier, subjectPublicKey, ...others] = derElements(der) ?? []
  const [oid, ...parameters] = (identifier && derElements(identifier)) ?? []
  const isFormed = der[0] === SEQUENCE && identifier?.[0] === SEQUENCE && others.length === 0
  if (!isFormed || subjectPublicKey?.[0] !== BIT_STRING || parameters.length > 1) return undefined
  const algorithm = objectIdentifier(oid)
  return algorithm === undefined ? undefined : { algorithm, parameters, subjectPublicKey }
}

/** Says why `parseSpki` did not know the key, or reads it as RSA, which `parseSpki` leaves out. */
function readOtherKey(der: Uint8Array, what: string): PublicKey {
  assertDer(der, what)
  const parts = spkiParts(der) ?? malformed(what, "ASN.1 of the right form")
  const { algorithm, parameters } = parts
  if (algorithm === RSA_ENCRYPTION) return readRsa(parts, what)
  if (algorithm === ED25519) malformed(what, "32 bytes and no parameters for Ed25519")
  if (algorithm !== EC_PUBLIC_KEY) unsupported(what, `a key of algorithm ${shown(algorithm)}`)
  const [curve] = parameters
  if (curve !== undefined && CURVES.has(formatHex(curve))) {
    malformed(what, "an uncompressed point of the curve's length")
  }
  return unsupported(what, "an elliptic curve that is none of these by name")
}

/**
 * Reads the canonical DER of a SubjectPublicKeyInfo. Refuses `too-large`, `malformed` (including any
 * other spelling of a good key) or `unsupported`. That an EC point is on its curve is not checked:
 * under a point that is not, no signature verifies.
 */
export function readPublicKey(der: Uint8Array, what = "public key"): PublicKey {
  assertAtMost(LONGEST_SPKI, der.length, what, "bytes")
  return parseSpki(der) ?? readOtherKey(der, what)
}
