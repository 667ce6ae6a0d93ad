// Rekor v1, dsse 0.0.1: the signatures of a DSSE v1 envelope that comes as a JSON text, with digests of the
// payload and of that text. The envelope itself is not kept.
import { canonicalBase64 } from "../../core/base/any-base64.ts"
import { utf8 } from "../../core/base/bytes.ts"
import { bug, refuse } from "../../core/base/errors.ts"
import { asList, asObject, asText, isAbsent, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_ENVELOPE } from "../../core/base/limits.ts"
import { formatBase64, formatHex, parseBase64 } from "../../core/base/text.ts"
import { messageAlgorithm } from "../algorithm.ts"
import { readBase64 } from "../base64-fields.ts"
import type { JsonValue } from "../canonical-json.ts"
import { assertCount, assertPayloadType, dssePae, MOST_SIGNATURES } from "../dsse.ts"
import type { Proposal } from "../entry.ts"
import {
  assertMessageKey,
  needed,
  type PemVerifier,
  readPemVerifier,
  readSignature,
} from "../rekor-v1/parts.ts"
import { sha256Text } from "../search-terms.ts"
import {
  claimsOver,
  findableEnvelope,
  formatBody,
  messageCheck,
  type ProposalOptions,
  proposalOf,
  sha256Of,
} from "../signature.ts"
import { assertNoneIdle, unboundEnvelope } from "./dsse-v002.ts"
import type { LoggedKind, RecordedKeys, RecordedParts, StatementOf } from "./kind.ts"
import { digestV1, pemSignature } from "./recorded.ts"
import {
  clientsSha256,
  envelopeSigned,
  membersOf,
  onlySignature,
  payloadDigestOf,
  pemContent,
  signatureContent,
} from "./stated.ts"

const named = { kind: "dsse", version: "0.0.1" } as const
const NOT_BOTH =
  "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both"

function readEnvelopeSignature(value: unknown): string {
  const { sig } = asObject(value, "signature of the envelope")
  return formatBase64(readSignature(sig, "rekor-v1 dsse sig"))
}

/** Payload and signatures are canonical base64 however they were spelled, no two signatures alike. */
function readEnvelope(text: string) {
  const envelope = asObject(parseJson(text, "envelope", LONGEST_ENVELOPE), "envelope")
  const { payload, signatures } = envelope
  const payloadType = asText(envelope["payloadType"], "payloadType")
  assertPayloadType(payloadType)
  const list = asList(signatures ?? [], "signatures", MOST_SIGNATURES)
  if (list.length === 0) {
    refuse("malformed", "DSSE envelope must contain 1 or more signatures, found none")
  }
  const sent = asText(payload, "payload")
  const bytes = readBase64("rekor-v1 dsse payload", sent, "payload")
  return {
    payloadType,
    base64: canonicalBase64(sent, bytes),
    payload: bytes,
    signatures: [...new Set(list.map(readEnvelopeSignature))],
  }
}

/** Go's clients send the members that the log computes as `null` or as an empty list. */
function isUnset(value: unknown): boolean {
  return isAbsent(value) || (Array.isArray(value) && value.length === 0)
}

function readProposedContent(spec: unknown) {
  const { proposedContent, ...computed } = asObject(spec, "spec", [
    "proposedContent",
    "signatures",
    "envelopeHash",
    "payloadHash",
  ])
  needed(proposedContent, "missing proposed content: expected spec.proposedContent")
  if (!Object.values(computed).every(isUnset)) refuse("malformed", NOT_BOTH)
  return asObject(proposedContent, "proposedContent", ["envelope", "verifiers"])
}

function readVerifiers(value: unknown, options: ProposalOptions): readonly PemVerifier[] {
  const list = asList(value ?? [], "verifiers", MOST_SIGNATURES)
  assertCount(list.length, "verifiers")
  const verifiers = list.map((content) => readPemVerifier(content, options))
  for (const { key } of verifiers) assertMessageKey(key, options)
  return verifiers
}

