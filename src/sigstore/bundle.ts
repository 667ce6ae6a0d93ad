// Sigstore bundles (protobuf-specs, sigstore_bundle.proto, JSON form): reads and writes versions 0.1 to 0.3, and reads
// cosign's older JSON as one of them. Reading checks the form only; client/verify checks the content. Members that
// the form does not know are refused, as protobuf's JSON form has it by default, but those of the DSSE envelope, whose
// own specification says that readers ignore them.
import { refuse, shown } from "../core/base/errors.ts"
import {
  asList,
  asMessage,
  asText,
  isAbsent,
  type Members,
  optional,
  parseJson,
} from "../core/base/json-value.ts"
import { LONGEST_BUNDLE, MOST_BUNDLE_ENTRIES, MOST_CERTIFICATES } from "../core/base/limits.ts"
import { formatBase64 } from "../core/base/text.ts"
import { contentToJson, readEnvelope, readMessageSignature } from "./bundle-content.ts"
import type { BundleVerifier, BundleVersion, SigstoreBundle } from "./bundle-form.ts"
import { isCosignBundle, readCosignBundle } from "./cosign-bundle.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"
import {
  logEntryToJson,
  readLogEntry,
  type TransparencyLogEntry,
} from "./transparency-log-entry.ts"

export type { BundleVerifier, BundleVersion, SigstoreBundle } from "./bundle-form.ts"

const MOST_TIMESTAMPS = 32

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const OLD_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle+json;version="

const versions: ReadonlyMap<string, BundleVersion> = new Map([
  [MEDIA_TYPE, "0.3"],
  [`${OLD_MEDIA_TYPE}0.3`, "0.3"],
  [`${OLD_MEDIA_TYPE}0.2`, "0.2"],
  [`${OLD_MEDIA_TYPE}0.1`, "0.1"],
])

/** The version that a bundle is written in: the older ones alone may lack an inclusion proof. */
function mediaTypeOf(version: BundleVersion): string {
  if (version === "0.3") return MEDIA_TYPE
  return `${OLD_MEDIA_TYPE}${version === "cosign" ? "0.1" : version}`
}

function verifierToJson(verifier: BundleVerifier, version: BundleVersion): object {
  if (verifier.form === "hint") return { publicKey: { hint: verifier.hint } }
  const { der, chain = [] } = verifier
  if (version === "0.3") return { certificate: { rawBytes: formatBase64(der) } }
  const certificates = [der, ...chain].map((each) => ({ rawBytes: formatBase64(each) }))
  return { x509CertificateChain: { certificates } }
}

function timestampsToJson(timestamps: readonly Uint8Array[]): object {
  if (timestamps.length === 0) return {}
  const rfc3161Timestamps = timestamps.map((der) => ({ signedTimestamp: formatBase64(der) }))
  return { timestampVerificationData: { rfc3161Timestamps } }
}

