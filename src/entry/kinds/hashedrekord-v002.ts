// Entries of kind hashedrekord (Rekor v2, version 0.0.2): a signature over the digest of an artifact,
// with the key it verifies under. The artifact itself is never seen.
import { canonicalBase64 } from "../../core/base/any-base64.ts"
import { utf8 } from "../../core/base/bytes.ts"
import { bug } from "../../core/base/errors.ts"
import { asObject, asText } from "../../core/base/json-value.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { readDigest } from "../../core/base/written-digest.ts"
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { type Algorithm, algorithms, digestAlgorithm, sigstoreHashName } from "../algorithm.ts"
import { readBase64 } from "../base64-fields.ts"
import type { Proposal } from "../entry.ts"
import {
  assertHash,
  assertTaken,
  digestCheck,
  type HeldSignature,
  type ProposalOptions,
  parseDigest,
  parseSignature,
  proposalOf,
} from "../signature.ts"
import {
  canonicalKeyText,
  readVerifierKeyText,
  type VerifierKeyText,
  verifierKeyText,
} from "../verifier-key.ts"
import type { BundleForm, NativeKind, StatementOf } from "./kind.ts"
import { derSignature, digestV2, signedDigestChecks } from "./recorded.ts"
import { assertKnownAlgorithm, digestOfThing, membersOf } from "./stated.ts"

const named = { kind: "hashedrekord", version: "0.0.2" } as const
const { kind, version } = named

/** A submission. Exactly one of `publicKey` and `certificate` is there, base64 of DER. */
export interface HashedrekordRequest extends VerifierKeyText {
  readonly kind: "hashedrekord"
  /** `sha256:`, `sha384:` or `sha512:` with lower-case hex: the hash that belongs to the key. */
  readonly digest: string
  /** Base64: ECDSA in DER, RSA PKCS#1 v1.5, or Ed25519ph. */
  readonly signature: string
}

type HashedrekordParts = HeldSignature & { readonly digest: Uint8Array }

/**
 * RFC 8785 in one piece, several times faster than by the library: the members are in order, and no
 * base64 and no name in them needs an escape.
 */
function formatBody(
  algorithm: Algorithm,
  digest: string,
  signature: string,
  { publicKey, certificate }: VerifierKeyText,
): Uint8Array {
  const hash = sigstoreHashName[algorithms[algorithm].hash]
  const keyName = publicKey === undefined ? "x509Certificate" : "publicKey"
  const body = utf8(
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"${hash}","digest":"${digest}"},"signature":{"content":"${signature}","verifier":{"keyDetails":"${algorithm}","${keyName}":{"rawBytes":"${publicKey ?? certificate}"}}}}}}`,
  )
  assertBodyLength(body)
  return body
}

/** The canonical body. The caller vouches for the signature and for the digest's length. */
export function hashedrekordBody({
  algorithm,
  digest,
  signature,
  key,
}: HashedrekordParts): Uint8Array {
  const texts = [formatBase64(digest), formatBase64(signature)] as const
  return formatBody(algorithm, ...texts, verifierKeyText(key))
}

/**
 * Checks everything about a submission but its signature. Refuses `malformed`, `too-large`, or
 * `unsupported` when the key, its algorithm or the digest's hash is not one that is taken.
 */
export function proposeHashedrekord(
  request: HashedrekordRequest,
  options: ProposalOptions = {},
): Proposal {
  // Before the signature: of an RSA key that is too long that is said, and not that its signature is.
  const key = (options.readKey ?? readVerifierKeyText)(request)
  const signature = parseSignature("native hashedrekord signature", request.signature, "signature")
  const digest = parseDigest(readDigest(request.digest))
  const algorithm = digestAlgorithm[key.keyType]
  assertTaken(algorithm, options)
  assertHash(digest, algorithm)
  const body = formatBody(
    algorithm,
    formatBase64(digest.bytes),
    canonicalBase64(request.signature, signature),
    canonicalKeyText(request, key),
  )
  const found = { kind, version, digest: readDigest(request.digest), keys: [key] }
  return proposalOf(found, [[digestCheck(key, signature, digest.bytes)]], body)
}

const read: NativeKind<HashedrekordRequest>["read"] = (spec, keys) => {
  const { hashedRekordV002 } = asObject(spec, "spec")
  const { data, signature } = asObject(hashedRekordV002, "spec")
  return { digest: digestV2(data), signatures: [derSignature(signature, keys)] }
}

type Bundled = BundleForm<HashedrekordRequest>

const contentOf: Bundled["contentOf"] = (request) => {
  const { hash, bytes } = parseDigest(readDigest(request.digest))
  const content = {
    form: "message-signature",
    messageDigest: { hash, digest: bytes },
    signature: readBase64("native hashedrekord signature", request.signature, "signature"),
  } as const
  return { key: request, content }
}

/** Of an envelope, too: cosign 3 logs one as a hashedrekord over its pre-authentication encoding. */
const statement: StatementOf = (thing, key, spec) => {
  const algorithm = digestAlgorithm[key.keyType]
  const { signature: logged } = membersOf(membersOf(spec)["hashedRekordV002"])
  assertKnownAlgorithm(membersOf(logged))
  const digest = digestOfThing(thing, algorithms[algorithm].hash)
  return {
    ...named,
    algorithm,
    signed: [{ form: "digest", digest }],
    body: (signature) => hashedrekordBody({ algorithm, digest, signature, key }),
  }
}

const requestOf: Bundled["requestOf"] = ({ digest, signatures }) => {
  const [{ key, content } = bug("a hashedrekord has a signature")] = signatures
  return {
    kind,
    digest: digest ?? bug("a hashedrekord has a digest"),
    signature: asText(content, "content"),
    ...verifierKeyText(key),
  }
}

export const hashedrekordV002 = {
  ...named,
  read,
  checks: signedDigestChecks,
  envelope: undefined,
  rekorV1: undefined,
  statement,
  native: {
    propose: proposeHashedrekord,
    bundle: { contentOf, requestOf },
  },
} as const satisfies NativeKind<HashedrekordRequest>
