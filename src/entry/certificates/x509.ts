// One certificate (RFC 5280) taken apart for path building: names, key, dates and what its extensions allow. What
// an extension forbids and nobody here understands makes it unusable. Leaves out revocation lists, policies and
// name constraints: a certificate with name constraints, or with a critical extension that is not known, is unusable.
import { AsnConvert } from "@peculiar/asn1-schema"
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  type Extension,
  KeyUsage,
  KeyUsageFlags,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509"
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse, unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { HashName, KeyType } from "../algorithm.ts"
import { readCertificate, type Validity } from "../certificate.ts"
import { derContents, derElements } from "../der.ts"
import { readPublicKey } from "../public-key.ts"

/** What a certificate's signature is made with: the kind of the issuer's key, and the hash. */
interface CertificateAlgorithm {
  readonly family: "ecdsa" | "rsa" | "ed25519"
  readonly hash: HashName
}

export interface X509 {
  readonly der: Uint8Array
  /** What its issuer has signed. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** Undefined for an algorithm that is not known here, or that is named in two ways. */
  readonly algorithm?: CertificateAlgorithm
  /** Names as the hex of their DER: equal if and only if their bytes are. */
  readonly issuer: string
  readonly subject: string
  readonly keyId?: string
  readonly issuerKeyId?: string
  readonly spki: Uint8Array
  readonly keyType: KeyType
  readonly validity: Validity
  readonly isAuthority: boolean
  /** How many authorities may stand between it and a leaf; any number if it is not there. */
  readonly pathLength?: number
  /** Whether its key may sign certificates, and whether it may sign anything else. */
  readonly mayCertify: boolean
  readonly maySign: boolean
  /** Object identifiers of the extended key usage; undefined if there is none. */
  readonly purposes?: readonly string[]
  /** Why nobody here can say what it allows. */
  readonly obstacle?: string
}

const BASIC_CONSTRAINTS = "2.5.29.19"
const KEY_USAGE = "2.5.29.15"
const EXTENDED_KEY_USAGE = "2.5.29.37"
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
const NAME_CONSTRAINTS = "2.5.29.30"
const SUBJECT_KEY_ID = "2.5.29.14"
const AUTHORITY_KEY_ID = "2.5.29.35"

const understood: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  SUBJECT_ALTERNATIVE_NAME,
  SUBJECT_KEY_ID,
  AUTHORITY_KEY_ID,
])

