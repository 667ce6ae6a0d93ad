// The caller's artifact, by itself or by its digests, and holding what a bundle is about against it.
import { equalBytes } from "../../core/base/bytes.ts"
import { digestLength, type HashName, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { MessageSignature, SignedEnvelope, SignedThing } from "../../entry/kinds/kind.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { isSubject, readSubjects, type Subject } from "../../entry/statement/subjects.ts"
import type { SigstoreBundle } from "../../sigstore/bundle-form.ts"
import type { VerifierEngine } from "./engine.ts"

/** Digests of one artifact, each of its hash's length. */
export type ArtifactDigests = Readonly<Partial<Record<HashName, Uint8Array>>>

interface Artifact {
  /** Where it was given by itself. */
  readonly bytes?: Uint8Array
  /** The artifact's digest; undefined if only others were given. */
  digest(hash: HashName): Uint8Array | undefined
  /** As `digest`, but refuses `malformed` if it was not given. */
  needDigest(hash: HashName): Uint8Array
}

type Digest = VerifierEngine["digest"]

/** Digests are computed when they are first asked for. Refuses `malformed` for one of wrong length. */
export function readArtifact(given: Uint8Array | ArtifactDigests, digestOf: Digest): Artifact {
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
    ...(given instanceof Uint8Array && { bytes: given }),
    digest,
    needDigest: (hash) =>
      digest(hash) ??
      refuse("malformed", `artifact: its ${hash} digest is needed and was not given`),
  }
}

function verifyMessageDigest({ messageDigest }: MessageSignature, artifact: Artifact): void {
  if (messageDigest === undefined) return
  const { hash, digest } = messageDigest
  if (!equalBytes(digest, artifact.needDigest(hash))) {
    refuse("mismatch", `the bundle's ${hash} digest is not that of the artifact`)
  }
}

function namesText(names: readonly string[]): string {
  return names.map((name) => shown(name)).join(" or ")
}

/** Hashes by which a subject could be the artifact, of which no digest was given. */
function missingFor(subjects: readonly Subject[], artifact: Artifact): readonly HashName[] {
  const missing = subjects
    .map(({ digests }) => hashNames.filter((hash) => digests[hash] !== undefined))
    .filter((hashes) => !hashes.some((hash) => artifact.digest(hash) !== undefined))
  return hashNames.filter((hash) => missing.some((hashes) => hashes.includes(hash)))
}

function verifySubject(payload: Uint8Array, artifact: Artifact, names?: readonly string[]): void {
  const subjects = readSubjects(payload)
  const own = subjects.filter((subject) => isSubject(subject, artifact.digest))
  const isOwn = ({ name }: Subject) =>
    names === undefined || (name !== undefined && names.includes(name))
  if (own.some(isOwn)) return
  const missing = missingFor(subjects.filter(isOwn), artifact)
  if (missing.length > 0) {
    const digests = missing.map((hash) => `${hash}:HEX`).join(" or ")
    refuse(
      "unsupported",
      `the attestation states other digests of its artifact than the one that was given: give ${digests} with it, or the artifact itself`,
    )
  }
  if (own.length === 0 || names === undefined) {
    refuse("mismatch", "the attestation has no subject with a digest of the artifact")
  }
  const found = own.map(({ name }) => shown(name ?? "")).join(", ")
  refuse("mismatch", `subject: expected the name ${namesText(names)}, found ${found}`)
}

function verifyPayload(
  { payload, payloadType }: SignedEnvelope,
  artifact: Artifact,
  digestOf: Digest,
): void {
  const hashes: readonly HashName[] = ["sha256", "sha512", "sha384"]
  const hash = hashes.find((name) => artifact.digest(name) !== undefined) ?? "sha256"
  if (!equalBytes(digestOf(hash, payload), artifact.needDigest(hash))) {
    refuse("mismatch", `the payload of type ${shown(payloadType)} is not the artifact`)
  }
}

/** What the signature of a bundle must be over. */
export function thingOf(
  { content }: SigstoreBundle,
  artifact: Artifact,
  digestOf: Digest,
): SignedThing {
  if (content.form === "message-signature") {
    const { bytes, needDigest } = artifact
    return { form: "artifact", digest: needDigest, ...present({ bytes }) }
  }
  const { payload, payloadType } = content
  return { form: "envelope", payload, payloadType, digestOf }
}

/**
 * Holds a bundle's content against the artifact; one of `subjects` must be its name in an attestation. Refuses
 * `mismatch`, also for what is no attestation where there are `subjects`, or as the reader of the statement does.
 */
export function verifyContent(
  { content }: SigstoreBundle,
  artifact: Artifact,
  subjects: readonly string[] | undefined,
  digestOf: Digest,
): void {
  if (content.form === "dsse" && content.payloadType === IN_TOTO_PAYLOAD_TYPE) {
    verifySubject(content.payload, artifact, subjects)
    return
  }
  if (content.form === "message-signature") verifyMessageDigest(content, artifact)
  else verifyPayload(content, artifact, digestOf)
  if (subjects === undefined) return
  const expected = `an attestation that names ${namesText(subjects)}`
  refuse("mismatch", `subject: expected ${expected}, found a signature that names nothing`)
}
