// Signed messages out of Sigstore bundles (0.1 to 0.3, with entries of Rekor v1, Rekor v2 or none) and out of cosign's
// older bundles. Read leniently on purpose: what some verifier may accept must not pass here as nothing. Nothing is
// verified; what is taken from here is held against the log.
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import {
  asInteger,
  asList,
  asObject,
  asText,
  isAbsent,
  optional,
  parseJson,
} from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE, MOST_BUNDLE_ENTRIES, MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { parsePemChain } from "../../core/base/pem.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { hashOfSigstoreName } from "../../entry/algorithm.ts"
import {
  type Accompanied,
  envelopeMessages,
  isEnvelope,
  type SignedMessage,
  type StatedEntry,
} from "./signed-message.ts"

function bytesOf(value: unknown, what: string): Uint8Array {
  return parseAnyBase64(asText(value, what), what)
}

/** Rekor v1 counts over all its shards in `logIndex`, and within one in the proof. */
function readStated(value: unknown, what: string): readonly StatedEntry[] {
  const entry = asObject(value, what)
  const body = optional(entry["canonicalizedBody"], (it) =>
    bytesOf(it, `${what}.canonicalizedBody`),
  )
  const proof = optional(entry["inclusionProof"], (it) => asObject(it, `${what}.inclusionProof`))
  const indexes = [
    entry["logIndex"] ?? "0",
    ...(proof === undefined ? [] : [proof["logIndex"] ?? "0"]),
  ]
  const distinct = new Set(indexes.map((index) => asInteger(index, `${what}.logIndex`)))
  return [...distinct].map((index) => ({ index, ...present({ body }) }))
}

function readCertificate(material: Readonly<Record<string, unknown>>): Uint8Array | undefined {
  const raw = (value: unknown, what: string) => bytesOf(asObject(value, what)["rawBytes"], what)
  const own = optional(material["certificate"], (it) => raw(it, "certificate"))
  if (own !== undefined) return own
  return optional(material["x509CertificateChain"], (it) => {
    const { certificates } = asObject(it, "x509CertificateChain")
    const [leaf] = asList(certificates ?? [], "certificates", MOST_CERTIFICATES)
    return leaf === undefined ? undefined : raw(leaf, "certificates[0]")
  })
}

/** A signature over an artifact, or over anything else that the bundle does not hold. */
function artifactMessage(
  value: unknown,
  certificate: Uint8Array | undefined,
  stated: readonly StatedEntry[],
): SignedMessage {
  const what = "messageSignature"
  const { messageDigest, signature } = asObject(value, what)
  const digests = optional(messageDigest, (it) => {
    const { algorithm, digest } = asObject(it, `${what}.messageDigest`)
    const hash = hashOfSigstoreName(asText(algorithm, `${what}.messageDigest.algorithm`))
    const hex = formatHex(bytesOf(digest, `${what}.messageDigest.digest`))
    return hash === undefined ? [] : [`${hash}:${hex}`]
  })
  const bytes = bytesOf(signature, `${what}.signature`)
  return {
    form: "artifact",
    digests: digests ?? [],
    signature: bytes,
    stated,
    ...present({ certificate }),
  }
}

function sigstoreMessages(bundle: Readonly<Record<string, unknown>>): readonly SignedMessage[] {
  const material = asObject<string>(bundle["verificationMaterial"] ?? {}, "verificationMaterial")
  const entries = asList(material["tlogEntries"] ?? [], "tlogEntries", MOST_BUNDLE_ENTRIES)
  const stated = entries.flatMap((entry, i) => readStated(entry, `tlogEntries[${i}]`))
  const certificate = readCertificate(material as Readonly<Record<string, unknown>>)
  // A bundle holds one of the two; of one with both, each reader takes what it likes.
  return [
    ...(isAbsent(bundle["dsseEnvelope"])
      ? []
      : envelopeMessages(bundle["dsseEnvelope"], "dsseEnvelope", {
          stated,
          ...present({ certificate }),
        })),
    ...(isAbsent(bundle["messageSignature"])
      ? []
      : [artifactMessage(bundle["messageSignature"], certificate, stated)]),
  ]
}