const algorithms: ReadonlyMap<string, CertificateAlgorithm> = new Map([
  ["1.2.840.10045.4.3.2", { family: "ecdsa", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { family: "ecdsa", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { family: "ecdsa", hash: "sha512" }],
  ["1.2.840.113549.1.1.11", { family: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { family: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { family: "rsa", hash: "sha512" }],
  ["1.3.101.112", { family: "ed25519", hash: "sha512" }],
])

/** The type of an extension's value, as the library has it. */
type ValueType<T> = new () => T

/** An extension's value; undefined if it is not there. Throws for one that cannot be read, as the library does. */
function extensionValue<T>(extensions: readonly Extension[], oid: string, type: ValueType<T>) {
  const found = extensions.find(({ extnID }) => extnID === oid)
  return found && AsnConvert.parse(found.extnValue.buffer, type)
}

function hexOf(buffer: ArrayBuffer): string {
  return formatHex(new Uint8Array(buffer))
}

function readExtensions(extensions: readonly Extension[]) {
  const constraints = extensionValue(extensions, BASIC_CONSTRAINTS, BasicConstraints)
  const usage = extensionValue(extensions, KEY_USAGE, KeyUsage)?.toNumber()
  const purposes = extensionValue(extensions, EXTENDED_KEY_USAGE, ExtendedKeyUsage)
  const keyId = extensionValue(extensions, SUBJECT_KEY_ID, SubjectKeyIdentifier)
  const issuerKeyId = extensionValue(
    extensions,
    AUTHORITY_KEY_ID,
    AuthorityKeyIdentifier,
  )?.keyIdentifier
  const pathLength = constraints?.pathLenConstraint
  const may = (flag: KeyUsageFlags) => usage === undefined || (usage & flag) !== 0
  return {
    isAuthority: constraints?.cA === true,
    ...(pathLength !== undefined && { pathLength }),
    mayCertify: may(KeyUsageFlags.keyCertSign),
    maySign: may(KeyUsageFlags.digitalSignature),
    ...(purposes && { purposes: [...purposes] }),
    ...(keyId && { keyId: hexOf(keyId.buffer) }),
    ...(issuerKeyId && { issuerKeyId: hexOf(issuerKeyId.buffer) }),
  }
}

const nothingAllowed = { isAuthority: false, mayCertify: false, maySign: false }

function obstacleIn(extensions: readonly Extension[]): string | undefined {
  const names = extensions.map(({ extnID }) => extnID)
  // SPEC: RFC 5280 section 4.2: a certificate must not have an extension twice.
  if (new Set(names).size !== names.length) return "an extension is there twice"
  if (names.includes(NAME_CONSTRAINTS)) return "it has name constraints, which are not supported"
  // SPEC: RFC 5280 section 4.2: what has a critical extension that is not understood is refused.
  const unknown = extensions.find(({ critical, extnID }) => critical && !understood.has(extnID))
  return unknown && `its critical extension ${unknown.extnID} is not supported`
}

function allowances(extensions: readonly Extension[]) {
  const obstacle = obstacleIn(extensions)
  if (obstacle !== undefined) return { ...nothingAllowed, obstacle }
  try {
    return readExtensions(extensions)
  } catch {
    return { ...nothingAllowed, obstacle: "one of its extensions cannot be read" }
  }
}

const SEQUENCE = 0x30
const BIT_STRING = 0x03
const VERSION = 0xa0

/** The parts that are compared and verified as bytes: what the library makes of them could differ. */
function partsOf(der: Uint8Array) {
  const [signed, outer, bits] = derElements(der) ?? []
  const inside = (signed && derElements(signed)) ?? []
  const fields = inside[0]?.[0] === VERSION ? inside.slice(1) : inside
  const [, inner, issuer, , subject] = fields
  const signature = bits && derContents(bits, BIT_STRING)
  // The first byte of a bit string says how many bits of the last one do not count.
  if (!(signed && outer && inner && issuer && subject && signature?.[0] === 0)) return undefined
  // The library takes elements of any tag in these places.
  if (![der, signed, outer, issuer, subject].every(([tag]) => tag === SEQUENCE)) return undefined
  // SPEC: RFC 5280 section 4.1.1.2: both places name the same algorithm.
  const isOneAlgorithm = equalBytes(inner, outer)
  return { signed, issuer, subject, signature: signature.subarray(1), isOneAlgorithm }
}

function parseCertificate(der: Uint8Array): Certificate {
  try {
    return AsnConvert.parse(der, Certificate)
  } catch (cause) {
    return refuse("malformed", "certificate: expected X.509 in DER, found other bytes", { cause })
  }
}

/**
 * Reads a certificate from DER. Refuses `too-large` above 16 KB, `malformed`, and `unsupported` for a key that no
 * algorithm here uses.
 */
export function readX509(der: Uint8Array): X509 {
  const { spki, validity } = readCertificate(der)
  const certificate = parseCertificate(der)
  const parts = partsOf(der)
  if (parts === undefined) {
    return refuse("malformed", "certificate: expected the parts of X.509, found others")
  }
  const algorithm = algorithms.get(certificate.signatureAlgorithm.algorithm)
  return {
    der,
    signed: parts.signed,
    signature: parts.signature,
    ...(algorithm && parts.isOneAlgorithm && { algorithm }),
    issuer: formatHex(parts.issuer),
    subject: formatHex(parts.subject),
    spki,
    keyType: readPublicKey(spki, "public key of the certificate").type,
    validity,
    ...allowances(certificate.tbsCertificate.extensions ?? []),
  }
}

/** As {@link readX509}; undefined for what it refuses. */
export function tryX509(der: Uint8Array): X509 | undefined {
  return unlessRefused(() => readX509(der))
}
