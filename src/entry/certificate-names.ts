// Whom a certificate names: its subject alternative names (RFC 5280 section 4.2.1.6) and, for Sigstore's
// own certificates, who vouched for them (Fulcio, "OID information"). Only for finding entries: nothing
// is verified, and what cannot be read is left out. Leaves out IP addresses and the subject's own name.
import { parseUtf8 } from "../core/base/bytes.ts"
import { unlessRefused } from "../core/base/errors.ts"
import type { CertificateExtension } from "./certificate.ts"
import { derContents, derElements, objectIdentifier } from "./der.ts"

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
const SEQUENCE = 0x30
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
  return TEXTUAL.has(tag) ? latin1(derContents(name, tag)) : undefined
}

function latin1(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
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
    (value === undefined && wrapped.length + plain.length > 0) ||
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
