// Public keys (RFC 5280 SubjectPublicKeyInfo) that may sign entries: ECDSA on three NIST curves, Ed25519
// and RSA in three sizes. Each key has exactly one encoding that is accepted, its DER, so that two
// spellings of one key cannot make two entries. Leaves out certificates (verifier-key.ts).
import { RSAPublicKey } from "@peculiar/asn1-rsa"
import { AsnConvert } from "@peculiar/asn1-schema"
import { AlgorithmIdentifier, SubjectPublicKeyInfo } from "@peculiar/asn1-x509"
import { equalBytes } from "../core/base/bytes.ts"
import { assertAtMost, refuse, shown } from "../core/base/errors.ts"
import { parseSpki } from "../core/base/spki.ts"
import { formatHex } from "../core/base/text.ts"
import { assertDer } from "./der.ts"

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

/** DER of the named curves' object identifiers, in hexadecimal. */
const CURVES: ReadonlySet<string> = new Set([
  "06082a8648ce3d030107",
  "06052b81040022",
  "06052b81040023",
])

function malformed(what: string, expected: string, cause?: unknown): never {
  return refuse("malformed", `${what}: expected ${expected}, found other bytes`, { cause })
}

function unsupported(what: string, found: string): never {
  return refuse("unsupported", `${what}: expected ${SUPPORTED}, found ${found}`)
}

/** Without the sign byte or any other leading zeros. */
function magnitude(integer: ArrayBuffer): Uint8Array {
  const bytes = new Uint8Array(integer)
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array(0) : bytes.slice(first)
}

/** A DER integer's contents: shortest, and with a zero in front of a set top bit. */
function integerContents(value: Uint8Array): ArrayBuffer {
  const pad = (value[0] as number) >= 0x80 ? 1 : 0
  const contents = new Uint8Array(pad + value.length)
  contents.set(value, pad)
  return contents.buffer
}

function encodeRsa(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = new RSAPublicKey({
    modulus: integerContents(modulus),
    publicExponent: integerContents(exponent),
  })
  const spki = new SubjectPublicKeyInfo({
    algorithm: new AlgorithmIdentifier({
      algorithm: RSA_ENCRYPTION,
      parameters: Uint8Array.of(5, 0).buffer,
    }),
    subjectPublicKey: AsnConvert.serialize(key),
  })
  return new Uint8Array(AsnConvert.serialize(spki))
}

function exponentValue(exponent: Uint8Array): number {
  return exponent.reduce((value, byte) => value * 256 + byte, 0)
}

const RSA_TYPES: Readonly<Record<number, RsaPublicKey["type"]>> = {
  2048: "rsa-2048",
  3072: "rsa-3072",
  4096: "rsa-4096",
}

function readRsa(der: Uint8Array, subjectPublicKey: ArrayBuffer, what: string): RsaPublicKey {
  const parsed = parseAsn1(() => AsnConvert.parse(subjectPublicKey, RSAPublicKey), what)
  const modulus = magnitude(parsed.modulus)
  const exponent = magnitude(parsed.publicExponent)
  const isOrdinary = modulus.length > 0 && exponent.length > 0
  if (!isOrdinary || !equalBytes(encodeRsa(modulus, exponent), der)) {
    malformed(what, "the DER of an RSA SubjectPublicKeyInfo")
  }
  const bits = bitsOf(modulus)
  const type = RSA_TYPES[bits] ?? unsupported(what, `an RSA modulus of ${bits} bits`)
  const e = exponentValue(exponent)
  if (e < 65_537 || e > 2 ** 32 || e % 2 === 0) unsupported(what, `the RSA exponent ${e}`)
  return { type, modulus, exponent }
}

function bitsOf(value: Uint8Array): number {
  return value.length * 8 - (Math.clz32(value[0] as number) - 24)
}

function parseAsn1<T>(parse: () => T, what: string): T {
  try {
    return parse()
  } catch (cause) {
    return malformed(what, "ASN.1 of the right form", cause)
  }
}

/** Says why `parseSpki` did not know the key, or reads it as RSA, which `parseSpki` leaves out. */
function readOtherKey(der: Uint8Array, what: string): PublicKey {
  assertDer(der, what)
  const spki = parseAsn1(() => AsnConvert.parse(der, SubjectPublicKeyInfo), what)
  const { algorithm, parameters } = spki.algorithm
  if (algorithm === RSA_ENCRYPTION) return readRsa(der, spki.subjectPublicKey, what)
  if (algorithm === ED25519) malformed(what, "32 bytes and no parameters for Ed25519")
  if (algorithm !== EC_PUBLIC_KEY) unsupported(what, `a key of algorithm ${shown(algorithm)}`)
  const curve = formatHex(new Uint8Array(parameters ?? new ArrayBuffer(0)))
  if (CURVES.has(curve)) malformed(what, "an uncompressed point of the curve's length")
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
