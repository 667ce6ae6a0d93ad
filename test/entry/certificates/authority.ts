// A certificate authority for tests: roots, intermediates and leaves with real signatures by node:crypto, of any key
// type, with whatever is to be wrong about them.
import { createHash, randomBytes, sign } from "node:crypto"
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import type { HashName, KeyType } from "../../../src/entry/algorithm.ts"
import { makeSigner, type Signer } from "../signers.ts"

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

/** A key with the name under which it issues. */
export interface Issuer {
  readonly name: string
  readonly signer: Signer
}

export interface IssuerCertificate extends Issuer {
  readonly der: Uint8Array
}

export interface Wanted {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly pathLength?: number
  readonly isAuthority?: boolean
  readonly usage?: number
  readonly purposes?: readonly string[]
  /** By the last number of Fulcio's object identifier; from 8 on as DER. */
  readonly fields?: Readonly<Record<number, string>>
  readonly more?: readonly Extension[]
  /** Extensions that are made from the rest of what is signed, as a log's promise is (RFC 6962). */
  readonly promised?: (signed: Uint8Array) => readonly Extension[]
  /** What it is signed over; `sha1` is supported nowhere. */
  readonly hash?: HashName | "sha1"
}

export interface WantedLeaf extends Wanted {
  readonly uri?: string
  readonly oidcIssuer?: string
}

function extension(oid: string, value: Uint8Array | ArrayBuffer, critical = false): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(value) })
}

/** An extension with any value. */
export const madeExtension = extension

function named(name: string): Name {
  const value = new AttributeValue({ utf8String: name })
  const attribute = new AttributeTypeAndValue({ type: "2.5.4.3", value })
  return new Name([new RelativeDistinguishedName([attribute])])
}

/** Whom a certificate is for. */
type Subject = Pick<Signer, "spki">

function keyIdOf({ spki }: Subject): Uint8Array {
  return Uint8Array.from(createHash("sha1").update(spki).digest())
}

const signatureOids: Readonly<Record<string, string>> = {
  "ecdsa sha1": "1.2.840.10045.4.1",
  "ecdsa sha256": "1.2.840.10045.4.3.2",
  "ecdsa sha384": "1.2.840.10045.4.3.3",
  "ecdsa sha512": "1.2.840.10045.4.3.4",
  "rsa sha256": "1.2.840.113549.1.1.11",
  "rsa sha384": "1.2.840.113549.1.1.12",
  "rsa sha512": "1.2.840.113549.1.1.13",
}

function algorithmOf({ keyType }: Signer, hash: HashName | "sha1"): AlgorithmIdentifier {
  if (keyType === "ed25519") return new AlgorithmIdentifier({ algorithm: "1.3.101.112" })
  const family = keyType.startsWith("rsa") ? "rsa" : "ecdsa"
  const algorithm = signatureOids[`${family} ${hash}`] as string
  const parameters = family === "rsa" ? Uint8Array.of(5, 0).buffer : undefined
  return new AlgorithmIdentifier({ algorithm, ...(parameters && { parameters }) })
}

function fieldExtension(last: number, text: string): Extension {
  const bytes = utf8(text)
  const length = bytes.length < 0x80 ? [bytes.length] : [0x81, bytes.length]
  const value = last < 8 ? bytes : concat(Uint8Array.of(0x0c, ...length), bytes)
  return extension(`1.3.6.1.4.1.57264.1.${last}`, value)
}

function extensionsOf(subject: Subject, issuer: Signer, wanted: Wanted): Extension[] {
  const { isAuthority = false, pathLength, fields = {}, more = [] } = wanted
  const usage =
    wanted.usage ?? (isAuthority ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature)
  const constraints = new BasicConstraints({
    cA: isAuthority,
    ...(pathLength !== undefined && { pathLenConstraint: pathLength }),
  })
  const keyIdentifier = new KeyIdentifier(keyIdOf(issuer))
  const purposes = wanted.purposes ?? (isAuthority ? [] : [CODE_SIGNING])
  return [
    extension("2.5.29.19", AsnConvert.serialize(constraints), true),
    extension("2.5.29.15", AsnConvert.serialize(new KeyUsage(usage)), true),
    ...(purposes.length === 0
      ? []
      : [extension("2.5.29.37", AsnConvert.serialize(new ExtendedKeyUsage([...purposes])))]),
    extension("2.5.29.14", AsnConvert.serialize(new SubjectKeyIdentifier(keyIdOf(subject)))),
    extension("2.5.29.35", AsnConvert.serialize(new AuthorityKeyIdentifier({ keyIdentifier }))),
    ...Object.entries(fields).map(([last, text]) => fieldExtension(Number(last), text)),
    ...more,
  ]
}

