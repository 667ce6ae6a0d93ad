// The caller's artifact, by itself or by its digests, and holding what a bundle is about against it.
import { equalBytes } from "../../core/base/bytes.ts"
import { digestLength, type HashName, hashNames } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { MessageSignature, SignedEnvelope, SignedThing } from "../../entry/kinds/kind.ts"
import { IN_TOTO_PAYLOAD_TYPE } from "../../entry/statement/pae.ts"
import { isSubject, readSubjects } from "../../entry/statement/subjects.ts"
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
 * Holds a bundle's content against the artifact; for an attestation, one of `subjects` must be its name. Refuses
 * `mismatch`, or as the reader of the statement does.
 */
export function verifyContent(
  { content }: SigstoreBundle,
  artifact: Artifact,
  subjects: readonly string[] | undefined,
  digestOf: Digest,
): void {
  if (content.form === "message-signature") verifyMessageDigest(content, artifact)
  else if (content.payloadType === IN_TOTO_PAYLOAD_TYPE) {
    verifySubject(content.payload, artifact, subjects)
  } else verifyPayload(content, artifact, digestOf)
}
