// A certificate (RFC 5280) taken apart as far as readers of a leaf need it: its key, its dates and its extensions
// with their values unread. Strict DER; dates only in the two forms of section 4.1.2.5. Of names, algorithms and the
// signature it holds the form alone (certificates/x509.ts reads them), and says nothing of whether any of it is true.
import { equalBytes } from "../core/base/bytes.ts"
import { assertAtMost, refuse } from "../core/base/errors.ts"
import { assertDer, derBoolean, derContents, derElements, objectIdentifier } from "./der.ts"

/** In Unix seconds, both included. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export interface CertificateExtension {
  /** Object identifier in dotted form. */
  readonly oid: string
  /** Whether a reader that does not understand it must refuse the certificate. */
  readonly critical: boolean
  /** What its OCTET STRING holds, a view. */
  readonly value: Uint8Array
}

interface Certificate {
  /** The key as it stands there, with tag and length, a view. */
  readonly spki: Uint8Array
  readonly validity: Validity
  /** Whether issuer and subject have one name, as roots have it. */
  readonly isSelfIssued: boolean
  readonly extensions: readonly CertificateExtension[]
}

/** The longest certificate that is looked at, in bytes. */
export const LONGEST_CERTIFICATE = 16_384

const BOOLEAN = 0x01
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31
const VERSION = 0xa0
const EXTENSIONS = 0xa3
/** `issuerUniqueID` and `subjectUniqueID`, primitive in DER; other encoders have written them constructed. */
const UNIQUE_IDS: ReadonlySet<number> = new Set([0x81, 0x82, 0xa1, 0xa2])

function malformed(): never {
  return refuse("malformed", "certificate: expected X.509 in DER, found other bytes")
}

function elementsOf(der: Uint8Array | undefined, tag: number): readonly Uint8Array[] {
  return (der?.[0] === tag && derElements(der)) || malformed()
}

// SPEC: RFC 5280 section 4.1.2.5: in UTC, with seconds and without fractions.
const TIMES: ReadonlyMap<number | undefined, RegExp> = new Map([
  [UTC_TIME, /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
  [GENERALIZED_TIME, /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
])

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
}

/** In Unix seconds. */
function readTime(der: Uint8Array | undefined): number {
  const tag = der?.[0]
  const text = der && latin1(derContents(der, tag as number) ?? malformed())
  const digits = TIMES.get(tag)?.exec(text ?? "") ?? malformed()
  const [year = 0, month = 0, ...rest] = digits.slice(1).map(Number)
  // SPEC: RFC 5280 section 4.1.2.5.1: two digits from 50 on are of the last century.
  const century = tag === GENERALIZED_TIME ? 0 : year >= 50 ? 1900 : 2000
  const [day = 0, hours = 0, minutes = 0, seconds = 0] = rest
  const date = new Date(0)
  date.setUTCFullYear(century + year, month - 1, day)
  return Math.floor(date.setUTCHours(hours, minutes, seconds) / 1000)
}

function readValidity(der: Uint8Array | undefined): Validity {
  const [notBefore, notAfter, ...others] = elementsOf(der, SEQUENCE)
  if (others.length > 0) malformed()
  return { notBefore: readTime(notBefore), notAfter: readTime(notAfter) }
}

function readExtension(der: Uint8Array): CertificateExtension {
  const [oid, ...rest] = elementsOf(der, SEQUENCE)
  const flag = rest[0]?.[0] === BOOLEAN ? rest.shift() : undefined
  const [value, ...others] = rest
  if (value === undefined || others.length > 0) malformed()
  return {
    oid: objectIdentifier(oid) ?? malformed(),
    critical: flag !== undefined && (derBoolean(flag) ?? malformed()),
    value: derContents(value, OCTET_STRING) ?? malformed(),
  }
}

function readExtensions(der: Uint8Array | undefined): readonly CertificateExtension[] {
  if (der === undefined) return []
  const [list, ...others] = elementsOf(der, EXTENSIONS)
  if (others.length > 0) malformed()
  return elementsOf(list, SEQUENCE).map(readExtension)
}

function isAlgorithm(der: Uint8Array | undefined): boolean {
  const [oid] = elementsOf(der, SEQUENCE)
  return objectIdentifier(oid) !== undefined
}

function isAttribute(der: Uint8Array): boolean {
  const [oid, value, ...others] = elementsOf(der, SEQUENCE)
  return objectIdentifier(oid) !== undefined && value !== undefined && others.length === 0
}

function isName(der: Uint8Array | undefined): boolean {
  return elementsOf(der, SEQUENCE).every((set) => elementsOf(set, SET).every(isAttribute))
}

/** The part that is signed. */
function readSigned(der: Uint8Array | undefined): Certificate {
  const inside = elementsOf(der, SEQUENCE)
  const fields = inside[0]?.[0] === VERSION ? inside.slice(1) : inside
  const [serial, algorithm, issuer, validity, subject, spki, ...optional] = fields
  const extended = optional.filter(([tag]) => !UNIQUE_IDS.has(tag as number))
  const isFormed = serial?.[0] === INTEGER && isName(issuer) && isName(subject)
  if (!isFormed || !isAlgorithm(algorithm)) malformed()
  if (spki?.[0] !== SEQUENCE || extended.length > 1) malformed()
  return {
    spki,
    validity: readValidity(validity),
    isSelfIssued: equalBytes(issuer as Uint8Array, subject as Uint8Array),
    extensions: readExtensions(extended[0]),
  }
}

/** Refuses `too-large` above 16 KB, and `malformed` for what is not X.509 in DER. Says nothing about its key. */
export function readCertificate(der: Uint8Array): Certificate {
  assertAtMost(LONGEST_CERTIFICATE, der.length, "certificate", "bytes")
  assertDer(der, "certificate")
  const [signed, algorithm, signature, ...others] = elementsOf(der, SEQUENCE)
  const isFormed = isAlgorithm(algorithm) && signature?.[0] === BIT_STRING
  if (!isFormed || others.length > 0) malformed()
  return readSigned(signed)
}
