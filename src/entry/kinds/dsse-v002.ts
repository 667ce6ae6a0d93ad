// Entries of kind dsse (Rekor v2, version 0.0.2): the signatures of a DSSE v1 envelope and the digest of
// its payload. The envelope itself is not kept.
import { canonicalBase64, parseAnyBase64 } from "../../core/base/any-base64.ts"
import { compareBytes } from "../../core/base/bytes.ts"
import { bug, refuse } from "../../core/base/errors.ts"
import { asList, asObject } from "../../core/base/json-value.ts"
import { formatBase64 } from "../../core/base/text.ts"
import { messageAlgorithm } from "../algorithm.ts"
import { readBase64 } from "../base64-fields.ts"
import {
  assertCount,
  assertPayload,
  assertPayloadType,
  type DsseEnvelope,
  dssePae,
  MOST_SIGNATURES,
  parseEnvelope,
} from "../dsse.ts"
import type { Proposal } from "../entry.ts"
import {
  assertTaken,
  claimsOver,
  findableEnvelope,
  formatBody,
  type HeldSignature,
  messageCheck,
  type ProposalOptions,
  parseSignature,
  proposalOf,
  sha256Of,
  signatureJson,
} from "../signature.ts"
import { readVerifierKeyText, type VerifierKeyText, verifierKeyText } from "../verifier-key.ts"
import type {
  BundleForm,
  EnvelopeReading,
  NativeKind,
  RecordedSignature,
  StatementOf,
} from "./kind.ts"
import { derSignature, digestV2, envelopeChecks } from "./recorded.ts"
import { assertKnownAlgorithm, membersOf, onlySignature, payloadDigestOf } from "./stated.ts"

const named = { kind: "dsse", version: "0.0.2" } as const
const { kind } = named

/** A submission. Each signature must hold under one of the verifiers. */
export interface DsseRequest {
  readonly kind: "dsse"
  readonly envelope: DsseEnvelope
  readonly verifiers: readonly VerifierKeyText[]
}

interface DsseParts {
  /** SHA-256 of the decoded payload. */
  readonly payloadDigest: Uint8Array
  /** In any order. */
  readonly signatures: readonly HeldSignature[]
}

/** The canonical body. Refuses `too-large` if it is longer than an entry bundle can hold. */
export function dsseBody(parts: DsseParts): Uint8Array {
  const signatures = parts.signatures.toSorted((a, b) => compareBytes(a.signature, b.signature))
  return formatBody(named, {
    dsseV002: {
      payloadHash: { algorithm: "SHA2_256", digest: formatBase64(parts.payloadDigest) },
      signatures: signatures.map(signatureJson),
    },
  })
}

function assertDistinct(values: readonly Uint8Array[], what: string): void {
  const distinct = new Set(values.map(formatBase64))
  if (distinct.size !== values.length) {
    refuse("malformed", `${what}: expected no two alike, found the same one twice`)
  }
}

/** An entry is found by the keys that came with it, so each of them must have signed something. */
export function assertNoneIdle(verifiers: number, held: readonly number[]): void {
  for (let position = 0; position < verifiers; position++) {
    if (held.includes(position)) continue
    refuse("bad-signature", `could not verify envelope: verifier ${position} verifies no signature`)
  }
}

function readVerifiers({ verifiers }: DsseRequest, options: ProposalOptions) {
  const keys = verifiers.map(options.readKey ?? readVerifierKeyText)
  for (const key of keys) assertTaken(messageAlgorithm[key.keyType], options)
  // Two forms of one key would leave it open which of them the body names.
  const spkis = keys.map(({ spki }) => spki)
  assertDistinct(spkis, "verifiers")
  return keys
}

/**
 * Checks everything about a submission but its signatures: 1 to 10 of them, no two alike, and 1 to 10
 * verifiers. Refuses `malformed`, `unsupported`, or `too-large`, also for a payload that no reader takes. Its
 * body refuses `bad-signature` for a verifier that no signature holds under.
 */
