// The offline verifier: one function that holds a Sigstore bundle against the caller's own artifact, key
// and trust, and leaves nothing out. A log entry proves nothing unless it is this artifact's entry, so the
// body is rebuilt from what the caller holds and compared byte for byte.
// Leaves out time: entries of Rekor v2 have none, so a certificate's dates and chain are not checked.
import { equalBytes } from "../core/base/bytes.ts"
import { digestLength, digestOf, hashNames } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import type { Hash } from "../core/tree/hash.ts"
import { type Algorithm, algorithms, digestAlgorithm, type HashName } from "../entry/algorithm.ts"
import type { EntryKind } from "../entry/kind-names.ts"
import type { MessageSignature, SignedEnvelope, SignedThing } from "../entry/kinds/kind.ts"
import { statementOf } from "../entry/kinds/request.ts"
import { verifyPortably } from "../entry/portable-verification.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../entry/statement/pae.ts"
import { isSubject, readSubjects } from "../entry/statement/subjects.ts"
import { readVerifierKey, type VerifierKey } from "../entry/verifier-key.ts"
import {
  type BundleVerifier,
  parseSigstoreBundle,
  type SigstoreBundle,
} from "../sigstore/bundle.ts"
import type { TransparencyLogEntry } from "../sigstore/transparency-log-entry.ts"
import { verifyInclusion } from "./inclusion.ts"
import { readKeyFile } from "./key-file.ts"
import { openTrusted, type Trust, type TrustedHead } from "./trust.ts"

/** Digests of one artifact, each of its hash's length. */
export type ArtifactDigests = Readonly<Partial<Record<HashName, Uint8Array>>>

interface Artifact {
  /** The artifact's digest; undefined if only others were given. */
  digest(hash: HashName): Uint8Array | undefined
  /** As `digest`, but refuses `malformed` if it was not given. */
  needDigest(hash: HashName): Uint8Array
}

/** Digests are computed when they are first asked for. Refuses `malformed` for one of wrong length. */
function readArtifact(given: Uint8Array | ArtifactDigests): Artifact {
  const known: { [Hash in HashName]?: Uint8Array } = given instanceof Uint8Array ? {} : { ...given }
  for (const hash of hashNames) {
    const found = known[hash]?.length ?? digestLength[hash]
    if (found !== digestLength[hash]) {
      refuse("malformed", `${hash} digest: expected ${digestLength[hash]} bytes, found ${found}`)
    }
  }
  function digest(hash: HashName): Uint8Array | undefined {
    if (given instanceof Uint8Array) known[hash] ??= digestOf(hash, given)
    return known[hash]
  }
  return {
    digest,
    needDigest: (hash) =>
      digest(hash) ??
      refuse("malformed", `artifact: its ${hash} digest is needed and was not given`),
  }
}

/** What {@link verifyBundle} is given: a bundle, and what the caller holds and trusts. */
export interface BundleCheck {
  /** The text of the bundle's file. */
  readonly bundle: string
  /** The artifact itself, or its digests if it is too large to hold. */
  readonly artifact: Uint8Array | ArtifactDigests
  /** The signer's key or certificate: PEM, or DER. */
  readonly key: string | Uint8Array
  readonly trust: Trust
  /** Names of which the in-toto subject of this artifact must bear one. */
  readonly subjects?: readonly string[]
}

/** An entry of which everything holds, and the head that it was proven under. */
export interface VerifiedEntry extends TrustedHead {
  readonly kind: EntryKind
  readonly algorithm: Algorithm
  readonly index: number
  readonly leafHash: Hash
  readonly body: Uint8Array
}

/** The caller's key in the form in which the body names it. */
function signerKey(own: VerifierKey, verifier: BundleVerifier): VerifierKey {
  // A hint only helps to find a key; the caller has done so.
  if (verifier.form === "hint") {
    return own.form === "publicKey" ? own : readVerifierKey({ publicKey: own.spki })
  }
  const certificate = readVerifierKey({ certificate: verifier.der })
  const expected = own.form === "certificate" ? own.der : own.spki
  const found = own.form === "certificate" ? certificate.der : certificate.spki
  if (!equalBytes(found, expected)) {
    refuse("mismatch", "the bundle's certificate is not the expected one")
  }
  return certificate
}

function verifyMessageDigest({ messageDigest }: MessageSignature, artifact: Artifact): void {
  if (messageDigest === undefined) return
  const { hash, digest } = messageDigest
  if (!equalBytes(digest, artifact.needDigest(hash))) {
    refuse("mismatch", `the bundle's ${hash} digest is not that of the artifact`)
  }
}

