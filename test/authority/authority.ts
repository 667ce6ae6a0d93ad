// Everything that Sigstore's public services vouch for, in one process: a certificate authority like Fulcio with a
// certificate transparency log, a timestamp authority, and the trusted root that names all of them.
import { AsnConvert } from "@peculiar/asn1-schema"
import { type Extension, GeneralName, OtherName, SubjectAlternativeName } from "@peculiar/asn1-x509"
import { utf8 } from "../../src/core/base/bytes.ts"
import { type KeyType, messageAlgorithm } from "../../src/entry/algorithm.ts"
import {
  issue,
  madeExtension,
  makeIntermediate,
  makeRoot,
  type Wanted,
} from "../entry/certificates/authority.ts"
import { base64 } from "../entry/signers.ts"
import { makeCertificateLog, promisesExtension } from "./certificate-log.ts"
import { der } from "./der.ts"
import { makeTimestamps, type TimestampOptions, type TimestampsOptions } from "./timestamps.ts"

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
const FULCIO_USER_NAME = "1.3.6.1.4.1.57264.1.7"
const LIFETIME_MS = 600_000
const EPOCH = new Date("2020-01-01T00:00:00Z")
const END = new Date("2045-01-01T00:00:00Z")

/** Whom a leaf names; of a text, one with "://" is a URI, one with "@" an email address, others are user names. */
export type Identity =
  | string
  | { readonly email: string }
  | { readonly uri: string }
  | { readonly user: string }

export interface LeafOptions extends Wanted {
  /** The signer's SPKI. */
  readonly publicKey: Uint8Array
  /** One name, or several. */
  readonly identity: Identity | readonly Identity[]
  /** The OpenID Connect issuer, as it stands in the extensions 1 (as text) and 8 (as DER). */
  readonly issuer: string
  /** When it is issued, for ten minutes unless `notAfter` says otherwise. */
  readonly at: Date
  /** Numbers of Fulcio's extensions that are left out. */
  readonly withoutFields?: readonly number[]
  /** Without a promise of the certificate transparency log; or with what is given instead. */
  readonly promises?: "none" | ((signed: Uint8Array) => readonly Uint8Array[])
}

/** From when to when an authority is believed, as a trusted root has it. */
export interface Window {
  readonly start?: string
  readonly end?: string
}

/** What a trusted root says of a log. */
export interface RootLog {
  readonly baseUrl: string
  readonly spki: Uint8Array
  readonly keyType?: KeyType
  readonly logId: Uint8Array
  readonly validFor?: Window
}

export interface AuthorityOptions {
  /** Stands in the names of all certificates. */
  readonly name?: string
  readonly keyType?: KeyType
  readonly timestamps?: TimestampsOptions
  /** When authority, certificate log and timestamp authority are believed; from 2020 on. */
  readonly windows?: {
    readonly certificates?: Window
    readonly promises?: Window
    readonly timestamps?: Window
  }
}

export interface Authority {
  /** DER of leaf, intermediate and root. */
  issue(leaf: LeafOptions): { readonly chain: readonly [Uint8Array, Uint8Array, Uint8Array] }
  /** A whole TimeStampResp over a signature, as bundles have it and as timestamp servers answer. */
  timestamp(signature: Uint8Array, at: Date, options?: TimestampOptions): Uint8Array
  /** The trusted root with these logs: as they stand in another trusted root, or as {@link rootLog} makes them. */
  trustedRoot(logs: readonly object[]): string
  /** A promise of the certificate log for the rest of a certificate. */
  promise(signed: Uint8Array, at: Date, extensions?: Uint8Array): Uint8Array
}

function nameOf(identity: Identity): GeneralName {
  if (typeof identity === "string") {
    if (identity.includes("://")) return nameOf({ uri: identity })
    return nameOf(identity.includes("@") ? { email: identity } : { user: identity })
  }
  if ("email" in identity) return new GeneralName({ rfc822Name: identity.email })
  if ("uri" in identity) return new GeneralName({ uniformResourceIdentifier: identity.uri })
  const value = Uint8Array.from(der(0x0c, utf8(identity.user))).buffer
  return new GeneralName({ otherName: new OtherName({ typeId: FULCIO_USER_NAME, value }) })
}

function namesExtension(identity: LeafOptions["identity"]): Extension {
  const all = Array.isArray(identity) ? (identity as readonly Identity[]) : [identity as Identity]
  const names = new SubjectAlternativeName(all.map(nameOf))
  return madeExtension(SUBJECT_ALTERNATIVE_NAME, AsnConvert.serialize(names), true)
}

/** A log as it stands in a trusted root. */
export function rootLog(log: RootLog): object {
  const { baseUrl, spki, keyType = "ecdsa-p256", logId } = log
  const { validFor = { start: EPOCH.toISOString() } } = log
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(spki), keyDetails: messageAlgorithm[keyType], validFor },
    logId: { keyId: base64(logId) },
  }
}

function rootAuthority(name: string, certificates: readonly Uint8Array[], validFor: Window) {
  return {
    subject: { organization: name, commonName: name },
    uri: "https://authority.example",
    certChain: { certificates: certificates.map((each) => ({ rawBytes: base64(each) })) },
    validFor,
  }
}

/** New keys and certificates of everything. */
export function makeAuthority(options: AuthorityOptions = {}): Authority {
  const { name = "authority", keyType = "ecdsa-p256", windows = {} } = options
  const dates = { notBefore: EPOCH, notAfter: END }
  const root = makeRoot(`${name} root`, keyType, dates)
  const wanted = { ...dates, pathLength: 0, purposes: [CODE_SIGNING] }
  const intermediate = makeIntermediate(root, `${name} intermediate`, keyType, wanted)
  const certificateLog = makeCertificateLog()
  const timestamps = makeTimestamps(`${name} timestamps`, options.timestamps)
  const always: Window = { start: EPOCH.toISOString() }

  function promisesOf({ promises, at }: LeafOptions, signed: Uint8Array): Extension[] {
    if (promises === "none") return []
    const own = () => [certificateLog.promise(signed, intermediate.signer, at)]
    return [promisesExtension((promises ?? own)(signed))]
  }

  return {
    issue(leaf) {
      const { publicKey, identity, issuer, at, fields, more = [], ...rest } = leaf
      const all = Object.entries({ 1: issuer, 8: issuer, ...fields })
      const { withoutFields = [] } = leaf
      const certificate = issue(
        intermediate,
        "",
        { spki: publicKey },
        {
          notBefore: at,
          notAfter: new Date(at.getTime() + LIFETIME_MS),
          ...rest,
          fields: Object.fromEntries(all.filter(([last]) => !withoutFields.includes(Number(last)))),
          more: [namesExtension(identity), ...more],
          promised: (signed) => promisesOf(leaf, signed),
        },
      )
      return { chain: [certificate, intermediate.der, root.der] }
    },
    timestamp: timestamps.timestamp,
    trustedRoot(logs) {
      const { logId, signer } = certificateLog
      const baseUrl = "https://certificates.example"
      const validFor = windows.promises ?? always
      const chain = [intermediate.der, root.der]
      return JSON.stringify({
        mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        tlogs: logs,
        certificateAuthorities: [rootAuthority(name, chain, windows.certificates ?? always)],
        ctlogs: [rootLog({ baseUrl, spki: signer.spki, logId, validFor })],
        timestampAuthorities: [rootAuthority(name, timestamps.chain, windows.timestamps ?? always)],
      })
    },
    promise: (signed, at, extensions) =>
      certificateLog.promise(signed, intermediate.signer, at, extensions),
  }
}
