// One certificate (RFC 5280) taken apart for path building: names, key, dates and what its extensions allow. What
// an extension forbids and nobody here understands makes it unusable. Leaves out revocation lists, policies and
// name constraints: a certificate with name constraints, or with a critical extension that is not known, is unusable.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse, unlessRefused } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { HashName, KeyType } from "../algorithm.ts"
import { type CertificateExtension, readCertificate, type Validity } from "../certificate.ts"
import { derBoolean, derContents, derElements, objectIdentifier } from "../der.ts"
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

const BOOLEAN = 0x01
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const VERSION = 0xa0
/** Members of an AuthorityKeyIdentifier: the key's, and the issuer's name with a serial number. */
const KEY_IDENTIFIER = 0x80
const KEY_ID_MEMBERS: ReadonlySet<number> = new Set([KEY_IDENTIFIER, 0xa1, 0x82])

/** In the first byte of a KeyUsage. */
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04

/** Longer paths than this nobody has. */
const LONGEST_PATH_LENGTH = 0x7f

function unreadable(): never {
  return refuse("malformed", "certificate: an extension cannot be read")
}

function sequence(der: Uint8Array): readonly Uint8Array[] {
  return (der[0] === SEQUENCE && derElements(der)) || unreadable()
}

function readPathLength(der: Uint8Array): number {
  const contents = derContents(der, INTEGER)
  const [length = 0xff] = contents ?? []
  return contents?.length === 1 && length <= LONGEST_PATH_LENGTH ? length : unreadable()
}

function readConstraints(der: Uint8Array) {
  const members = [...sequence(der)]
  const isAuthority = members[0]?.[0] === BOOLEAN && derBoolean(members.shift() as Uint8Array)
  const [length, ...others] = members
  if (isAuthority === undefined || others.length > 0) unreadable()
  return { isAuthority, ...(length && { pathLength: readPathLength(length) }) }
}

/** The first byte of a bit string, of which up to seven bits do not count, as it says itself. */
function readUsage(der: Uint8Array): number {
  const [unused = 8, first = 0, ...others] = derContents(der, BIT_STRING) ?? []
  if (unused > 7) unreadable()
  return others.length > 0 ? first : first & (0xff << unused)
}

function readPurposes(der: Uint8Array): readonly string[] {
  return sequence(der).map((each) => objectIdentifier(each) ?? unreadable())
}

function readKeyId(der: Uint8Array): string {
  return formatHex(derContents(der, OCTET_STRING) ?? unreadable())
}

function readIssuerKeyId(der: Uint8Array): string | undefined {
  const members = sequence(der)
  const tags = members.map(([tag]) => tag as number)
  const isFormed =
    tags.every((tag) => KEY_ID_MEMBERS.has(tag)) && new Set(tags).size === tags.length
  if (!isFormed) unreadable()
  const keyId = members.find(([tag]) => tag === KEY_IDENTIFIER)
  return keyId && formatHex(derContents(keyId, KEY_IDENTIFIER) ?? unreadable())
}

function readExtensions(extensions: readonly CertificateExtension[]) {
  const read = <T>(wanted: string, reader: (der: Uint8Array) => T): T | undefined => {
    const found = extensions.find(({ oid }) => oid === wanted)
    return found && reader(found.value)
  }
  const constraints = read(BASIC_CONSTRAINTS, readConstraints) ?? { isAuthority: false }
  const usage = read(KEY_USAGE, readUsage)
  const purposes = read(EXTENDED_KEY_USAGE, readPurposes)
  const keyId = read(SUBJECT_KEY_ID, readKeyId)
  const issuerKeyId = read(AUTHORITY_KEY_ID, readIssuerKeyId)
  const may = (flag: number) => usage === undefined || (usage & flag) !== 0
  return {
    ...constraints,
    mayCertify: may(KEY_CERT_SIGN),
    maySign: may(DIGITAL_SIGNATURE),
    ...(purposes && { purposes }),
    ...(keyId !== undefined && { keyId }),
    ...(issuerKeyId !== undefined && { issuerKeyId }),
  }
}

const nothingAllowed = { isAuthority: false, mayCertify: false, maySign: false }

function obstacleIn(extensions: readonly CertificateExtension[]): string | undefined {
  const names = extensions.map(({ oid }) => oid)
  // SPEC: RFC 5280 section 4.2: a certificate must not have an extension twice.
  if (new Set(names).size !== names.length) return "an extension is there twice"
  if (names.includes(NAME_CONSTRAINTS)) return "it has name constraints, which are not supported"
  // SPEC: RFC 5280 section 4.2: what has a critical extension that is not understood is refused.
  const unknown = extensions.find(({ critical, oid }) => critical && !understood.has(oid))
  return unknown && `its critical extension ${unknown.oid} is not supported`
}

function allowances(extensions: readonly CertificateExtension[]) {
  const obstacle = obstacleIn(extensions)
  if (obstacle !== undefined) return { ...nothingAllowed, obstacle }
  return (
    unlessRefused(() => readExtensions(extensions)) ?? {
      ...nothingAllowed,
      obstacle: "one of its extensions cannot be read",
    }
  )
}

function algorithmOf(identifier: Uint8Array): CertificateAlgorithm | undefined {
  const [oid] = derElements(identifier) ?? []
  return algorithms.get(objectIdentifier(oid) ?? "")
}

/** The parts that are compared and verified as bytes. */
function partsOf(der: Uint8Array) {
  const [signed, outer, bits] = derElements(der) ?? []
  const inside = (signed && derElements(signed)) ?? []
  const fields = inside[0]?.[0] === VERSION ? inside.slice(1) : inside
  const [, inner, issuer, , subject] = fields
  const signature = bits && derContents(bits, BIT_STRING)
  // The first byte of a bit string says how many bits of the last one do not count.
  if (!(signed && outer && inner && issuer && subject && signature?.[0] === 0)) return undefined
  // SPEC: RFC 5280 section 4.1.1.2: both places name the same algorithm.
  const isOneAlgorithm = equalBytes(inner, outer)
  const algorithm = isOneAlgorithm ? algorithmOf(outer) : undefined
  return { signed, issuer, subject, signature: signature.subarray(1), algorithm }
}

/**
 * Reads a certificate from DER. Refuses `too-large` above 16 KB, `malformed`, and `unsupported` for a key that no
 * algorithm here uses.
 */
export function readX509(der: Uint8Array): X509 {
  const { spki, validity, extensions } = readCertificate(der)
  const parts = partsOf(der)
  if (parts === undefined) {
    return refuse("malformed", "certificate: expected the parts of X.509, found others")
  }
  return {
    der,
    signed: parts.signed,
    signature: parts.signature,
    ...(parts.algorithm && { algorithm: parts.algorithm }),
    issuer: formatHex(parts.issuer),
    subject: formatHex(parts.subject),
    spki,
    keyType: readPublicKey(spki, "public key of the certificate").type,
    validity,
    ...allowances(extensions),
  }
}

/** As {@link readX509}; undefined for what it refuses. */
export function tryX509(der: Uint8Array): X509 | undefined {
  return unlessRefused(() => readX509(der))
}
