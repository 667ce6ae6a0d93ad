// The offline verifier of bundles that name their signer by a certificate (Sigstore, "keyless"): whom it names is held
// against the caller's policy, the rest against the caller's trusted root. Log entries are verified by client/verify,
// which rebuilds each byte for byte; the certificate by `@sigstore/verify`, at every time that is trusted. Runs on Node
// only. Leaves out revocation: such certificates live for minutes.
import { isLogId } from "../client/trust.ts"
import {
  type ArtifactDigests,
  readArtifact,
  thingOf,
  verifyContent,
} from "../client/verify/artifact.ts"
import { portableEngine, type VerifierEngine } from "../client/verify/engine.ts"
import { type VerifiedEntry, verifyEntries } from "../client/verify/entries.ts"
import { unlessUnjudged } from "../client/verify/judging.ts"
import { hashesOf, type VerifiedBundle } from "../client/verify/verify.ts"
import { windowAt } from "../client/verify/windows.ts"
import type { HashName } from "../core/base/digest.ts"
import { Refusal, refuse } from "../core/base/errors.ts"
import { readVerifierKey, type VerifierKey } from "../entry/verifier-key.ts"
import type { SigstoreBundle } from "../sigstore/bundle.ts"
import { type VerifiedCertificate, verifyCertificate } from "./certificate.ts"
import { type IdentityPolicy, readPolicy, type SignerIdentity, verifyIdentity } from "./identity.ts"
import { authoritiesIn, type KeylessTrust, type TrustedTime } from "./trust.ts"

/** What {@link verifyKeyless} holds a bundle against. */
export interface KeylessCheck {
  /** The artifact itself, or its digests if it is too large to hold. */
  readonly artifact: Uint8Array | ArtifactDigests
  /** Read once by {@link parseKeylessTrust}, and used for many bundles. */
  readonly trustedRoot: KeylessTrust
  /** Whom the signer's certificate must name. */
  readonly identity: IdentityPolicy
  /** Names of which the in-toto subject of this artifact must bear one; without an attestation nothing bears any. */
  readonly subjects?: readonly string[]
  /** What verifies signatures of log entries; portable by default, which is slower. */
  readonly engine?: VerifierEngine
  /** What times are compared with; the clock's by default. */
  readonly now?: Date
}

/** What holds of a bundle, with who signed it and when. */
export interface VerifiedKeyless extends VerifiedBundle {
  readonly signer: SignerIdentity
  /** At least one: when somebody whom the trusted root names has seen the signature. */
  readonly times: readonly TrustedTime[]
  /** How many timestamps are of authorities that the trusted root does not have; they gave no time. */
  readonly timestampsPassedOver: number
}

/**
 * The signer's certificate. SPEC: authorities that a bundle brings along, which signers must not do with roots, are
 * ignored, and trusted for nothing (sigstore_common.proto, X509CertificateChain).
 */
function readSigner({ verifier }: SigstoreBundle): VerifierKey {
  if (verifier.form === "certificate") return readVerifierKey({ certificate: verifier.der })
  const expected = "expected a certificate, which names its signer"
  return refuse("mismatch", `bundle: ${expected}, found a key's hint; verify it with that key`)
}

/** Entries without a time of their own were logged when they were signed, and so under a key that held then. */
function verifyWindows(
  entries: readonly VerifiedEntry[],
  bundle: SigstoreBundle,
  { logs }: KeylessTrust,
  times: readonly TrustedTime[],
  now: Date,
): void {
  for (const { position, time } of entries) {
    const logId = bundle.entries[position]?.logId
    if (time !== undefined || logId === undefined) continue
    const windows = logs.filter((log) => isLogId(log, logId))
    for (const each of times) windowAt(windows, each.time, now)
  }
}

function verifySigner(
  bundle: SigstoreBundle,
  key: VerifierKey,
  entries: readonly VerifiedEntry[],
  trust: KeylessTrust,
): VerifiedCertificate {
  const logTimes = entries.flatMap(({ position, time }) => {
    const entry = bundle.entries[position]
    return entry === undefined || time === undefined ? [] : [{ logId: entry.logId, time }]
  })
  const { signature } = bundle.content
  const { timestamps } = bundle
  const { der: certificate } = key
  return verifyCertificate({ certificate, signature, logTimes, timestamps }, trust)
}

/**
 * The hashes by which {@link verifyKeyless} may ask for the artifact's digest, for those who hash a large file piece by
 * piece. Refuses `mismatch` for a bundle without a certificate, and what cannot be read.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { neededHashesKeyless, parseAnyBundle } from "countersign/keyless"
 *
 * const bundle = parseAnyBundle(readFileSync("release.txt.sigstore.json", "utf8"))
 * console.log(neededHashesKeyless(bundle)) // [ 'sha256' ]
 * ```
 */
export function neededHashesKeyless(bundle: SigstoreBundle): readonly HashName[] {
  return hashesOf(bundle, readSigner(bundle))
}

/**
 * Verifies everything about a Sigstore bundle by a certificate, offline: whom the certificate names, the artifact's
 * digest, the signature, the log entries rebuilt from them with their proofs and promises, timestamps (RFC 3161), the
 * chain to an authority of the trusted root at every time, and the certificate log's promise (RFC 6962). Refuses with
 * the first reason: `not-allowed` for a policy that leaves the identity or the issuer open; `malformed`, `too-large` or
 * `unsupported` for what cannot be judged here; `mismatch` for another identity, issuer or artifact; `bad-signature`;
 * `bad-proof`; `untrusted` for a log, an authority or a time that the trusted root does not stand for.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseAnyBundle, parseKeylessTrust, verifyKeyless } from "countersign/keyless"
 *
 * const bundle = parseAnyBundle(readFileSync("release.txt.sigstore.json", "utf8"))
 * const { signer, times, index } = verifyKeyless(bundle, {
 *   artifact: readFileSync("release.txt"),
 *   trustedRoot: parseKeylessTrust(readFileSync("sigstore_root.json", "utf8")),
 *   identity: {
 *     identity: { pattern: "^https://github\\.com/acme/app/.*@refs/tags/v[0-9]+$" },
 *     issuer: "https://token.actions.githubusercontent.com",
 *   },
 * })
 * console.log(signer.extensions["source-repository-uri"], index) // https://github.com/acme/app 3
 * console.log(times.map(({ source }) => source)) // [ 'timestamp-authority' ]
 * ```
 */
export function verifyKeyless(bundle: SigstoreBundle, check: KeylessCheck): VerifiedKeyless {
  const { trustedRoot: trust, engine = portableEngine, now = new Date() } = check
  readPolicy(check.identity)
  const key = readSigner(bundle)
  const signer = verifyIdentity(key, check.identity)
  const artifact = readArtifact(check.artifact, engine.digest)
  const { digest } = engine
  const content = unlessUnjudged(() => verifyContent(bundle, artifact, check.subjects, digest))
  const thing = thingOf(bundle, artifact, digest)
  const logs = { trustedRoot: trust.logs, unusable: authoritiesIn(trust).unusableLogs }
  const { verified, passedOver } = verifyEntries(bundle, thing, key, logs, engine, now)
  const { times, timestampsPassedOver } = verifySigner(bundle, key, verified, trust)
  verifyWindows(verified, bundle, trust, times, now)
  // What cannot be judged is said once nothing else is false.
  if (content instanceof Refusal) throw content
  const [first] = verified as readonly [VerifiedEntry]
  return { ...first, entries: verified, passedOver, signer, times, timestampsPassedOver }
}