/** The entry in an older bundle or in an annotation of cosign's: the log's promise with the body. */
export function readOldEntry(value: unknown, what: string): readonly StatedEntry[] {
  const { Payload: payload } = asObject<string>(value, what) as Readonly<Record<string, unknown>>
  if (isAbsent(payload)) return []
  const { body, logIndex } = asObject(payload, `${what}.Payload`)
  const bytes = optional(body, (it) => bytesOf(it, `${what}.Payload.body`))
  return [
    { index: asInteger(logIndex ?? 0, `${what}.Payload.logIndex`), ...present({ body: bytes }) },
  ]
}

/** The first certificate of a text in PEM; undefined for a bare key. */
export function readPemCertificate(pem: string, what: string): Uint8Array | undefined {
  const [leaf] = parsePemChain(pem, what, MOST_CERTIFICATES)
  return leaf?.label === "CERTIFICATE" ? leaf.der : undefined
}

function pemOf(cert: string): string {
  return cert.includes("-----BEGIN") ? cert : parseUtf8(parseAnyBase64(cert, "cert"), "cert")
}

/** `base64Signature` is a signature over an artifact, or, of an attestation, the whole envelope. */
function oldMessages(bundle: Readonly<Record<string, unknown>>): readonly SignedMessage[] {
  const signature = bytesOf(bundle["base64Signature"], "base64Signature")
  const stated = optional(bundle["rekorBundle"], (it) => readOldEntry(it, "rekorBundle")) ?? []
  const certificate = optional(bundle["cert"], (it) =>
    readPemCertificate(pemOf(asText(it, "cert")), "cert"),
  )
  const envelope = asEnvelope(signature)
  const beside = { stated, ...present({ certificate }) }
  if (envelope !== undefined) return envelopeMessages(envelope, "base64Signature", beside)
  return [{ form: "artifact", digests: [], signature, ...beside }]
}

function asEnvelope(bytes: Uint8Array): unknown {
  const OPENING = 0x7b
  if (bytes[0] !== OPENING) return undefined
  const what = "base64Signature"
  const value = parseJson(parseUtf8(bytes, what), what, LONGEST_BUNDLE)
  return isEnvelope(value) ? value : undefined
}

/**
 * The messages of anything that may be a bundle, parsed as JSON: a Sigstore bundle, cosign's older one, a bare envelope
 * with what came `beside` it, or several of these in one, since each reader sees its own. Undefined for what is none;
 * refuses `malformed` or `too-large` for one that is broken.
 */
export function messagesOfJson(
  value: unknown,
  beside?: Omit<Accompanied, "signature">,
): readonly SignedMessage[] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const members = value as Readonly<Record<string, unknown>>
  const has = (name: string) => !isAbsent(members[name])
  const messages: SignedMessage[] = []
  if (has("dsseEnvelope") || has("messageSignature")) messages.push(...sigstoreMessages(members))
  if (has("base64Signature")) messages.push(...oldMessages(members))
  if (isEnvelope(value)) messages.push(...envelopeMessages(value, "envelope", beside))
  if (messages.length > 0) return messages
  if (!has("verificationMaterial")) return undefined
  return refuse("malformed", "bundle: expected dsseEnvelope or messageSignature, found neither")
}

/** The messages of a bundle's text. Refuses `malformed` also for what is no bundle at all. */
export function bundleMessages(text: string): readonly SignedMessage[] {
  return (
    messagesOfJson(parseJson(text, "bundle", LONGEST_BUNDLE)) ??
    refuse(
      "malformed",
      "bundle: expected a Sigstore bundle, cosign's older one or an envelope, found another",
    )
  )
}
