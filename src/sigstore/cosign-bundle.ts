// The older JSON of cosign (`sign-blob --bundle` and `attest-blob --bundle` of cosign 2): a signature or a whole envelope
// in base64, the signer's certificate, and the entry with the log's promise alone. Has no specification; read as cosign
// writes it, and turned into a bundle without a proof.
import { parseUtf8 } from "../core/base/bytes.ts"
import { Refusal, refuse, unlessRefused } from "../core/base/errors.ts"
import { asInteger, asObject, asText, isAbsent, parseJson } from "../core/base/json-value.ts"
import { LONGEST_BODY, LONGEST_BUNDLE, MOST_CERTIFICATES } from "../core/base/limits.ts"
import { parsePemChain } from "../core/base/pem.ts"
import { parseHex } from "../core/base/text.ts"
import { asHash } from "../core/tree/hash.ts"
import { readCertificate } from "../entry/certificate.ts"
import type { SignedContent } from "../entry/kinds/kind.ts"
import { readEnvelope } from "./bundle-content.ts"
import type { BundleVerifier, SigstoreBundle } from "./bundle-form.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"
import type { TransparencyLogEntry } from "./transparency-log-entry.ts"

/** Whether it is meant as such a bundle; not whether it is a good one. */
export function isCosignBundle(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.hasOwn(value, "base64Signature")
  )
}

const OPENING_BRACE = 0x7b

/** No signature begins like JSON: ECDSA in DER is a SEQUENCE, and any other that does is no JSON behind it. */
function readContent(value: unknown): SignedContent {
  const what = "base64Signature"
  const bytes = asProtobufBytes(value, what)
  if (bytes[0] !== OPENING_BRACE) return { form: "message-signature", signature: bytes }
  return readEnvelope(parseJson(parseUtf8(bytes, what), what, LONGEST_BUNDLE), what)
}

/** cosign keeps the chain as the authority gave it, with the root, which is for the verifier to know. */
function isRoot(der: Uint8Array): boolean {
  return unlessRefused(() => readCertificate(der).isSelfIssued) ?? false
}

/** PEM, or base64 of PEM; of a bare key nothing is said that the caller does not know. */
function readSigner(value: unknown): BundleVerifier {
  const text = isAbsent(value) ? "" : asText(value, "cert")
  if (text === "") return { form: "hint", hint: "" }
  const pem = text.includes("-----BEGIN") ? text : parseUtf8(asProtobufBytes(text, "cert"), "cert")
  const [leaf, ...issuers] = parsePemChain(pem, "cert", MOST_CERTIFICATES)
  if (leaf?.label !== "CERTIFICATE") return { form: "hint", hint: "" }
  const chain = issuers.map(({ der }) => der).filter((der) => !isRoot(der))
  return { form: "certificate", der: leaf.der, ...(chain.length > 0 && { chain }) }
}

/** The kind stands in the body alone. */
function readKind(body: Uint8Array): Pick<TransparencyLogEntry, "kind" | "version"> {
  const what = "rekorBundle.Payload.body"
  const value = parseJson(parseUtf8(body, what), what, LONGEST_BODY)
  const { kind, apiVersion } = asObject(value, what, ["kind", "apiVersion"])
  return { kind: asText(kind, `${what}.kind`), version: asText(apiVersion, `${what}.apiVersion`) }
}

function readEntry(value: unknown): TransparencyLogEntry {
  const { SignedEntryTimestamp: promise, Payload: payload } = asObject(value, "rekorBundle", [
    "SignedEntryTimestamp",
    "Payload",
  ])
  const what = "rekorBundle.Payload"
  const members = asObject(payload, what, ["body", "integratedTime", "logIndex", "logID"])
  const body = asProtobufBytes(members.body, `${what}.body`)
  const logId = parseHex(asText(members.logID, `${what}.logID`), `${what}.logID`)
  return {
    index: asInteger(members.logIndex, `${what}.logIndex`),
    logId: asHash(logId, `${what}.logID`),
    ...readKind(body),
    integratedTime: asInteger(members.integratedTime, `${what}.integratedTime`),
    promise: asProtobufBytes(promise, "rekorBundle.SignedEntryTimestamp"),
    body,
  }
}

function readMembers(value: unknown): SigstoreBundle {
  const bundle = asObject(value, "bundle", ["base64Signature", "cert", "rekorBundle"])
  if (isAbsent(bundle.rekorBundle)) {
    refuse("malformed", "rekorBundle: expected the log's entry, found nothing")
  }
  return {
    version: "cosign",
    verifier: readSigner(bundle.cert),
    content: readContent(bundle.base64Signature),
    entries: [readEntry(bundle.rekorBundle)],
    timestamps: [],
  }
}

/**
 * Reads cosign's older bundle. Refuses `malformed`, or `too-large`, naming the member at fault; whether it is true is for
 * the verifier to say.
 */
export function readCosignBundle(value: unknown): SigstoreBundle {
  try {
    return readMembers(value)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // Nobody would know by the members alone which form is meant.
    return refuse(error.code, `cosign's older bundle: ${error.message}`, { cause: error })
  }
}