export function proposeDsse(request: DsseRequest, options: ProposalOptions = {}): Proposal {
  const { envelope, verifiers } = request
  const { payloadType } = envelope
  assertCount(envelope.signatures.length, "signatures")
  assertCount(verifiers.length, "verifiers")
  assertPayloadType(payloadType)
  assertPayload(envelope.payload)
  const signatures = envelope.signatures.map(({ sig }, i) =>
    parseSignature("native dsse sig", sig, `signature ${i}`),
  )
  assertDistinct(signatures, "signatures")
  const keys = readVerifiers(request, options)
  const payload = readBase64("native dsse payload", envelope.payload, "payload")
  const message = dssePae(payloadType, payload)
  const heldUnder = (signature: Uint8Array, position: number | undefined): HeldSignature => {
    const key = keys[position ?? -1] ?? bug("no verifier at that position")
    return { algorithm: messageAlgorithm[key.keyType], signature, key }
  }
  const payloadDigest = sha256Of(options)(payload)
  const found = findableEnvelope(named, keys, { payloadType, payload }, payloadDigest)
  const pairs = signatures.map((signature) =>
    keys.map((key) => messageCheck(key, signature, message)),
  )
  const claims = claimsOver(pairs, options)
  function bodyOf(held: readonly number[]): Uint8Array {
    if (held.length !== signatures.length) bug("a position for each signature is needed")
    assertNoneIdle(keys.length, held)
    const holding = signatures.map((signature, i) => heldUnder(signature, held[i]))
    return dsseBody({ payloadDigest, signatures: holding })
  }
  const kept = {
    payload: canonicalBase64(envelope.payload, payload),
    payloadType,
    signatures: envelope.signatures.map(({ sig, keyid }, i) => ({
      sig: canonicalBase64(sig, signatures[i] ?? bug("a signature has its bytes")),
      keyid,
    })),
  }
  return proposalOf(found, claims, bodyOf, kept)
}

const read: NativeKind<DsseRequest>["read"] = (spec, keys) => {
  const { dsseV002 } = asObject(spec, "spec")
  const { payloadHash, signatures } = asObject(dsseV002, "spec")
  const list = asList(signatures, "signatures", MOST_SIGNATURES)
  return { payload: digestV2(payloadHash), signatures: list.map((it) => derSignature(it, keys)) }
}

function readContent({ content }: RecordedSignature): Uint8Array {
  return parseAnyBase64(String(content), "signature")
}

/**
 * Bodies of kind dsse keep no payload type, so the body alone never proves a bad signature. `hash` is what the log
 * hashes messages with, if it is not the key's own.
 */
export function unboundEnvelope(hash?: "sha256"): EnvelopeReading {
  return {
    payloadChecks: () => [],
    envelopeChecks({ signatures }, { payloadType, payload }) {
      const message = dssePae(payloadType, payload)
      return signatures.flatMap((signature) =>
        envelopeChecks(signature.key, message, () => readContent(signature)),
      )
    },
    messageChecks({ signatures }, { payloadType, payload }) {
      const message = dssePae(payloadType, payload)
      return signatures.map((signature) =>
        messageCheck(signature.key, readContent(signature), message, hash),
      )
    },
  }
}

type Bundled = BundleForm<DsseRequest>

const contentOf: Bundled["contentOf"] = ({ envelope, verifiers }) => {
  const { payload, payloadType, signatures } = envelope
  const [key, otherKey] = verifiers
  const [only, other] = signatures
  if ((key === undefined || only === undefined || other) ?? otherKey) {
    return refuse("unsupported", "a bundle holds an envelope with one signature and one key")
  }
  const content = {
    form: "dsse",
    payload: readBase64("native dsse payload", payload, "payload"),
    payloadType,
    signature: readBase64("native dsse sig", only.sig, "signature"),
    ...(only.keyid !== undefined && { keyid: only.keyid }),
  } as const
  return { key, content }
}

const statement: StatementOf = (thing, key, spec) => {
  if (thing.form !== "envelope") return undefined
  const algorithm = messageAlgorithm[key.keyType]
  const { signatures: logged } = membersOf(membersOf(spec)["dsseV002"])
  assertKnownAlgorithm(onlySignature(logged))
  const payloadDigest = payloadDigestOf(thing)
  return {
    ...named,
    algorithm,
    signed: [{ form: "message", message: dssePae(thing.payloadType, thing.payload) }],
    body: (signature) => dsseBody({ payloadDigest, signatures: [{ algorithm, signature, key }] }),
  }
}

const requestOf: Bundled["requestOf"] = ({ signatures }, envelope) => {
  if (envelope === undefined) return undefined
  const verifiers = signatures.map(({ key }) => verifierKeyText(key))
  return { kind, envelope: parseEnvelope(envelope), verifiers }
}

export const dsseV002 = {
  ...named,
  read,
  checks: undefined,
  envelope: unboundEnvelope(),
  rekorV1: undefined,
  statement,
  native: {
    propose: proposeDsse,
    bundle: { contentOf, requestOf },
  },
} as const satisfies NativeKind<DsseRequest>
