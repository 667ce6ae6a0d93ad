// What the bodies of several kinds have in common when they are parsed back: keys, digests and the checks of
// signatures over a digest. Verifies nothing.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { hashNames, isHashName } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asBytes, asObject, asText, isAbsent } from "../../core/base/json-value.ts"
import { MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { parsePemChain } from "../../core/base/pem.ts"
import { formatHex, parseBase64 } from "../../core/base/text.ts"
import {
  type Algorithm,
  algorithms,
  digestAlgorithm,
  everyAlgorithm,
  hashOfSigstoreName,
  messageAlgorithm,
} from "../algorithm.ts"
import type { SignatureCheck } from "../entry.ts"
import { type Digest, messageCheck } from "../signature.ts"
import {
  readVerifierKey,
  readVerifierKeyText,
  sentWith,
  type VerifierKey,
} from "../verifier-key.ts"
import type { DigestChecks, RecordedKeys, RecordedSignature } from "./kind.ts"

/** A key of Rekor v1; refuses as `readVerifierKey` does, and `malformed` for what is no PEM. */
export function readRecordedPem(content: string): VerifierKey {
  const pem = parseUtf8(parseBase64(content, "verifier"), "verifier")
  const [leaf, ...issuers] = parsePemChain(pem, "verifier", MOST_CERTIFICATES)
  const der = leaf?.der ?? refuse("malformed", "verifier: expected PEM, found nothing")
  if (leaf?.label === "PUBLIC KEY") return readVerifierKey({ publicKey: der })
  return sentWith(readVerifierKey({ certificate: der }), issuers)
}

export const uncachedKeys: RecordedKeys = { der: readVerifierKeyText, pem: readRecordedPem }

/** Refuses `unsupported` for an algorithm that is not known here: by its rules nobody can be said to have signed. */
function assertKnown(keyDetails: unknown): void {
  if (typeof keyDetails !== "string" || everyAlgorithm.some((name) => name === keyDetails)) return
  refuse("unsupported", `keyDetails: expected a known algorithm, found ${shown(keyDetails)}`)
}

/** `{content, verifier}` of Rekor v2. */
export function derSignature(signature: unknown, keys: RecordedKeys): RecordedSignature {
  const { content, verifier } = asObject(signature, "signature")
  const { publicKey, x509Certificate, keyDetails } = asObject(verifier, "verifier")
  assertKnown(keyDetails)
  const { rawBytes } = asObject(publicKey ?? x509Certificate, "verifier")
  const text = asText(rawBytes, "rawBytes")
  const key = keys.der(isAbsent(publicKey) ? { certificate: text } : { publicKey: text })
  return { key, content, keyDetails }
}

/** A signature of Rekor v1 beside its key. */
export function pemSignature(content: unknown, verifier: unknown, { pem }: RecordedKeys) {
  return { key: pem(asText(verifier, "verifier")), content }
}

function unknownHash(name: string): never {
  const expected = hashNames.join(", ")
  return refuse("unsupported", `digest: expected one of ${expected}, found ${shown(name)}`)
}

/** `{algorithm, digest}` of Rekor v2, as `algorithm:hex`. */
export function digestV2(value: unknown): string {
  const { algorithm, digest } = asObject(value, "digest")
  const name = asText(algorithm, "algorithm")
  const hash = hashOfSigstoreName(name) ?? unknownHash(name)
  return `${hash}:${formatHex(asBytes(digest, "digest"))}`
}

/** `{algorithm, value}` of Rekor v1, as `algorithm:hex`. */
export function digestV1(hash: unknown): string {
  const { algorithm, value } = asObject(hash, "digest")
  const name = asText(algorithm, "algorithm")
  if (!isHashName(name)) unknownHash(name)
  return `${name}:${asText(value, "value").toLowerCase()}`
}

/**
 * The check of a signature over a ready-made digest. None for a pair of key and hash that other logs
 * take and this one does not: nothing is known of its rules, so nobody may be accused by them.
 */
function digestChecks(
  { key, content }: RecordedSignature,
  { hash, bytes }: Digest,
  algorithm: Algorithm,
): readonly SignatureCheck[] {
  const signature = asBytes(content, "signature")
  if (algorithms[algorithm].hash !== hash) return []
  return [{ algorithm, spki: key.spki, signature, signed: { form: "digest", digest: bytes } }]
}

/** Refuses `malformed` if what the body says of the algorithm cannot be true of the key. */
function assertOwnAlgorithm({ keyType }: VerifierKey, keyDetails: string): void {
  const algorithm = everyAlgorithm.find((name) => name === keyDetails)
  if (algorithm !== undefined && algorithms[algorithm].keyType === keyType) return
  refuse("malformed", `keyDetails: expected an algorithm of ${keyType}, found ${shown(keyDetails)}`)
}

/** Of a signature that was made over the digest itself; refuses `unsupported` an algorithm that is for messages. */
export const signedDigestChecks: DigestChecks = (recorded, digest) => {
  const algorithm = digestAlgorithm[recorded.key.keyType]
  const { keyDetails } = recorded
  if (keyDetails === undefined) return digestChecks(recorded, digest, algorithm)
  const stated = asText(keyDetails, "keyDetails")
  assertOwnAlgorithm(recorded.key, stated)
  if (stated === algorithm) return digestChecks(recorded, digest, algorithm)
  return refuse("unsupported", `keyDetails: expected ${algorithm} for a digest, found ${stated}`)
}

/** Of a signature that was made over the artifact, which only pure Ed25519 needs to see. */
export const signedArtifactChecks: DigestChecks = (recorded, digest) => {
  const algorithm = messageAlgorithm[recorded.key.keyType]
  return algorithm === "PKIX_ED25519" ? [] : digestChecks(recorded, digest, algorithm)
}

/**
 * The check of a signature over the pre-authentication encoding of an envelope. None for larger curves,
 * which some signers hash with SHA-256 and others with their own hash.
 */
export function envelopeChecks(
  key: VerifierKey,
  message: Uint8Array,
  signature: () => Uint8Array,
): readonly SignatureCheck[] {
  const algorithm = messageAlgorithm[key.keyType]
  const isClear = algorithms[algorithm].hash === "sha256" || algorithm === "PKIX_ED25519"
  if (!isClear) return []
  return [messageCheck(key, signature(), message)]
}