/**
 * The JSON text of a bundle, on one line without a final newline: of its own version, or of 0.1 for what was cosign's
 * older JSON.
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
export function formatSigstoreBundle(bundle: SigstoreBundle): string {
  const { version, verifier, content, entries, timestamps } = bundle
  return JSON.stringify({
    mediaType: mediaTypeOf(version),
    verificationMaterial: {
      ...verifierToJson(verifier, version),
      tlogEntries: entries.map((entry) => logEntryToJson(entry)),
      ...timestampsToJson(timestamps),
    },
    ...contentToJson(content),
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

function readRawBytes(value: unknown, what: string): Uint8Array {
  const { rawBytes } = asMessage(value, what, ["rawBytes"])
  return asProtobufBytes(rawBytes, `${what}.rawBytes`)
}

function readCertificate(value: unknown, what: string): BundleVerifier {
  return { form: "certificate", der: readRawBytes(value, what) }
}

/** Older versions keep the whole chain; the leaf comes first. */
function readChain(value: unknown, what: string): BundleVerifier {
  const { certificates } = asMessage(value, what, ["certificates"])
  const [der, ...chain] = asList(certificates, `${what}.certificates`, MOST_CERTIFICATES).map(
    (certificate, i) => readRawBytes(certificate, `${what}.certificates[${i}]`),
  )
  if (der === undefined) refuse("malformed", `${what}: expected a certificate, found none`)
  return { form: "certificate", der, ...(chain.length > 0 && { chain }) }
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

function readTimestamps(value: unknown): readonly Uint8Array[] {
  const what = "timestampVerificationData"
  const { rfc3161Timestamps } = asMessage(value, what, ["rfc3161Timestamps"])
  return asList(rfc3161Timestamps ?? [], what, MOST_TIMESTAMPS).map((timestamp) => {
    const { signedTimestamp } = asMessage(timestamp, what, ["signedTimestamp"])
    return asProtobufBytes(signedTimestamp, `${what}.signedTimestamp`)
  })
}

/** None at all is for {@link verifyBundle} to judge: the form allows it. */
function readEntries(value: unknown): readonly TransparencyLogEntry[] {
  return asList(value ?? [], "tlogEntries", MOST_BUNDLE_ENTRIES).map((entry, i) =>
    readLogEntry(entry, `tlogEntries[${i}]`),
  )
}

function versionOf(mediaType: string): BundleVersion {
  return (
    versions.get(mediaType) ??
    refuse("unsupported", `mediaType: expected ${MEDIA_TYPE}, found ${shown(mediaType)}`)
  )
}

function readSigstoreBundle(value: unknown): SigstoreBundle {
  const bundle = asMessage(value, "bundle", [
    "mediaType",
    "verificationMaterial",
    "messageSignature",
    "dsseEnvelope",
  ])
  const version = versionOf(asText(bundle.mediaType, "mediaType"))
  const material = asMessage(bundle.verificationMaterial, "verificationMaterial", [
    ...verifierNames,
    "tlogEntries",
    "timestampVerificationData",
  ])
  const verifierName = theOneOf(material, "verificationMaterial", verifierNames)
  // SPEC: a bundle of version 0.3 has the leaf alone, in `certificate` (sigstore_bundle.proto).
  if (version === "0.3" && verifierName === "x509CertificateChain") {
    refuse("malformed", "x509CertificateChain: expected certificate in a bundle of version 0.3")
  }
  const contentName = theOneOf(bundle, "bundle", ["messageSignature", "dsseEnvelope"])
  return {
    version,
    verifier: verifierReaders[verifierName](material[verifierName], verifierName),
    content:
      contentName === "dsseEnvelope"
        ? readEnvelope(bundle.dsseEnvelope, contentName)
        : readMessageSignature(bundle.messageSignature, contentName),
    entries: readEntries(material.tlogEntries),
    timestamps: optional(material.timestampVerificationData, readTimestamps) ?? [],
  }
}

function parseBundleJson(text: string): unknown {
  return parseJson(text, "bundle", LONGEST_BUNDLE)
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
  const value = parseBundleJson(text)
  if (isCosignBundle(value)) {
    refuse(
      "unsupported",
      "bundle: expected a Sigstore bundle, found cosign's older format; make one with cosign's --new-bundle-format",
    )
  }
  return readSigstoreBundle(value)
}

/**
 * As {@link parseSigstoreBundle}, and also cosign's older JSON (`sign-blob --bundle` of cosign 2), which becomes a bundle
 * with a promise and without a proof.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs"
 * import { parseAnyBundle } from "countersign/verify"
 *
 * console.log(parseAnyBundle(readFileSync("artifact.txt.sigstore.json", "utf8")).version) // 0.3
 * ```
 */
export function parseAnyBundle(text: string): SigstoreBundle {
  const value = parseBundleJson(text)
  return isCosignBundle(value) ? readCosignBundle(value) : readSigstoreBundle(value)
}