function sha256Json(digest: Uint8Array): JsonValue {
  return { algorithm: "sha256", value: formatHex(digest) }
}

/** `held` is the position of each signature's verifier. */
function signaturesJson(
  signatures: readonly string[],
  verifiers: readonly PemVerifier[],
  held: readonly number[],
): JsonValue {
  if (held.length !== signatures.length) bug("a position for each signature is needed")
  assertNoneIdle(verifiers.length, held)
  return signatures
    .map((signature, i) => {
      const verifier = verifiers[held[i] ?? -1] ?? bug("no verifier at that position")
      return { signature, verifier: verifier.content }
    })
    .toSorted((a, b) => (a.signature < b.signature ? -1 : 1))
}

/** Its body refuses `bad-signature` for a verifier that no signature holds under. */
function propose(spec: unknown, options: ProposalOptions): Proposal {
  const { envelope, verifiers: contents } = readProposedContent(spec)
  if (isAbsent(envelope)) refuse("malformed", "missing proposed DSSE envelope: found nothing")
  const text = asText(envelope, "envelope")
  const { payloadType, base64, payload, signatures } = readEnvelope(text)
  const verifiers = readVerifiers(contents, options)
  const message = dssePae(payloadType, payload)
  const sha256 = sha256Of(options)
  const payloadDigest = sha256(payload)
  const envelopeDigest = sha256(utf8(text))
  const pairs = signatures.map((signature) => {
    const bytes = parseBase64(signature, "signature")
    return verifiers.map(({ key }) => messageCheck(key, bytes, message, "sha256"))
  })
  const claims = claimsOver(pairs, options)
  const keys = verifiers.map(({ key }) => key)
  const found = findableEnvelope(named, keys, { payloadType, payload }, payloadDigest)
  const kept = { payload: base64, payloadType, signatures: signatures.map((sig) => ({ sig })) }
  const bodyOf = (held: readonly number[]) =>
    formatBody(named, {
      envelopeHash: sha256Json(envelopeDigest),
      payloadHash: sha256Json(payloadDigest),
      signatures: signaturesJson(signatures, verifiers, held),
    })
  return proposalOf({ ...found, envelope: sha256Text(envelopeDigest) }, claims, bodyOf, kept)
}

function read(spec: unknown, keys: RecordedKeys): RecordedParts {
  const { payloadHash, signatures } = asObject(spec, "spec")
  const list = asList(signatures, "signatures", MOST_SIGNATURES).map((item) => {
    const { signature, verifier } = asObject(item, "signature")
    return pemSignature(signature, verifier, keys)
  })
  return { payload: digestV1(payloadHash), signatures: list }
}

/**
 * `envelopeHash` is over the JSON text that the client sent, which no bundle keeps. It binds nothing that is not bound
 * otherwise: the payload by its own digest, its type by the signature, which is over both, and signature and key by
 * themselves. So it counts as it is logged.
 */
const statement: StatementOf = (thing, key, spec) => {
  if (thing.form !== "envelope") return undefined
  const { envelopeHash, signatures } = membersOf(spec)
  const { signature: content, verifier } = onlySignature(signatures)
  const payloadHash = sha256Json(payloadDigestOf(thing))
  return {
    ...named,
    algorithm: messageAlgorithm[key.keyType],
    signed: envelopeSigned(thing, key),
    body: (signature) =>
      formatBody(named, {
        envelopeHash: clientsSha256(envelopeHash),
        payloadHash,
        signatures: [
          { signature: signatureContent(content, signature), verifier: pemContent(verifier, key) },
        ],
      }),
  }
}

export const dsseV001 = {
  ...named,
  read,
  checks: undefined,
  envelope: unboundEnvelope("sha256"),
  rekorV1: { propose },
  statement,
} as const satisfies LoggedKind
