// Rekor v1, intoto 0.0.2: a DSSE v1 envelope whose payload and signatures are base64 of base64, each
// signature beside its own key. The body keeps everything as it was sent but the payload, of which it has
// the digest.
import { canonicalBase64 } from "../../core/base/any-base64.ts"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse, shown, unlessRefused } from "../../core/base/errors.ts"
import {
  asBytes,
  asList,
  asObject,
  asText,
  isAbsent,
  optional,
} from "../../core/base/json-value.ts"
import { formatBase64, formatHex, parseBase64 } from "../../core/base/text.ts"
import { messageAlgorithm } from "../algorithm.ts"
import { type Base64Field, readBase64 } from "../base64-fields.ts"
import type { JsonValue } from "../canonical-json.ts"
import { assertPayloadType, dssePae, MOST_SIGNATURES } from "../dsse.ts"
import type { Proposal } from "../entry.ts"
import { assertMessageKey, needed, readHash, readPemVerifier } from "../rekor-v1/parts.ts"
import {
  claimsOver,
  findableEnvelope,
  formatBody,
  messageCheck,
  type ProposalOptions,
  parseSignature,
  proposalOf,
  sha256Of,
} from "../signature.ts"
import type {
  EnvelopeReading,
  LoggedKind,
  RecordedKeys,
  RecordedParts,
  RecordedSignature,
  StatementOf,
} from "./kind.ts"
import { digestV1, envelopeChecks, pemSignature } from "./recorded.ts"
import {
  clientsSha256,
  envelopeSigned,
  membersOf,
  onlySignature,
  payloadDigestOf,
  pemContent,
  signatureContent,
} from "./stated.ts"

const named = { kind: "intoto", version: "0.0.2" } as const

/** Base64 of base64: the inner text, and the outer one in its canonical spelling. */
function readOuter(field: Base64Field, value: unknown, what: string) {
  const text = asText(value, what)
  const bytes = readBase64(field, text, what)
  return { inner: parseUtf8(bytes, what), outer: canonicalBase64(text, bytes) }
}

function readKeyId(value: unknown): string | undefined {
  const keyid = optional(value, (present) => asText(present, "keyid"))
  if (keyid === undefined || keyid === "") return undefined
  return keyid.isWellFormed()
    ? keyid
    : refuse("malformed", `keyid: expected well-formed text, found ${shown(keyid)}`)
}

/** A signature and its own key; `json` is what was sent. */
function readSignatureWithKey(value: unknown, options: ProposalOptions) {
  const { sig, publicKey, keyid } = asObject(value, "signature of the envelope")
  needed(sig, "missing signature content: expected sig")
  const what = "failed parsing base64 data for signature"
  const { inner, outer } = readOuter("rekor-v1 intoto sig", sig, what)
  const { key, sent } = readPemVerifier(publicKey, options)
  assertMessageKey(key, options)
  return {
    key,
    inner,
    signature: parseSignature("rekor-v1 intoto inner sig", inner, what),
    json: {
      keyid: readKeyId(keyid),
      publicKey: sent,
      sig: outer,
    },
  }
}

function readSignatures(value: unknown, options: ProposalOptions) {
  const list = asList(value ?? [], "signatures", MOST_SIGNATURES)
  if (list.length === 0) refuse("malformed", "missing signatures: expected 1 to 10, found none")
  return list.map((item) => readSignatureWithKey(item, options))
}

/** The digest of the envelope that the client built; nobody can check it. */
function envelopeHash(value: unknown): JsonValue {
  const { hash, text } = readHash(needed(value, "missing envelope digest: expected content.hash"))
  if (hash === "sha256") return { algorithm: hash, value: text }
  return refuse("unsupported", `envelope digest: expected sha256, found ${hash}`)
}

function readContent(spec: unknown) {
  const { content } = asObject(spec, "spec")
  const { envelope, hash } = asObject(content, "content")
  const { payloadType, payload, signatures } = asObject(envelope, "envelope")
  const missing = "missing envelope content: expected envelope.payload"
  needed(payload === "" ? undefined : payload, missing)
  return { payloadType, payload, signatures, hash }
}

