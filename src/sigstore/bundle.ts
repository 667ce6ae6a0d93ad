// Sigstore bundles (protobuf-specs, sigstore_bundle.proto, JSON form) for log entries of Rekor v2:
// writes version 0.3, reads 0.1 to 0.3. Reading checks the form only; verify.ts checks the content.
// Timestamps may be there and are not looked at.
import { refuse, shown } from "../core/base/errors.ts"
import {
  asBytes,
  asList,
  asMessage,
  asObject,
  asText,
  isAbsent,
  type Members,
  optional,
  parseJson,
} from "../core/base/json-value.ts"
import { LONGEST_BUNDLE, MOST_BUNDLE_ENTRIES, MOST_CERTIFICATES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import { type HashName, hashOfSigstoreName, sigstoreHashName } from "../entry/algorithm.ts"
import type { MessageSignature, SignedContent, SignedEnvelope } from "../entry/kinds/kind.ts"
import {
  logEntryToJson,
  readLogEntry,
  type TransparencyLogEntry,
} from "./transparency-log-entry.ts"

/** How the bundle names the signer's key: a hint for finding it, or the certificate itself. */
export type BundleVerifier =
  | { readonly form: "hint"; readonly hint: string }
  | { readonly form: "certificate"; readonly der: Uint8Array }

/** A Sigstore bundle (protobuf-specs, sigstore_bundle.proto) with its bytes decoded. */
export interface SigstoreBundle {
  readonly verifier: BundleVerifier
  readonly content: SignedContent
  /** 1 to 32 entries. */
  readonly entries: readonly TransparencyLogEntry[]
}

const MOST_TIMESTAMPS = 32

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const readMediaTypes: readonly string[] = [
  MEDIA_TYPE,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
]

function verifierToJson(verifier: BundleVerifier): object {
  return verifier.form === "hint"
    ? { publicKey: { hint: verifier.hint } }
    : { certificate: { rawBytes: formatBase64(verifier.der) } }
}

function messageSignatureToJson({ messageDigest, signature }: MessageSignature): object {
  return {
    ...(messageDigest && {
      messageDigest: {
        algorithm: sigstoreHashName[messageDigest.hash],
        digest: formatBase64(messageDigest.digest),
      },
    }),
    signature: formatBase64(signature),
  }
}

function envelopeToJson({ payload, payloadType, signature, keyid }: SignedEnvelope): object {
  return {
    payload: formatBase64(payload),
    payloadType,
    signatures: [{ sig: formatBase64(signature), ...present({ keyid }) }],
  }
}

/**
 * The JSON text of a bundle of version 0.3, on one line without a final newline.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { formatSigstoreBundle } from "countersign/client"
 * import { parseSigstoreBundle } from "countersign/verify"
 *
 * const bundle = parseSigstoreBundle(readFileSync("artifact.txt.sigstore.json", "utf8"))
 * console.log(parseSigstoreBundle(formatSigstoreBundle(bundle)).entries[0]?.index) // 0
 * ```
 */
export function formatSigstoreBundle({ verifier, content, entries }: SigstoreBundle): string {
  return JSON.stringify({
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      ...verifierToJson(verifier),
      tlogEntries: entries.map((entry) => logEntryToJson(entry)),
    },
    ...(content.form === "dsse"
      ? { dsseEnvelope: envelopeToJson(content) }
      : { messageSignature: messageSignatureToJson(content) }),
  })
}

/** The one member of `names` that is present; protobuf calls this a oneof. */
function theOneOf<Name extends string>(
  members: Members<Name>,
  what: string,
  names: readonly Name[],
): Name {
  const present = names.filter((name) => !isAbsent(members[name]))
  const [only] = present
  if (only !== undefined && present.length === 1) return only
  return refuse(
    "malformed",
    `${what}: expected exactly one of ${names.join(", ")}, found ${present.join(", ") || "none"}`,
  )
}

function readCertificate(value: unknown, what: string): BundleVerifier {
  const { rawBytes } = asMessage(value, what, ["rawBytes"])
  return { form: "certificate", der: asBytes(rawBytes, `${what}.rawBytes`) }
}

/** Older versions keep the whole chain; the leaf comes first. */
function readChain(value: unknown, what: string): BundleVerifier {
  const { certificates } = asMessage(value, what, ["certificates"])
  const [leaf] = asList(certificates, `${what}.certificates`, MOST_CERTIFICATES).map(
    (certificate, i) => readCertificate(certificate, `${what}.certificates[${i}]`),
  )
  return leaf ?? refuse("malformed", `${what}: expected a certificate, found none`)
}

function readHint(value: unknown, what: string): BundleVerifier {
  const { hint } = asMessage(value, what, ["hint"])
  return { form: "hint", hint: optional(hint, (text) => asText(text, `${what}.hint`)) ?? "" }
}

const verifierReaders = {
  publicKey: readHint,
  certificate: readCertificate,
  x509CertificateChain: readChain,
} as const

