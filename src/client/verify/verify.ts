// The offline verifier: one function that holds a Sigstore bundle against the caller's own artifact, key and trust, and
// leaves nothing out of what a key can judge. Leaves out identities: a certificate counts as the key that it holds, so
// its dates and its chain are not checked, nor are timestamps of other authorities.
import type { HashName } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { algorithms, digestAlgorithm } from "../../entry/algorithm.ts"
import {
  readVerifierKeyText,
  type VerifierKey,
  type VerifierKeyReader,
} from "../../entry/verifier-key.ts"
import { parseAnyBundle, type SigstoreBundle } from "../../sigstore/bundle.ts"
import { readKeyFile } from "../key-file.ts"
import type { Trust } from "../trust.ts"
import { type ArtifactDigests, readArtifact, thingOf, verifyContent } from "./artifact.ts"
import { portableEngine, type VerifierEngine } from "./engine.ts"
import { type PassedOverEntry, type VerifiedEntry, verifyEntries } from "./entries.ts"
import { unlessUnjudged } from "./judging.ts"
import { signerKey } from "./signer.ts"

/** What a bundle that is read already is held against. */
export interface ParsedCheck {
  /** The artifact itself, or its digests if it is too large to hold. */
  readonly artifact: Uint8Array | ArtifactDigests
  readonly trust: Trust
  /** Names of which the in-toto subject of this artifact must bear one; without an attestation nothing bears any. */
  readonly subjects?: readonly string[]
  /** {@link portableEngine} by default. */
  readonly engine?: VerifierEngine
  /** What times are compared with; the clock's by default. */
  readonly now?: Date
}

/** What {@link verifyBundle} is given: a bundle, and what the caller holds and trusts. */
export interface BundleCheck extends ParsedCheck {
  /** The text of the bundle's file. */
  readonly bundle: string
  /** The signer's key or certificate: PEM, or DER. */
  readonly key: string | Uint8Array
}

/** The first entry that holds, with all that do, and those of logs that are not trusted. */
export interface VerifiedBundle extends VerifiedEntry {
  /** At least one. */
  readonly entries: readonly VerifiedEntry[]
  readonly passedOver: readonly PassedOverEntry[]
}

/** As {@link neededHashes}, for a bundle and a key that are read already. */
export function hashesOf({ content }: SigstoreBundle, { keyType }: VerifierKey): HashName[] {
  if (content.form === "dsse") return ["sha256", "sha384", "sha512"]
  const { hash } = algorithms[digestAlgorithm[keyType]]
  const stated = content.messageDigest?.hash ?? hash
  return stated === hash ? [hash] : [hash, stated]
}

/**
 * The hashes by which {@link verifyBundle} may ask for the artifact's digest, for those who hash a large file
 * piece by piece. Refuses as {@link verifyBundle} does what cannot be read.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { neededHashes } from "countersign/verify"
 *
 * const bundle = readFileSync("artifact.txt.sigstore.json", "utf8")
 * console.log(neededHashes(bundle, readFileSync("signer.pub"))) // [ 'sha256' ]
 * ```
 */
export function neededHashes(bundle: string, key: string | Uint8Array): readonly HashName[] {
  return hashesOf(parseAnyBundle(bundle), readKeyFile(key))
}

/** As {@link verifyParsed}, with a reader of keys that may be a cache. */
export function verifyWith(
  bundle: SigstoreBundle,
  expectedKey: VerifierKey,
  check: ParsedCheck,
  readKey: VerifierKeyReader,
): VerifiedBundle {
  const { trust, subjects, engine = portableEngine, now = new Date() } = check
  const key = signerKey(expectedKey, bundle.verifier, readKey)
  const artifact = readArtifact(check.artifact, engine.digest)
  const { digest } = engine
  const content = unlessUnjudged(() => verifyContent(bundle, artifact, subjects, digest))
  const thing = thingOf(bundle, artifact, digest)
  const { verified, passedOver } = verifyEntries(bundle, thing, key, trust, engine, now)
  if (content instanceof Refusal) throw content
  const [first] = verified as readonly [VerifiedEntry]
  return { ...first, entries: verified, passedOver }
}

/** As {@link verifyBundle}, for a bundle and a key that are read already. */
export function verifyParsed(
  bundle: SigstoreBundle,
  expectedKey: VerifierKey,
  check: ParsedCheck,
): VerifiedBundle {
  return verifyWith(bundle, expectedKey, check, readVerifierKeyText)
}

/**
 * Verifies everything about a Sigstore bundle (protobuf-specs, sigstore_bundle.proto; also cosign's older JSON), offline:
 * the artifact's digest, the signature under `key`, the log entries rebuilt from them (Rekor v1 and v2), their inclusion
 * proofs (RFC 6962) and promises, the checkpoints' signatures (C2SP tlog-checkpoint), the witnesses (C2SP tlog-policy)
 * and the window of the log's key. Without a proof, which only older bundles may lack, `inclusion` is `promise`.
 * Refuses with the first reason: `malformed`, `too-large` or `unsupported` for what cannot be judged here;
 * `mismatch` if the bundle is about something else; `bad-signature`; `bad-proof`; `untrusted` if the
 * log is not pinned, its key was not valid or the quorum is missing. About 10 ms, besides hashing.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseTrustedRoot, verifyBundle } from "countersign/verify"
 *
 * const entry = verifyBundle({
 *   bundle: readFileSync("artifact.txt.sigstore.json", "utf8"),
 *   artifact: readFileSync("artifact.txt"),
 *   key: readFileSync("signer.pub"),
 *   trust: { trustedRoot: parseTrustedRoot(readFileSync("trusted_root.json", "utf8")) },
 * })
 * console.log(entry.kind, entry.index, entry.inclusion) // hashedrekord 0 proof
 * ```
 */
export function verifyBundle(check: BundleCheck): VerifiedBundle {
  return verifyParsed(parseAnyBundle(check.bundle), readKeyFile(check.key), check)
}
