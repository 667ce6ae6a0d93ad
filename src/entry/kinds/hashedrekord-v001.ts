// Rekor v1, hashedrekord 0.0.1: a signature over the digest of an artifact. The body repeats the digest as
// it was sent and the key in canonical PEM.
import { utf8 } from "../../core/base/bytes.ts"
import { isHashName } from "../../core/base/digest.ts"
import { refuse } from "../../core/base/errors.ts"
import { asObject, isAbsent } from "../../core/base/json-value.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { algorithms, digestAlgorithm, type HashName } from "../algorithm.ts"
import type { Proposal } from "../entry.ts"
import { needed, readHash, readSigned } from "../rekor-v1/parts.ts"
import {
  assertHash,
  assertTaken,
  digestCheck,
  type ProposalOptions,
  proposalOf,
} from "../signature.ts"
import type { LoggedKind, RecordedKeys, RecordedParts, StatementOf } from "./kind.ts"
import { digestV1, pemSignature, signedDigestChecks } from "./recorded.ts"
import { digestOfThing, hexContent, membersOf, pemContent, signatureContent } from "./stated.ts"

const named = { kind: "hashedrekord", version: "0.0.1" } as const
const NOT_ALLOWED = "entry algorithms are not allowed"

/** RFC 8785 in one piece, as in hashedrekord-v002.ts: every text is hex or base64. */
function formatBody(
  hash: Pick<ReturnType<typeof readHash>, "hash" | "text">,
  signature: string,
  key: string,
): Uint8Array {
  const body = utf8(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"${hash.hash}","value":"${hash.text}"}},"signature":{"content":"${signature}","publicKey":{"content":"${key}"}}}}`,
  )
  assertBodyLength(body)
  return body
}

function propose(spec: unknown, options: ProposalOptions): Proposal {
  const { data, signature } = asObject(spec, "spec")
  const sent = asObject(
    needed(signature, "missing signature: expected spec.signature"),
    "signature",
  )
  const { signature: bytes, verifier } = readSigned(sent, options)
  const { hash } = asObject(needed(data, "missing data: expected spec.data"), "data")
  const digest = readHash(hash)
  const { key, content } = verifier
  const algorithm = digestAlgorithm[key.keyType]
  assertHash(digest, algorithm, NOT_ALLOWED)
  assertTaken(algorithm, options, NOT_ALLOWED)
  const found = { ...named, keys: [key], digest: `${digest.hash}:${digest.text.toLowerCase()}` }
  const body = formatBody(digest, formatBase64(bytes), content)
  return proposalOf(found, [[digestCheck(key, bytes, digest.bytes)]], body)
}

/** Also of rekord 0.0.1, whose bodies are made alike. */
export function readArtifactSpec(spec: unknown, keys: RecordedKeys): RecordedParts {
  const { data, signature } = asObject(spec, "spec")
  const { content, format, publicKey } = asObject(signature, "signature")
  if (!isAbsent(format) && format !== "x509") {
    refuse("unsupported", "signature format: expected x509, found another one")
  }
  const verifier = asObject(publicKey, "publicKey", ["content"]).content
  const recorded = pemSignature(content, verifier, keys)
  const { hash } = asObject(data, "data")
  return { digest: digestV1(hash), signatures: [recorded] }
}

/** Refuses `unsupported` for a pair of key and hash that other logs take: the signature cannot be verified here. */
function assertOwnHash(stated: unknown, own: HashName, keyType: string): void {
  if (stated === own || typeof stated !== "string" || !isHashName(stated)) return
  refuse("unsupported", `hash: expected ${own} for a key of type ${keyType}, found ${stated}`)
}

/** Digest, signature and key are bound; their spelling, and certificates behind the key's own, are the client's. */
const statement: StatementOf = (thing, key, spec) => {
  const algorithm = digestAlgorithm[key.keyType]
  const { hash } = algorithms[algorithm]
  const { data, signature: logged } = membersOf(spec)
  const { algorithm: stated, value } = membersOf(membersOf(data)["hash"])
  assertOwnHash(stated, hash, key.keyType)
  const { content, publicKey } = membersOf(logged)
  const { content: pem } = membersOf(publicKey)
  const digest = digestOfThing(thing, hash)
  const text = hexContent(value, digest)
  return {
    ...named,
    algorithm,
    signed: [{ form: "digest", digest }],
    body: (signature) =>
      formatBody({ hash, text }, signatureContent(content, signature), pemContent(pem, key)),
  }
}

/** The pairs of key and hash are those of the algorithms; Ed25519 keys sign as Ed25519ph. */
export const hashedrekordV001 = {
  ...named,
  read: readArtifactSpec,
  checks: signedDigestChecks,
  envelope: undefined,
  rekorV1: { propose },
  statement,
} as const satisfies LoggedKind
