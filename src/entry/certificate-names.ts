// Whom a certificate names: its subject alternative names (RFC 5280 section 4.2.1.6) and, for Sigstore's
// own certificates, who vouched for them (Fulcio, "OID information"). Only for finding entries: nothing
// is verified, and what cannot be read is left out. Leaves out IP addresses and the subject's own name.
import { AsnConvert } from "@peculiar/asn1-schema"
import { type Certificate, type GeneralName, SubjectAlternativeName } from "@peculiar/asn1-x509"
import { parseUtf8 } from "../core/base/bytes.ts"
import { derContents } from "./der.ts"

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

/** Undefined where `read` throws: the library says so in many ways that a byte is wrong. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function utf8String(der: Uint8Array): string | undefined {
  const bytes = derContents(der, UTF8_STRING)
  return bytes && attempt(() => parseUtf8(bytes, "name"))
}

/** Undefined for a name that cannot be read; empty for one of a form that names nobody here. */
function nameText(name: GeneralName): string | undefined {
  const { otherName } = name
  if (otherName?.typeId === FULCIO_USER_NAME) return utf8String(new Uint8Array(otherName.value))
  return name.rfc822Name ?? name.uniformResourceIdentifier ?? name.dNSName ?? ""
}

interface Read<T> {
  readonly value?: T
  readonly isUnreadable: boolean
}

function readNames(values: readonly ArrayBuffer[]): Read<readonly string[]> {
  const [first, ...others] = values
  if (first === undefined) return { isUnreadable: false }
  const names = attempt(() => AsnConvert.parse(first, SubjectAlternativeName))
  const texts = Array.from(names ?? [], nameText)
  const isUnreadable = names === undefined || others.length > 0 || texts.includes(undefined)
  const value = texts.filter((text) => text !== undefined).filter((text) => text !== "")
  return { value, isUnreadable }
}

function readIssuer(wrapped: readonly ArrayBuffer[], plain: readonly ArrayBuffer[]): Read<string> {
  const [first] = wrapped
  const [older] = plain
  const newest = first && utf8String(new Uint8Array(first))
  const oldest = older && attempt(() => parseUtf8(new Uint8Array(older), "issuer"))
  const value = newest ?? oldest
  const isUnreadable =
    (value === undefined && wrapped.length + plain.length > 0) ||
    wrapped.length > 1 ||
    plain.length > 1 ||
    // Some readers take the one and some the other.
    (newest !== undefined && oldest !== undefined && newest !== oldest)
  return { ...(value !== undefined && { value }), isUnreadable }
}

/**
 * Never throws; a name that cannot be read is left out.
 *
 * @internal Left out of the declarations, which must not need those of the X.509 library.
 */
export function namesIn({ tbsCertificate }: Certificate): CertificateNames {
  const { extensions = [] } = tbsCertificate
  const valuesOf = (oid: string) =>
    extensions.filter(({ extnID }) => extnID === oid).map(({ extnValue }) => extnValue.buffer)
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
