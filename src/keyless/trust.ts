// The whole of a trusted root (protobuf-specs, sigstore_trustroot.proto) for bundles that name their signer by a
// certificate: the logs, and certificate authorities, certificate logs and timestamp authorities, each with the time
// for which it is believed. Read more strictly than Sigstore's verifier does: a window without a beginning is none, an
// authority must be one, and who signs timestamps must be for that.
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../core/base/json-value.ts"
import { LONGEST_TRUSTED_ROOT } from "../core/base/limits.ts"
import {
  type AuthorityPool,
  MOST_AUTHORITY_CERTIFICATES,
  makePool,
} from "../entry/certificates/authority.ts"
import { readX509, type X509 } from "../entry/certificates/x509.ts"
import { parseCertificateAuthorities } from "../sigstore/certificate-authorities.ts"
import { asProtobufBytes } from "../sigstore/protobuf-bytes.ts"
import { type PinnedLog, readTrustedRoot, type UnusableLog } from "../sigstore/trusted-root.ts"

/** From when to when something is believed, both included; without `end` for as long as the file is. */
export interface Window {
  readonly start: Date
  readonly end?: Date
}

/** A certificate log, whose promises certificates must bear. */
export interface CertificateLog {
  readonly key: Uint8Array
  /** As Sigstore names the kind of key, which says how it is encoded. */
  readonly keyDetails: string
  readonly logId: Uint8Array
  readonly validFor: Window
}

/** A timestamp authority: who signs, and those who vouch for that. */
interface TimestampAuthority {
  readonly signer: X509
  readonly pool: AuthorityPool
  readonly validFor: Window
}

/** A trusted root with all that it vouches for, as {@link parseKeylessTrust} makes it. */
export interface KeylessTrust {
  readonly logs: readonly PinnedLog[]
}

/** A time at which the signature was there, by someone whom the trusted root names. */
export interface TrustedTime {
  readonly source: "log" | "timestamp-authority"
  readonly time: Date
}

/** What stands behind a {@link KeylessTrust}. */
export interface TrustedAuthorities {
  /** Logs that are pinned too and that cannot be judged here. */
  readonly unusableLogs: readonly UnusableLog[]
  readonly certificateAuthorities: readonly AuthorityPool[]
  readonly certificateLogs: readonly CertificateLog[]
  readonly timestampAuthorities: readonly TimestampAuthority[]
}

const authorities = new WeakMap<KeylessTrust, TrustedAuthorities>()

/** Refuses `not-allowed` for a trusted root that {@link parseKeylessTrust} has not made. */
export function authoritiesIn(trust: KeylessTrust): TrustedAuthorities {
  return (
    authorities.get(trust) ??
    refuse("not-allowed", "trusted root: expected one made by parseKeylessTrust, found another")
  )
}

const MOST_MEMBERS = 32
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8"

function readTime(value: unknown, what: string): Date {
  const text = asText(value, what)
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  return refuse("malformed", `${what}: expected a time, found ${shown(text)}`)
}

/** SPEC: sigstore_common.proto, TimeRange: both ends belong to it, and the beginning is always there. */
function readWindow(value: unknown, what: string): Window {
  const { start, end } = asObject(value, what, ["start", "end"])
  const until = optional(end, (present) => readTime(present, `${what}.end`))
  return { start: readTime(start, `${what}.start`), ...(until !== undefined && { end: until }) }
}

function readCertificates(value: unknown, what: string): readonly Uint8Array[] {
  const { certificates } = asObject(value, what, ["certificates"])
  const list = asList(certificates, what, MOST_AUTHORITY_CERTIFICATES)
  return list.map((each, i) => {
    const { rawBytes } = asObject(each, `${what}[${i}]`, ["rawBytes"])
    return asProtobufBytes(rawBytes, `${what}[${i}]`)
  })
}

/** The signer stands first; those who vouch for it follow. */
function readTimestampAuthority(value: unknown, what: string): TimestampAuthority {
  const { certChain, validFor } = asObject(value, what, ["certChain", "validFor"])
  const [first, ...issuers] = readCertificates(certChain, `${what}.certChain`)
  if (first === undefined) {
    return refuse("malformed", `${what}.certChain: expected certificates, found none`)
  }
  const signer = readX509(first)
  // SPEC: RFC 3161 section 2.3: the certificate is for time-stamping.
  if (signer.isAuthority || signer.purposes?.includes(TIME_STAMPING) !== true) {
    const expected = "a certificate for time-stamping before those of its authorities"
    refuse("malformed", `${what}.certChain: expected ${expected}, found another`)
  }
  return {
    signer,
    pool: makePool(issuers, `${what}.certChain`),
    validFor: readWindow(validFor, `${what}.validFor`),
  }
}

/** SPEC: RFC 6962 section 3.2: a log is named by its key, whatever else the file says of it. */
function readCertificateLog(value: unknown, what: string): CertificateLog {
  const { publicKey, logId } = asObject(value, what, ["publicKey", "logId"])
  const key = asObject(publicKey, `${what}.publicKey`, ["rawBytes", "keyDetails", "validFor"])
  const { keyId } = asObject(logId, `${what}.logId`, ["keyId"])
  return {
    key: asProtobufBytes(key.rawBytes, `${what}.publicKey.rawBytes`),
    keyDetails: asText(key.keyDetails, `${what}.publicKey.keyDetails`),
    logId: asProtobufBytes(keyId, `${what}.logId.keyId`),
    validFor: readWindow(key.validFor, `${what}.publicKey.validFor`),
  }
}

/**
 * Reads a trusted root with all that it vouches for. Refuses `malformed`, `too-large` above 1 MiB, and `unsupported`,
 * naming the member at fault; also for a window without `start`, and for a file without logs or authorities. What it
 * gives is made once and used for many bundles: what was verified of its certificates is remembered with it.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseKeylessTrust } from "countersign/keyless"
 *
 * const trustedRoot = parseKeylessTrust(readFileSync("sigstore_root.json", "utf8"))
 * console.log(trustedRoot.logs.map(({ origin }) => origin)) // [ 'rekor1.example', 'rekor2.example' ]
 * ```
 */
export function parseKeylessTrust(text: string): KeylessTrust {
  const { trustedRoot: logs, unusable: unusableLogs } = readTrustedRoot(text)
  const certificateAuthorities = parseCertificateAuthorities(text, "trusted root")
  const { ctlogs, timestampAuthorities } = asObject(
    parseJson(text, "trusted root", LONGEST_TRUSTED_ROOT),
    "trusted root",
    ["ctlogs", "timestampAuthorities"],
  )
  const list = <T>(value: unknown, what: string, read: (each: unknown, what: string) => T) =>
    asList(value ?? [], what, MOST_MEMBERS).map((each, i) => read(each, `${what}[${i}]`))
  const trust = { logs }
  authorities.set(trust, {
    unusableLogs,
    certificateAuthorities,
    certificateLogs: list(ctlogs, "ctlogs", readCertificateLog),
    timestampAuthorities: list(
      timestampAuthorities,
      "timestampAuthorities",
      readTimestampAuthority,
    ),
  })
  return trust
}
