// A timestamp authority (RFC 3161, CMS of RFC 5652) in memory: tokens over any bytes, for any time, with whatever is to
// be wrong about them.
import { createHash, randomBytes, sign } from "node:crypto"
import { AsnConvert } from "@peculiar/asn1-schema"
import { Certificate, ExtendedKeyUsage } from "@peculiar/asn1-x509"
import type { KeyType } from "../../src/entry/algorithm.ts"
import {
  type IssuerCertificate,
  issue,
  madeExtension,
  makeRoot,
} from "../entry/certificates/authority.ts"
import { makeSigner, type Signer } from "../entry/signers.ts"
import {
  CONTEXT_0,
  der,
  derInteger,
  derOid,
  derSet,
  derTime,
  OCTET_STRING,
  SEQUENCE,
} from "./der.ts"

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
const SIGNED_DATA = derOid("1.2.840.113549.1.7.2")
const TIMESTAMP_INFO = derOid("1.2.840.113549.1.9.16.1.4")
const CONTENT_TYPE = derOid("1.2.840.113549.1.9.3")
const MESSAGE_DIGEST = derOid("1.2.840.113549.1.9.4")
const SIGNING_CERTIFICATE_V2 = derOid("1.2.840.113549.1.9.16.2.47")
const POLICY = derOid("1.3.6.1.4.1.57264.2")
const SHA256 = der(SEQUENCE, derOid("2.16.840.1.101.3.4.2.1"))
const ECDSA_SHA256 = der(SEQUENCE, derOid("1.2.840.10045.4.3.2"))
const RSA_SHA512 = der(SEQUENCE, derOid("1.2.840.113549.1.1.13"))

export interface TimestampOptions {
  /** As the request had it. */
  readonly nonce?: Uint8Array
  /** Whether the signer's certificate is in the token; true by default. */
  readonly isEmbedded?: boolean
}

export interface Timestamps {
  /** The signer's certificate first, the root last. */
  readonly chain: readonly Uint8Array[]
  /** A whole TimeStampResp, as bundles have it. */
  timestamp(message: Uint8Array, at: Date, options?: TimestampOptions): Uint8Array
}

export interface TimestampsOptions {
  readonly keyType?: KeyType
  /** From when to when the signer's certificate is valid; its root is for longer. */
  readonly notBefore?: Date
  readonly notAfter?: Date
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(bytes).digest())
}

function attribute(type: Uint8Array, value: Uint8Array): Uint8Array {
  return der(SEQUENCE, type, derSet([value]))
}

function infoOf(message: Uint8Array, at: Date, { nonce }: TimestampOptions): Uint8Array {
  const imprint = der(SEQUENCE, SHA256, der(OCTET_STRING, sha256(message)))
  const serial = derInteger(Uint8Array.of(1, ...randomBytes(7)))
  const ending = nonce === undefined ? [] : [derInteger(nonce)]
  return der(
    SEQUENCE,
    derInteger(Uint8Array.of(1)),
    POLICY,
    imprint,
    serial,
    derTime(at),
    ...ending,
  )
}

/** Who has signed, as CMS names it. */
function signerName(certificate: Uint8Array): Uint8Array {
  const { tbsCertificate } = AsnConvert.parse(certificate, Certificate)
  const issuer = new Uint8Array(AsnConvert.serialize(tbsCertificate.issuer))
  return der(SEQUENCE, issuer, der(0x02, new Uint8Array(tbsCertificate.serialNumber)))
}

function signerInfo(certificate: Uint8Array, signer: Signer, info: Uint8Array): Uint8Array {
  const certificateId = der(SEQUENCE, der(OCTET_STRING, sha256(certificate)))
  const attributes = [
    attribute(CONTENT_TYPE, TIMESTAMP_INFO),
    attribute(MESSAGE_DIGEST, der(OCTET_STRING, sha256(info))),
    attribute(SIGNING_CERTIFICATE_V2, der(SEQUENCE, der(SEQUENCE, certificateId))),
  ]
  // Authorities with RSA keys sign over SHA-512, as the well-known ones do.
  const isRsa = signer.keyType.startsWith("rsa")
  const hash = isRsa ? "sha512" : "sha256"
  const signature = Uint8Array.from(sign(hash, derSet(attributes), signer.privateKey))
  return der(
    SEQUENCE,
    derInteger(Uint8Array.of(1)),
    signerName(certificate),
    SHA256,
    derSet(attributes, CONTEXT_0),
    isRsa ? RSA_SHA512 : ECDSA_SHA256,
    der(OCTET_STRING, signature),
  )
}

function response(
  certificate: Uint8Array,
  signer: Signer,
  info: Uint8Array,
  { isEmbedded = true }: TimestampOptions,
): Uint8Array {
  const data = der(
    SEQUENCE,
    derInteger(Uint8Array.of(3)),
    derSet([SHA256]),
    der(SEQUENCE, TIMESTAMP_INFO, der(CONTEXT_0, der(OCTET_STRING, info))),
    ...(isEmbedded ? [der(CONTEXT_0, certificate)] : []),
    derSet([signerInfo(certificate, signer, info)]),
  )
  const status = der(SEQUENCE, derInteger(Uint8Array.of(0)))
  return der(SEQUENCE, status, der(SEQUENCE, SIGNED_DATA, der(CONTEXT_0, data)))
}

/** A root and a signer below it, with new keys. */
export function makeTimestamps(name: string, options: TimestampsOptions = {}): Timestamps {
  const { keyType = "ecdsa-p256" } = options
  const { notBefore = new Date("2020-01-01"), notAfter = new Date("2045-01-01") } = options
  const dates = { notBefore: new Date("2010-01-01"), notAfter: new Date("2049-01-01") }
  const root: IssuerCertificate = makeRoot(`${name} root`, keyType, dates)
  const signer = makeSigner(keyType)
  const purpose = AsnConvert.serialize(new ExtendedKeyUsage([TIME_STAMPING]))
  // SPEC: RFC 3161 section 2.3: the purpose is the only one, and critical.
  const more = [madeExtension("2.5.29.37", new Uint8Array(purpose), true)]
  const certificate = issue(root, name, signer, { notBefore, notAfter, purposes: [], more })
  return {
    chain: [certificate, root.der],
    timestamp: (message, at, each = {}) =>
      response(certificate, signer, infoOf(message, at, each), each),
  }
}
