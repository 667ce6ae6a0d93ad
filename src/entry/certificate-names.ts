// Whom a certificate names: its subject alternative names (RFC 5280 section 4.2.1.6) and, for Sigstore's
// own certificates, who vouched for them (Fulcio, "OID information"). Only for finding entries: nothing
// is verified, and what cannot be read is left out. Leaves out IP addresses and the subject's own name.
import { AsnConvert } from "@peculiar/asn1-schema"
import { Certificate, type GeneralName, SubjectAlternativeName } from "@peculiar/asn1-x509"
import { parseUtf8 } from "../core/bytes.ts"
import { derContents } from "./der.ts"

export interface CertificateNames {
  /** Email addresses, URIs, DNS names and Fulcio user names, in lower case. */
  readonly identities: readonly string[]
  /** The OpenID Connect issuer that vouched for the identity. */
  readonly issuer?: string
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

function nameText(name: GeneralName): string | undefined {
  const { otherName } = name
  if (otherName?.typeId === FULCIO_USER_NAME) return utf8String(new Uint8Array(otherName.value))
  return name.rfc822Name ?? name.uniformResourceIdentifier ?? name.dNSName
}

function identitiesIn(value: ArrayBuffer): readonly string[] {
  const names = attempt(() => AsnConvert.parse(value, SubjectAlternativeName)) ?? []
  return Array.from(names, nameText)
    .filter((text) => text !== undefined)
    .filter((text) => text !== "")
    .map((text) => text.toLowerCase())
}

/** Never throws; a name that cannot be read is left out. */
export function namesIn({ tbsCertificate }: Certificate): CertificateNames {
  const { extensions = [] } = tbsCertificate
  const extension = (oid: string) =>
    extensions.find(({ extnID }) => extnID === oid)?.extnValue.buffer
  const alternative = extension(SUBJECT_ALTERNATIVE_NAME)
  const identities = alternative === undefined ? [] : identitiesIn(alternative)
  const wrapped = extension(FULCIO_ISSUER)
  const plain = extension(FULCIO_ISSUER_PLAIN)
  const issuer =
    (wrapped && utf8String(new Uint8Array(wrapped))) ??
    (plain && attempt(() => parseUtf8(new Uint8Array(plain), "issuer")))
  return issuer === undefined ? { identities } : { identities, issuer }
}

/** The same of DER; a certificate that cannot be read names nobody. */
export function certificateNames(der: Uint8Array): CertificateNames {
  const certificate = attempt(() => AsnConvert.parse(der, Certificate))
  return certificate === undefined ? { identities: [] } : namesIn(certificate)
}