/** Each signature must hold under the key beside it. */
function propose(spec: unknown, options: ProposalOptions): Proposal {
  const content = readContent(spec)
  const payloadType = asText(content.payloadType, "payloadType")
  assertPayloadType(payloadType)
  const { inner } = readOuter(
    "rekor-v1 intoto payload",
    content.payload,
    "failed parsing base64 data for payload",
  )
  const what = "could not decode envelope payload"
  const payload = readBase64("rekor-v1 intoto inner payload", inner, what)
  const signatures = readSignatures(content.signatures, options)
  const message = dssePae(payloadType, payload)
  const payloadDigest = sha256Of(options)(payload)
  const body = formatBody(named, {
    content: {
      envelope: { payloadType, signatures: signatures.map(({ json }) => json) },
      hash: envelopeHash(content.hash),
      payloadHash: { algorithm: "sha256", value: formatHex(payloadDigest) },
    },
  })
  const keys = signatures.map(({ key }) => key)
  const found = findableEnvelope(named, keys, { payloadType, payload }, payloadDigest)
  const checks = signatures.map(({ key, signature }) => [
    messageCheck(key, signature, message, "sha256"),
  ])
  const claims = claimsOver(checks, options)
  // What was in base64 twice is kept in the envelope's own form.
  const kept = {
    payload: inner,
    payloadType,
    signatures: signatures.map((each) => ({ sig: each.inner })),
  }
  return proposalOf(found, claims, body, kept)
}

function read(spec: unknown, keys: RecordedKeys): RecordedParts {
  const { content } = asObject(spec, "spec")
  const { envelope, payloadHash } = asObject(content, "content")
  const { payloadType, signatures } = asObject(envelope, "envelope")
  const list = asList(signatures, "signatures", MOST_SIGNATURES).map((item) => {
    const { sig, publicKey } = asObject(item, "signature")
    return pemSignature(sig, publicKey, keys)
  })
  return { payload: digestV1(payloadHash), payloadType, signatures: list }
}

function readSig({ content }: RecordedSignature): Uint8Array {
  return parseBase64(parseUtf8(asBytes(content, "sig"), "sig"), "sig")
}

const payloadChecks: EnvelopeReading["payloadChecks"] = ({ payloadType, signatures }, payload) => {
  const message = dssePae(asText(payloadType, "payloadType"), payload)
  return signatures.flatMap((recorded) => {
    const signature = readSig(recorded)
    return envelopeChecks(recorded.key, message, () => signature)
  })
}

/** The type in the body is the one that was signed, so another one's signatures fail. */
const messageChecks: EnvelopeReading["messageChecks"] = ({ signatures }, kept) => {
  const message = dssePae(kept.payloadType, kept.payload)
  return signatures.map((recorded) =>
    messageCheck(recorded.key, readSig(recorded), message, "sha256"),
  )
}

/** Base64 of base64 of a signature or a payload, the logged text as it is spelled if that is what it says. */
function doubleContent(logged: unknown, signature: Uint8Array): string {
  const inner = unlessRefused(() => parseUtf8(parseBase64(asText(logged, "sig"), "sig"), "sig"))
  return formatBase64(utf8(signatureContent(inner, signature)))
}

/** Some logs keep the payload too, in base64 of base64; if it is there it must be the one. */
function loggedPayload(logged: unknown, payload: Uint8Array): string | undefined {
  return isAbsent(logged) ? undefined : doubleContent(logged, payload)
}

/**
 * `hash` is over an envelope that the client built, and not even the log looks at it; `keyid` is a name of the client's.
 * They bind nothing that is not bound otherwise: the payload by its own digest, type, signature and key by themselves.
 * So they count as they are logged.
 */
const statement: StatementOf = (thing, key, spec) => {
  if (thing.form !== "envelope") return undefined
  const { envelope, hash } = membersOf(membersOf(spec)["content"])
  const { signatures, payload: logged } = membersOf(envelope)
  const { sig, publicKey, keyid } = onlySignature(signatures)
  const payload = loggedPayload(logged, thing.payload)
  const payloadHash = { algorithm: "sha256", value: formatHex(payloadDigestOf(thing)) }
  const { payloadType } = thing
  return {
    ...named,
    algorithm: messageAlgorithm[key.keyType],
    signed: envelopeSigned(thing, key),
    body(signature) {
      const own = {
        keyid: typeof keyid === "string" && keyid.isWellFormed() ? keyid : undefined,
        publicKey: pemContent(publicKey, key),
        sig: doubleContent(sig, signature),
      }
      return formatBody(named, {
        content: {
          envelope: { payload, payloadType, signatures: [own] },
          hash: clientsSha256(hash),
          payloadHash,
        },
      })
    },
  }
}

export const intotoV002 = {
  ...named,
  read,
  checks: undefined,
  envelope: { payloadChecks, envelopeChecks: () => [], messageChecks },
  rekorV1: { propose },
  statement,
} as const satisfies LoggedKind