const verifierNames = Object.keys(verifierReaders) as readonly (keyof typeof verifierReaders)[]

function asHashName(value: unknown, what: string): HashName {
  const text = asText(value, what)
  return (
    hashOfSigstoreName(text) ??
    refuse("unsupported", `${what}: expected SHA2_256, SHA2_384 or SHA2_512, found ${shown(text)}`)
  )
}

function readMessageDigest(value: unknown) {
  const what = "messageSignature.messageDigest"
  const { algorithm, digest } = asMessage(value, what, ["algorithm", "digest"])
  return {
    hash: asHashName(algorithm, `${what}.algorithm`),
    digest: asBytes(digest, `${what}.digest`),
  }
}

function readMessageSignature(value: unknown): MessageSignature {
  const members = asMessage(value, "messageSignature", ["messageDigest", "signature"])
  const messageDigest = optional(members.messageDigest, readMessageDigest)
  return {
    form: "message-signature",
    ...present({ messageDigest }),
    signature: asBytes(members.signature, "messageSignature.signature"),
  }
}

function readEnvelope(value: unknown): SignedEnvelope {
  const what = "dsseEnvelope"
  const envelope = asMessage(value, what, ["payload", "payloadType", "signatures"])
  // SPEC: the envelope of a bundle has exactly one signature (sigstore_bundle.proto, dsse_envelope).
  const [only] = asList(envelope.signatures, `${what}.signatures`, 1)
  const { sig, keyid } = asMessage(only, `${what}.signatures[0]`, ["sig", "keyid"])
  const keyName = optional(keyid, (text) => asText(text, `${what}.signatures[0].keyid`))
  return {
    form: "dsse",
    payload: asBytes(envelope.payload, `${what}.payload`),
    payloadType: asText(envelope.payloadType, `${what}.payloadType`),
    signature: asBytes(sig, `${what}.signatures[0].sig`),
    ...present({ keyid: keyName }),
  }
}

function readTimestamps(value: unknown): void {
  const what = "timestampVerificationData"
  const { rfc3161Timestamps } = asMessage(value, what, ["rfc3161Timestamps"])
  for (const timestamp of asList(rfc3161Timestamps ?? [], what, MOST_TIMESTAMPS)) {
    const { signedTimestamp } = asMessage(timestamp, what, ["signedTimestamp"])
    asBytes(signedTimestamp, `${what}.signedTimestamp`)
  }
}

function readEntries(value: unknown): readonly TransparencyLogEntry[] {
  const entries = asList(value, "tlogEntries", MOST_BUNDLE_ENTRIES).map((entry, i) =>
    readLogEntry(entry, `tlogEntries[${i}]`),
  )
  return entries.length > 0
    ? entries
    : refuse("malformed", "tlogEntries: expected an entry, found none")
}

function assertNoOldForm(value: unknown): void {
  const { base64Signature } = asObject(value, "bundle", ["base64Signature"])
  if (isAbsent(base64Signature)) return
  refuse(
    "unsupported",
    "bundle: expected a Sigstore bundle, found cosign's older format; make one with cosign's --new-bundle-format",
  )
}

/**
 * Reads a bundle of version 0.1 to 0.3; whether it is true is for {@link verifyBundle} to say. Refuses
 * `malformed`, `too-large` above 32 Mi characters, or `unsupported`, naming the member at fault.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseSigstoreBundle } from "countersign/verify"
 *
 * const { content } = parseSigstoreBundle(readFileSync("artifact.txt.sigstore.json", "utf8"))
 * console.log(content.form) // message-signature
 * ```
 */
export function parseSigstoreBundle(text: string): SigstoreBundle {
  const value = parseJson(text, "bundle", LONGEST_BUNDLE)
  assertNoOldForm(value)
  const bundle = asMessage(value, "bundle", [
    "mediaType",
    "verificationMaterial",
    "messageSignature",
    "dsseEnvelope",
  ])
  const mediaType = asText(bundle.mediaType, "mediaType")
  if (!readMediaTypes.includes(mediaType)) {
    refuse("unsupported", `mediaType: expected ${MEDIA_TYPE}, found ${shown(mediaType)}`)
  }
  const material = asMessage(bundle.verificationMaterial, "verificationMaterial", [
    ...verifierNames,
    "tlogEntries",
    "timestampVerificationData",
  ])
  optional(material.timestampVerificationData, readTimestamps)
  const verifierName = theOneOf(material, "verificationMaterial", verifierNames)
  const contentName = theOneOf(bundle, "bundle", ["messageSignature", "dsseEnvelope"])
  return {
    verifier: verifierReaders[verifierName](material[verifierName], verifierName),
    content:
      contentName === "dsseEnvelope"
        ? readEnvelope(bundle.dsseEnvelope)
        : readMessageSignature(bundle.messageSignature),
    entries: readEntries(material.tlogEntries),
  }
}
