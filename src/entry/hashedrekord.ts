// Entries of kind hashedrekord (Rekor v2, version 0.0.2): a signature over the digest of an artifact,
// with the key it verifies under. The artifact itself is never seen.
import { assertBodyLength } from "../core/bundle.ts"
import { formatBase64 } from "../core/text.ts"
import { algorithms, digestAlgorithm, sigstoreHashName } from "./algorithm.ts"
import { canonicalJson } from "./canonical-json.ts"
import type { Proposal, SignatureCheck } from "./entry.ts"
import {
  assertHash,
  assertTaken,
  type HeldSignature,
  type ProposalOptions,
  parseDigest,
  parseSignature,
  signatureJson,
} from "./signature.ts"
import { readVerifierKeyText, type VerifierKeyText } from "./verifier-key.ts"

/** A submission. Exactly one of `publicKey` and `certificate` is there, base64 of DER. */
export interface HashedrekordRequest extends VerifierKeyText {
  readonly kind: "hashedrekord"
  /** `sha256:`, `sha384:` or `sha512:` with lower-case hex: the hash that belongs to the key. */
  readonly digest: string
  /** Base64: ECDSA in DER, RSA PKCS#1 v1.5, or Ed25519ph. */
  readonly signature: string
}

export interface HashedrekordParts extends HeldSignature {
  readonly digest: Uint8Array
}

/** The canonical body. The caller vouches for the signature and for the digest's length. */
export function hashedrekordBody(parts: HashedrekordParts): Uint8Array {
  const body = canonicalJson({
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: {
      hashedRekordV002: {
        data: {
          algorithm: sigstoreHashName[algorithms[parts.algorithm].hash],
          digest: formatBase64(parts.digest),
        },
        signature: signatureJson(parts),
      },
    },
  })
  assertBodyLength(body)
  return body
}

/**
 * Checks everything about a submission but its signature. Refuses `malformed`, `too-large`, or
 * `unsupported` when the key, its algorithm or the digest's hash is not one that is taken.
 */
export function proposeHashedrekord(
  request: HashedrekordRequest,
  options: ProposalOptions = {},
): Proposal {
  const signature = parseSignature(request.signature, "signature")
  const digest = parseDigest(request.digest)
  const key = (options.readKey ?? readVerifierKeyText)(request)
  const algorithm = digestAlgorithm[key.keyType]
  assertTaken(algorithm, options)
  assertHash(digest, algorithm)
  const check: SignatureCheck = {
    algorithm,
    spki: key.spki,
    signature,
    signed: { form: "digest", digest: digest.bytes },
  }
  const body = hashedrekordBody({ algorithm, digest: digest.bytes, signature, key })
  return { kind: "hashedrekord", claims: [[check]], body: () => body }
}