function verifySubject(payload: Uint8Array, artifact: Artifact, names?: readonly string[]): void {
  const own = readSubjects(payload).filter((subject) => isSubject(subject, artifact.digest))
  if (own.length === 0) {
    refuse("mismatch", "the attestation has no subject with a digest of the artifact")
  }
  if (names !== undefined && !own.some(({ name }) => name !== undefined && names.includes(name))) {
    const expected = names.map((name) => shown(name)).join(" or ")
    const found = own.map(({ name }) => shown(name ?? "")).join(", ")
    refuse("mismatch", `subject: expected the name ${expected}, found ${found}`)
  }
}

function verifyPayload({ payload, payloadType }: SignedEnvelope, artifact: Artifact): void {
  const hashes: readonly HashName[] = ["sha256", "sha512", "sha384"]
  const hash = hashes.find((name) => artifact.digest(name) !== undefined) ?? "sha256"
  if (!equalBytes(digestOf(hash, payload), artifact.needDigest(hash))) {
    refuse("mismatch", `the payload of type ${shown(payloadType)} is not the artifact`)
  }
}

/** Holds the content against the artifact; what remains is what the signature must be over. */
function verifyContent(
  { content }: SigstoreBundle,
  artifact: Artifact,
  subjects: readonly string[] | undefined,
): SignedThing {
  if (content.form === "message-signature") {
    verifyMessageDigest(content, artifact)
    return { form: "artifact", digest: artifact.needDigest }
  }
  const { payload, payloadType } = content
  if (payloadType === IN_TOTO_PAYLOAD_TYPE) verifySubject(payload, artifact, subjects)
  else verifyPayload(content, artifact)
  return { form: "envelope", payload, payloadType }
}

/** A second entry would be one that is not looked at, so there must be none. */
function onlyEntry({ entries }: SigstoreBundle): TransparencyLogEntry {
  const [entry] = entries
  if (entry !== undefined && entries.length === 1) return entry
  return refuse("unsupported", `tlogEntries: expected one entry, found ${entries.length}`)
}

function verifyLogged(entry: TransparencyLogEntry, trust: Trust) {
  const proof = entry.proof ?? refuse("bad-proof", "the bundle has no inclusion proof")
  if (entry.index !== proof.index) {
    refuse("bad-proof", `logIndex: the entry says ${entry.index}, its proof ${proof.index}`)
  }
  const head = openTrusted(proof.checkpoint, trust, entry.logId)
  return { ...head, index: entry.index, leafHash: verifyInclusion(entry.body, proof, head) }
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
  return hashesOf(parseSigstoreBundle(bundle), readKeyFile(key))
}

/** As {@link verifyBundle}, for a bundle and a key that are read already. */
export function verifyParsed(
  bundle: SigstoreBundle,
  expectedKey: VerifierKey,
  check: Omit<BundleCheck, "bundle" | "key">,
): VerifiedEntry {
  const entry = onlyEntry(bundle)
  const key = signerKey(expectedKey, bundle.verifier)
  const artifact = readArtifact(check.artifact)
  const thing = verifyContent(bundle, artifact, check.subjects)
  const statement = statementOf(entry.kind, entry.version, thing, key)
  const { algorithm, signed, kind } = statement
  const { signature } = bundle.content
  if (!verifyPortably({ algorithm, spki: key.spki, signature, signed })) {
    refuse("bad-signature", "the signature does not hold for this artifact under this key")
  }
  if (!equalBytes(entry.body, statement.body(signature))) {
    refuse("mismatch", "the log entry is not about this artifact, signature and key")
  }
  return { ...verifyLogged(entry, check.trust), kind, algorithm, body: entry.body }
}

/**
 * Verifies everything about a Sigstore bundle (protobuf-specs, sigstore_bundle.proto), offline: the artifact's
 * digest, the signature under `key`, the log entry rebuilt from them, its inclusion proof (RFC 6962), the
 * checkpoint's signature (C2SP tlog-checkpoint) and the witnesses (C2SP tlog-policy).
 * Refuses with the first reason: `malformed`, `too-large` or `unsupported` for what cannot be read;
 * `mismatch` if the bundle is about something else; `bad-signature`; `bad-proof`; `untrusted` if the
 * log is not pinned or the quorum is missing. About 10 ms, besides hashing.
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
 * console.log(entry.kind, entry.index) // hashedrekord 0
 * ```
 */
export function verifyBundle(check: BundleCheck): VerifiedEntry {
  return verifyParsed(parseSigstoreBundle(check.bundle), readKeyFile(check.key), check)
}
