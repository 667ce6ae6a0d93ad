// Entries of kind dsse (Rekor v2, version 0.0.2): the signatures of a DSSE v1 envelope and the digest of
// its payload. The envelope itself is not kept.

import { compareBytes, concat, utf8 } from "../core/base/bytes.ts"
import { bug, refuse, shown } from "../core/base/errors.ts"
import { LONGEST_PAYLOAD } from "../core/base/limits.ts"
import { formatBase64, parseBase64 } from "../core/base/text.ts"
import { assertBodyLength } from "../core/tree/bundle.ts"
import { messageAlgorithm } from "./algorithm.ts"
import { canonicalJson } from "./canonical-json.ts"
import type { Proposal, SignatureCheck } from "./entry.ts"
import { sha256Text, termsOf } from "./search-terms.ts"
import {
  assertTaken,
  type HeldSignature,
  type ProposalOptions,
  parseSignature,
  sha256Of,
  signatureJson,
} from "./signature.ts"
import { readVerifierKeyText, type VerifierKey, type VerifierKeyText } from "./verifier-key.ts"

/** One signature of an envelope. */
export interface DsseSignature {
  readonly sig: string
  /** A hint of the signer's; not kept. */
  readonly keyid?: string | undefined
}

/** DSSE v1; `payload` and each `sig` are padded standard base64. */
export interface DsseEnvelope {
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly DsseSignature[]
}

/** A submission. Each signature must hold under one of the verifiers. */
export interface DsseRequest {
  readonly kind: "dsse"
  readonly envelope: DsseEnvelope
  readonly verifiers: readonly VerifierKeyText[]
}

export interface DsseParts {
  /** SHA-256 of the decoded payload. */
  readonly payloadDigest: Uint8Array
  /** In any order. */
  readonly signatures: readonly HeldSignature[]
}

/** How many signatures an envelope may have, and how many verifiers. */
export const MOST_SIGNATURES = 10
const LONGEST_PAYLOAD_TYPE = 256

/** DSSE v1, "pre-authentication encoding": the message that the signatures are made over. */
export function dssePae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  const start = concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `))
  return concat(start, payload)
}

/** The canonical body. Refuses `too-large` if it is longer than an entry bundle can hold. */
export function dsseBody(parts: DsseParts): Uint8Array {
  const signatures = parts.signatures.toSorted((a, b) => compareBytes(a.signature, b.signature))
  const body = canonicalJson({
    apiVersion: "0.0.2",
    kind: "dsse",
    spec: {
      dsseV002: {
        payloadHash: { algorithm: "SHA2_256", digest: formatBase64(parts.payloadDigest) },
        signatures: signatures.map(signatureJson),
      },
    },
  })
  assertBodyLength(body)
  return body
}

/** Refuses unless there are 1 to 10. */
export function assertCount(found: number, what: string): void {
  if (found >= 1 && found <= MOST_SIGNATURES) return
  const code = found > MOST_SIGNATURES ? "too-large" : "malformed"
  refuse(code, `${what}: expected 1 to ${MOST_SIGNATURES}, found ${found}`)
}

function assertPayload(base64: string): void {
  if (base64.length <= LONGEST_PAYLOAD) return
  refuse(
    "too-large",
    `payload: expected up to ${LONGEST_PAYLOAD} characters of base64, found ${base64.length}`,
  )
}

/** Refuses `malformed` unless it is 1 to 256 characters. */
export function assertPayloadType(payloadType: string): void {
  const { length } = payloadType
  if (length >= 1 && length <= LONGEST_PAYLOAD_TYPE && payloadType.isWellFormed()) return
  refuse(
    "malformed",
    `payloadType: expected 1 to ${LONGEST_PAYLOAD_TYPE} characters of well-formed text, found ${shown(payloadType)}`,
  )
}

function assertDistinct(values: readonly Uint8Array[], what: string): void {
  const distinct = new Set(values.map(formatBase64))
  if (distinct.size !== values.length) {
    refuse("malformed", `${what}: expected no two alike, found the same one twice`)
  }
}

function readVerifiers(request: DsseRequest, options: ProposalOptions): readonly VerifierKey[] {
  const keys = request.verifiers.map(options.readKey ?? readVerifierKeyText)
  for (const key of keys) assertTaken(messageAlgorithm[key.keyType], options)
  // Two forms of one key would leave it open which of them the body names.
  assertDistinct(
    keys.map((key) => key.spki),
    "verifiers",
  )
  return keys
}

/**
 * Checks everything about a submission but its signatures: 1 to 10 of them, no two alike, and 1 to 10
 * verifiers. Refuses `malformed`, `unsupported`, or `too-large`, also for a payload that no reader takes.
 */
export function proposeDsse(request: DsseRequest, options: ProposalOptions = {}): Proposal {
  const { envelope, verifiers } = request
  const { payloadType } = envelope
  assertCount(envelope.signatures.length, "signatures")
  assertCount(verifiers.length, "verifiers")
  assertPayloadType(payloadType)
  assertPayload(envelope.payload)
  const signatures = envelope.signatures.map(({ sig }, i) => parseSignature(sig, `signature ${i}`))
  assertDistinct(signatures, "signatures")
  const keys = readVerifiers(request, options)
  const payload = parseBase64(envelope.payload, "payload")
  const signed = { form: "message", message: dssePae(payloadType, payload) } as const
  const check = (signature: Uint8Array, key: VerifierKey): SignatureCheck => {
    return { algorithm: messageAlgorithm[key.keyType], spki: key.spki, signature, signed }
  }
  const heldUnder = (signature: Uint8Array, position: number | undefined): HeldSignature => {
    const key = keys[position ?? -1] ?? bug("no verifier at that position")
    return { algorithm: messageAlgorithm[key.keyType], signature, key }
  }
  const payloadDigest = sha256Of(options)(payload)
  const named = { kind: "dsse", version: "0.0.2" } as const
  const statement = { payloadType, payload }
  return {
    ...named,
    terms: termsOf({ ...named, keys, payload: sha256Text(payloadDigest), statement }),
    claims: signatures.map((signature) => keys.map((key) => check(signature, key))),
    body(held) {
      if (held.length !== signatures.length) bug("a position for each signature is needed")
      const holding = signatures.map((signature, i) => heldUnder(signature, held[i]))
      return dsseBody({ payloadDigest, signatures: holding })
    },
  }
}
