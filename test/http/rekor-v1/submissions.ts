// Submissions to both Rekor APIs that hold, made anew for each artifact, for tests that take them apart.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import { Certificate, Extension } from "@peculiar/asn1-x509"
import { dssePae } from "../../../src/entry/dsse.ts"
import { ecdsaCertificate } from "../../entry/certificates.ts"

interface SigningKey {
  readonly privateKey: KeyObject
  /** Base64 of SPKI. */
  readonly spki: string
  /** PEM with 64 columns and a final line feed. */
  readonly pem: string
}

export function newKey(namedCurve = "P-256"): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve })
  const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64")
  return { privateKey, spki, pem: publicKey.export({ type: "spki", format: "pem" }) as string }
}

const key = newKey()
export const publicKeySpki = key.spki
export const publicKeyPem = key.pem

export function base64(text: string | Uint8Array): string {
  return Buffer.from(text as string).toString("base64")
}

function digestOf(artifact: string): Buffer {
  return createHash("sha256").update(artifact).digest()
}

function signatureOf(message: string | Uint8Array): string {
  return sign("sha256", Buffer.from(message as string), key.privateKey).toString("base64")
}

const P256 = "PKIX_ECDSA_P256_SHA_256"
const verifier = { publicKey: { rawBytes: key.spki }, keyDetails: P256 }

export function hashedrekordV2(artifact: string) {
  const signature = { content: signatureOf(artifact), verifier }
  return { hashedRekordRequestV002: { digest: digestOf(artifact).toString("base64"), signature } }
}

export function hashedrekordV1(artifact: string) {
  const hash = { algorithm: "sha256", value: digestOf(artifact).toString("hex") }
  const signature = {
    content: signatureOf(artifact),
    publicKey: { content: base64(key.pem) },
  }
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec: { data: { hash }, signature } }
}

const IN_TOTO = "application/vnd.in-toto+json"

export function envelopeOf(payload: string, payloadType = IN_TOTO) {
  const sig = signatureOf(dssePae(payloadType, Buffer.from(payload)))
  return { payload: base64(payload), payloadType, signatures: [{ sig }] }
}

export function dsseV2(payload: string) {
  return { dsseRequestV002: { envelope: envelopeOf(payload), verifiers: [verifier] } }
}

export function dsseV1(payload: string, envelope: object = envelopeOf(payload)) {
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers: [base64(key.pem)] }
  // cosign sends the null.
  return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent, signatures: null } }
}

export function intotoV1(payload: string) {
  const envelope = envelopeOf(payload)
  const sig = base64(envelope.signatures[0]?.sig ?? "")
  const sha256 = (text: string) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(text).digest("hex"),
  })
  const content = {
    envelope: {
      payloadType: envelope.payloadType,
      payload: base64(envelope.payload),
      signatures: [{ sig, publicKey: base64(key.pem) }],
    },
    hash: sha256(JSON.stringify(envelope)),
    payloadHash: sha256(payload),
  }
  return { apiVersion: "0.0.2", kind: "intoto", spec: { content } }
}

/** An envelope with so many signatures, none of which holds. */
export function envelopeWith(signatures: number) {
  const many = Array.from({ length: signatures }, (_, i) => ({ sig: base64(`signature ${i}`) }))
  return { ...envelopeOf("{}"), signatures: many }
}

/** A certificate (DER) with an extension of so many bytes; its own signature does not hold. */
export function certificateWith(extensionBytes: number): Buffer {
  const certificate = AsnConvert.parse(Buffer.from(ecdsaCertificate, "base64"), Certificate)
  const value = new OctetString(new Uint8Array(extensionBytes).buffer)
  const extension = new Extension({ extnID: "1.3.6.1.4.1.99999.1", extnValue: value })
  certificate.tbsCertificate.extensions?.push(extension)
  return Buffer.from(AsnConvert.serialize(certificate))
}

export function pemOf(label: string, der: Uint8Array, columns = 64): string {
  const lines = base64(der).match(new RegExp(`.{1,${columns}}`, "g")) ?? []
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`
}

/** The value at a path of member names replaced; undefined takes it out. */
export function changed(value: unknown, path: string, replacement: unknown): object {
  const [name = "", ...rest] = path.split(".")
  const members: Readonly<Record<string, unknown>> = { ...(value as object) }
  const inner =
    rest.length === 0 ? replacement : changed(members[name], rest.join("."), replacement)
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === name ? inner : item))
  return { ...members, [name]: inner }
}
