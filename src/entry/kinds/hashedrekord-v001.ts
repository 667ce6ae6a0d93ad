// Rekor v1, hashedrekord 0.0.1: a signature over the digest of an artifact. The body repeats the digest as
// it was sent and the key in canonical PEM.

import { utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { asObject, isAbsent } from "../../core/base/json-value.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { digestAlgorithm } from "../algorithm.ts"
import type { Proposal, SignatureCheck } from "../entry.ts"
import { readHash } from "../rekor-v1/hash.ts"
import { readPemVerifier, readSignature } from "../rekor-v1/verifier.ts"
import { assertHash, assertTaken, type ProposalOptions } from "../signature.ts"
import type { LoggedKind, RecordedKeys, RecordedParts } from "./kind.ts"
import { proposalOf } from "./proposal.ts"
import { digestV1, pemSignature, signedDigestChecks } from "./recorded.ts"

const named = { kind: "hashedrekord", version: "0.0.1" } as const
const { kind, version } = named
const NOT_ALLOWED = "entry algorithms are not allowed"

/** RFC 8785 in one piece, as in hashedrekord-v002.ts: every text is hex or base64. */
function formatBody(hash: ReturnType<typeof readHash>, signature: string, key: string): Uint8Array {
  const body = utf8(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"${hash.hash}","value":"${hash.text}"}},"signature":{"content":"${signature}","publicKey":{"content":"${key}"}}}}`,
  )
  assertBodyLength(body)
  return body
}

function propose(spec: unknown, options: ProposalOptions): Proposal {
  const members = asObject(spec, "spec", ["data", "signature"])
  if (isAbsent(members.signature)) {
    refuse("malformed", "missing signature: expected spec.signature, found nothing")
  }
  const { content, publicKey } = asObject(members.signature, "signature", ["content", "publicKey"])
  // The key first: of an RSA key that is too long that is said, and not that its signature is.
  const verifier = readPemVerifier(
    asObject(publicKey ?? {}, "public key", ["content"]).content,
    options,
  )
  const signature = readSignature(content)
  if (isAbsent(members.data)) {
    refuse("malformed", "missing data: expected spec.data, found nothing")
  }
  const hash = readHash(asObject(members.data, "data", ["hash"]).hash)
  const { key } = verifier
  const algorithm = digestAlgorithm[key.keyType]
  assertHash(hash, algorithm, NOT_ALLOWED)
  assertTaken(algorithm, options, NOT_ALLOWED)
  const check: SignatureCheck = {
    algorithm,
    spki: key.spki,
    signature,
    signed: { form: "digest", digest: hash.bytes },
  }
  const body = formatBody(hash, formatBase64(signature), verifier.content)
  const digest = `${hash.hash}:${hash.text.toLowerCase()}`
  return proposalOf({ kind, version, keys: [key], digest }, [[check]], body)
}

/** Also of rekord 0.0.1, whose bodies are made alike. */
export function readArtifactSpec(spec: unknown, keys: RecordedKeys): RecordedParts {
  const { data, signature } = asObject(spec, "spec", ["data", "signature"])
  const { content, format, publicKey } = asObject(signature, "signature", [
    "content",
    "format",
    "publicKey",
  ])
  if (!isAbsent(format) && format !== "x509") {
    refuse("unsupported", "signature format: expected x509, found another one")
  }
  const verifier = asObject(publicKey, "publicKey", ["content"]).content
  const recorded = pemSignature(content, verifier, keys)
  const { hash } = asObject(data, "data", ["hash"])
  return { digest: digestV1(hash), signatures: [recorded] }
}

/** The pairs of key and hash are those of the algorithms; Ed25519 keys sign as Ed25519ph. */
export const hashedrekordV001 = {
  ...named,
  read: readArtifactSpec,
  checks: signedDigestChecks,
  envelope: undefined,
  rekorV1: { propose, envelopeOf: () => undefined },
} as const satisfies LoggedKind
