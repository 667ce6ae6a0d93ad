// A certificate (RFC 5280) taken apart as far as readers of a leaf need it: its key, its dates, its extensions with their
// values unread, and whom it names (section 4.2.1.6; Fulcio, "OID information"). Strict DER; dates only in the two forms
// of section 4.1.2.5. Of issuer, subject, algorithms and the signature it holds the form alone (certificates/x509.ts
// reads them). Verifies nothing; a name that cannot be read is left out. Leaves out IP addresses as names.
import { equalBytes, parseUtf8 } from "../core/base/bytes.ts"
import { assertAtMost, refuse, unlessRefused } from "../core/base/errors.ts"
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
  date.setUTCHours(hours, minutes, seconds)
  // The 32nd of a month would become a day of the next one.
  const isThere =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hours &&
    date.getUTCMinutes() === minutes &&
    date.getUTCSeconds() === seconds
  return isThere ? date.getTime() / 1000 : malformed()
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

export interface CertificateNames {
  /** Email addresses, URIs, DNS names and Fulcio user names, in lower case. */
  readonly identities: readonly string[]
  /** The same as they are written, if not all of them are in lower case. */
  readonly written?: readonly string[]
  /** The OpenID Connect issuer that vouched for the identity. */
  readonly issuer?: string
  /** A name or an issuer cannot be read, is there twice, or is another one in the older form: it may be any. */
  readonly isUnreadable?: true
}

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
const FULCIO_USER_NAME = "1.3.6.1.4.1.57264.1.7"
const FULCIO_ISSUER = "1.3.6.1.4.1.57264.1.8"
/** The older form: plain text where DER should be. */
const FULCIO_ISSUER_PLAIN = "1.3.6.1.4.1.57264.1.1"
const UTF8_STRING = 0x0c
const EXPLICIT_VALUE = 0xa0
const OTHER_NAME = 0xa0
/** `rfc822Name`, `dNSName` and `uniformResourceIdentifier`. */
const TEXTUAL: ReadonlySet<number> = new Set([0x81, 0x82, 0x86])
/** X.400 and directory names, parties of EDI, IP addresses and object identifiers. */
const NAMELESS: ReadonlySet<number> = new Set([0xa3, 0xa4, 0xa5, 0x87, 0x88])

function readUtf8(bytes: Uint8Array): string | undefined {
  return unlessRefused(() => parseUtf8(bytes, "name"))
}

function utf8String(der: Uint8Array): string | undefined {
  const bytes = derContents(der, UTF8_STRING)
  return bytes && readUtf8(bytes)
}

/** A name of a form of its own, which Fulcio has for users without an email address or a URI. */
function otherNameText(name: Uint8Array): string | undefined {
  const [oid, value, ...others] = derElements(name) ?? []
  const type = objectIdentifier(oid)
  const [text, ...more] = (value?.[0] === EXPLICIT_VALUE && derElements(value)) || []
  if (type === undefined || text === undefined || others.length + more.length > 0) return undefined
  return type === FULCIO_USER_NAME ? utf8String(text) : ""
}

/** Undefined for a name that cannot be read; empty for one of a form that names nobody here. */
function nameText(name: Uint8Array): string | undefined {
  const tag = name[0] as number
  if (tag === OTHER_NAME) return otherNameText(name)
  if (NAMELESS.has(tag)) return ""
  const contents = TEXTUAL.has(tag) ? derContents(name, tag) : undefined
  // SPEC: RFC 5280 section 4.2.1.6: an IA5String, so ASCII; other bytes are different names to different readers.
  return contents?.every((byte) => byte < 0x80) ? latin1(contents) : undefined
}

interface Read<T> {
  readonly value?: T
  readonly isUnreadable: boolean
}

function readNames(values: readonly Uint8Array[]): Read<readonly string[]> {
  const [first, ...others] = values
  if (first === undefined) return { isUnreadable: false }
  const names = first[0] === SEQUENCE ? derElements(first) : undefined
  const texts = Array.from(names ?? [], nameText)
  const isUnreadable = names === undefined || others.length > 0 || texts.includes(undefined)
  const value = texts.filter((text) => text !== undefined).filter((text) => text !== "")
  return { value, isUnreadable }
}

function readIssuer(wrapped: readonly Uint8Array[], plain: readonly Uint8Array[]): Read<string> {
  const [first] = wrapped
  const [older] = plain
  const newest = first && utf8String(first)
  const oldest = older && readUtf8(older)
  const value = newest ?? oldest
  const isUnreadable =
    (first !== undefined && newest === undefined) ||
    (older !== undefined && oldest === undefined) ||
    wrapped.length > 1 ||
    plain.length > 1 ||
    // Some readers take the one and some the other.
    (newest !== undefined && oldest !== undefined && newest !== oldest)
  return { ...(value !== undefined && { value }), isUnreadable }
}

/** Of a certificate's extensions. Never throws; a name that cannot be read is left out. */
export function namesIn(extensions: readonly CertificateExtension[]): CertificateNames {
  const valuesOf = (wanted: string) =>
    extensions.filter(({ oid }) => oid === wanted).map(({ value }) => value)
  const names = readNames(valuesOf(SUBJECT_ALTERNATIVE_NAME))
  const issuer = readIssuer(valuesOf(FULCIO_ISSUER), valuesOf(FULCIO_ISSUER_PLAIN))
  const written = names.value ?? []
  const identities = written.map((text) => text.toLowerCase())
  const isLowerCase = written.every((text, i) => text === identities[i])
  return {
    identities,
    ...(!isLowerCase && { written }),
    ...(issuer.value !== undefined && { issuer: issuer.value }),
    ...((names.isUnreadable || issuer.isUnreadable) && { isUnreadable: true }),
  }
}