/** A certificate for `subject`, signed by the issuer's key under the issuer's name. */
export function issue(issuer: Issuer, name: string, subject: Subject, wanted: Wanted): Uint8Array {
  const { notBefore = new Date(Date.now() - HOUR), hash = "sha256" } = wanted
  const notAfter = wanted.notAfter ?? new Date(notBefore.getTime() + YEAR)
  const signature = algorithmOf(issuer.signer, hash)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: Uint8Array.of(1, ...randomBytes(15)).buffer,
    signature,
    issuer: named(issuer.name),
    validity: new Validity({ notBefore, notAfter }),
    subject: name === "" ? new Name([]) : named(name),
    subjectPublicKeyInfo: AsnConvert.parse(subject.spki, SubjectPublicKeyInfo),
    extensions: new Extensions(extensionsOf(subject, issuer.signer, wanted)),
  })
  if (wanted.promised !== undefined) {
    const rest = new Uint8Array(AsnConvert.serialize(tbsCertificate))
    tbsCertificate.extensions?.push(...wanted.promised(rest))
  }
  const tbs = Buffer.from(AsnConvert.serialize(tbsCertificate))
  const digest = issuer.signer.keyType === "ed25519" ? null : hash
  const signed = sign(digest, tbs, issuer.signer.privateKey)
  const signatureValue = Uint8Array.from(signed).buffer
  const whole = { tbsCertificate, signatureAlgorithm: signature, signatureValue }
  return new Uint8Array(AsnConvert.serialize(new Certificate(whole)))
}

export function makeRoot(
  name: string,
  keyType: KeyType = "ecdsa-p256",
  wanted: Wanted = {},
): IssuerCertificate {
  const signer = makeSigner(keyType)
  const der = issue({ name, signer }, name, signer, { isAuthority: true, ...wanted })
  return { name, signer, der }
}

export function makeIntermediate(
  issuer: Issuer,
  name: string,
  keyType: KeyType = "ecdsa-p256",
  wanted: Wanted = {},
): IssuerCertificate {
  const signer = makeSigner(keyType)
  return { name, signer, der: issue(issuer, name, signer, { isAuthority: true, ...wanted }) }
}

/** A leaf as Fulcio makes them: ten minutes, no name of its own, a URI, an issuer in both forms. */
export function makeLeaf(issuer: Issuer, subject: Signer, wanted: WantedLeaf = {}): Uint8Array {
  const { uri = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1" } = wanted
  const { oidcIssuer = "https://token.actions.githubusercontent.com", notBefore } = wanted
  const begin = notBefore ?? new Date(Date.now() - 60_000)
  const names = new SubjectAlternativeName([new GeneralName({ uniformResourceIdentifier: uri })])
  const more = [extension("2.5.29.17", AsnConvert.serialize(names), true), ...(wanted.more ?? [])]
  return issue(issuer, "", subject, {
    notAfter: new Date(begin.getTime() + 600_000),
    ...wanted,
    notBefore: begin,
    fields: { 1: oidcIssuer, 8: oidcIssuer, ...wanted.fields },
    more,
  })
}

/** The same bytes with one of them, inside of `needle`, changed: what rewrites a name and keeps the signature. */
export function rewritten(der: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(der).toString("latin1")
  if (from.length !== to.length || !text.includes(from)) throw new Error(`no ${from} to rewrite`)
  return Uint8Array.from(Buffer.from(text.replaceAll(from, to), "latin1"))
}

export function pemOf(...ders: readonly Uint8Array[]): string {
  const blocks = ders.map((der) => {
    const lines = Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd()
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
  })
  return blocks.join("")
}
