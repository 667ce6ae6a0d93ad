// Whether the certificate of a bundle was issued by an authority of the trusted root, held at every time that is
// trusted, and was promised to a certificate log (RFC 5280, RFC 6962, RFC 3161): what `@sigstore/verify` says, with
// what it does not ask, and its errors as refusals. A timestamp of an authority that the trusted root does not have is
// passed over and gives no time.
import { type SignedEntity, VerificationError } from "@sigstore/verify"
import { equalBytes } from "../core/base/bytes.ts"
import { Refusal, refuse } from "../core/base/errors.ts"
import { readX509, type X509 } from "../entry/certificates/x509.ts"
import { type EntityParts, makeEntity, type TimestampToken } from "./entity.ts"
import { type LibraryVerifier, verifierFor } from "./material.ts"
import type { KeylessTrust, TrustedTime } from "./trust.ts"

export interface VerifiedCertificate {
  /** At least one; the certificate was valid at each. */
  readonly times: readonly TrustedTime[]
  /** Timestamps of authorities that the trusted root does not have. */
  readonly timestampsPassedOver: number
}

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"

/** The library asks none of this. */
function readLeaf(der: Uint8Array): X509 {
  const leaf = readX509(der)
  if (leaf.obstacle !== undefined) refuse("unsupported", `certificate: ${leaf.obstacle}`)
  if (leaf.algorithm === undefined) {
    const expected = "one signed with ECDSA, RSA PKCS #1 v1.5 or Ed25519"
    refuse("unsupported", `certificate: expected ${expected}, found another algorithm`)
  }
  if (leaf.isAuthority) {
    refuse("untrusted", "certificate: expected that of a signer, found that of an authority")
  }
  if (!leaf.maySign || leaf.purposes?.includes(CODE_SIGNING) !== true) {
    refuse("untrusted", "certificate: expected one for code signing, found one for other uses")
  }
  return leaf
}

/** Why, down to the first cause, in the library's words. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message
}

/** Runs the library; what it throws of hostile bytes is about their form. */
function askLibrary<T>(work: () => T, onFalse: (error: VerificationError) => never): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof VerificationError) return onFalse(error)
    const found = error instanceof Error ? error.message : String(error)
    const expected = "a certificate and timestamps that can be read"
    return refuse("malformed", `bundle: expected ${expected}, found others: ${found}`, {
      cause: error,
    })
  }
}

/** Has the library read something, which says nothing about whether it holds. */
function ask<T>(work: () => T): T {
  return askLibrary(work, ({ message }) => refuse("malformed", `bundle: ${message}`))
}

type LibraryTimestamp = SignedEntity["timestamps"][number]

function isPinned({ timestampSigners }: LibraryVerifier, token: TimestampToken): boolean {
  return timestampSigners.some(
    ({ issuer, serialNumber }) =>
      equalBytes(issuer, token.signerIssuer) && equalBytes(serialNumber, token.signerSerialNumber),
  )
}

/** The library has no word for an algorithm that it does not know: to it the signature is a wrong one. */
function isKnownForm(timestamp: LibraryTimestamp): boolean {
  if (timestamp.$case !== "timestamp-authority") return true
  const { signatureAlgorithm, signerDigestAlgorithm, tstInfo } = timestamp.timestamp
  const all = [signatureAlgorithm, signerDigestAlgorithm, tstInfo.messageImprintHashAlgorithm]
  return all.every((name: string | undefined) => name !== undefined)
}

function timeOf(timestamp: LibraryTimestamp): TrustedTime {
  if (timestamp.$case === "transparency-log") {
    return { source: "log", time: new Date(Number(timestamp.tlogEntry.integratedTime) * 1000) }
  }
  const time = timestamp.timestamp.signingTime
  if (Number.isNaN(time.getTime())) {
    refuse("malformed", "timestamp: expected a time, found one that no calendar has")
  }
  return { source: "timestamp-authority", time }
}

function timesText(times: readonly TrustedTime[]): string {
  return times.map(({ time }) => time.toISOString()).join(" and ")
}

/** SPEC: sigstore_bundle.proto: a certificate of minutes needs a time, which a log of version 2 does not give. */
const NO_TIME =
  "no trusted time: expected an entry that its log promised with a time, or a timestamp of an authority in the trusted root, found neither"

function verifyEntity(library: LibraryVerifier, entity: SignedEntity): readonly TrustedTime[] {
  if (entity.timestamps.length === 0) refuse("untrusted", NO_TIME)
  const times = ask(() => entity.timestamps.map(timeOf))
  askLibrary(
    () => library.verifier.verify(entity),
    (error) => {
      const why = reasonOf(error)
      if (error.code === "TIMESTAMP_ERROR") {
        if (!ask(() => entity.timestamps.every(isKnownForm))) {
          refuse("unsupported", "timestamp: expected ECDSA and SHA-2, found another algorithm")
        }
        const expected = "over this signature, by an authority that was valid and believed then"
        const when = timesText(times.filter(({ source }) => source === "timestamp-authority"))
        return refuse("untrusted", `timestamp: expected one ${expected}, found ${when}: ${why}`, {
          cause: error,
        })
      }
      const when = timesText(times)
      return refuse("untrusted", `certificate: it does not hold at ${when}: ${why}`, {
        cause: error,
      })
    },
  )
  return times
}

/**
 * Verifies the certificate with its times. Refuses `untrusted` if no authority of the trusted root has issued it, if it
 * or an authority was not valid at one of the times, if there is no time, if a timestamp of a known authority does not
 * hold, or without a certificate log's promise; `unsupported`, `malformed` and `too-large` for what cannot be judged.
 */
export function verifyCertificate(parts: EntityParts, trust: KeylessTrust): VerifiedCertificate {
  const leaf = readLeaf(parts.certificate)
  const library =
    verifierFor(trust, leaf) ??
    refuse(
      "untrusted",
      "certificate: no authority of the trusted root has the name and the key of its issuer",
    )
  const whole = ask(() => makeEntity(parts, leaf, library.certificateLogs))
  const timestamps = ask(() =>
    whole.timestamps.filter(
      (each) => each.$case === "transparency-log" || isPinned(library, each.timestamp),
    ),
  )
  return {
    times: verifyEntity(library, { ...whole, timestamps }),
    timestampsPassedOver: whole.timestamps.length - timestamps.length,
  }
}
