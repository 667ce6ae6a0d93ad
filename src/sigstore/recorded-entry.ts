// The way back from a logged body to the submission it came from. A hashedrekord body holds all of it; a
// DSSE body has lost the payload, so its kept envelope is needed too. Reads bodies that the log made itself.

import { parseUtf8 } from "../core/base/bytes.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { asBytes, asList, asMessage, asText, parseJson } from "../core/base/json-value.ts"
import { LONGEST_BODY } from "../core/base/limits.ts"
import { formatHex } from "../core/base/text.ts"
import type { Vkey } from "../core/note/note.ts"
import { type DsseRequest, MOST_SIGNATURES } from "../entry/dsse.ts"
import type { HashedrekordRequest } from "../entry/hashedrekord.ts"
import type { EntryRequest } from "../entry/request.ts"
import type { VerifierKeyText } from "../entry/verifier-key.ts"
import type { SigstoreBundle } from "./bundle.ts"
import { parseEnvelope } from "./kept-envelope.ts"
import { logIdOf } from "./log-id.ts"
import { bundleOfSubmission, type LoggedSubmission } from "./submission-bundle.ts"

const digestPrefixes: ReadonlyMap<string, string> = new Map([
  ["SHA2_256", "sha256"],
  ["SHA2_384", "sha384"],
  ["SHA2_512", "sha512"],
])

function recordedKey(verifier: unknown): VerifierKeyText {
  const { publicKey, x509Certificate } = asMessage(verifier, "verifier", [
    "keyDetails",
    "publicKey",
    "x509Certificate",
  ])
  const { rawBytes } = asMessage(publicKey ?? x509Certificate, "verifier", ["rawBytes"])
  const text = asText(rawBytes, "rawBytes")
  return publicKey === undefined ? { certificate: text } : { publicKey: text }
}

function recordedHashedrekord(spec: unknown): HashedrekordRequest {
  const { hashedRekordV002 } = asMessage(spec, "spec", ["hashedRekordV002"])
  const { data, signature } = asMessage(hashedRekordV002, "spec", ["data", "signature"])
  const { algorithm, digest } = asMessage(data, "data", ["algorithm", "digest"])
  const { content, verifier } = asMessage(signature, "signature", ["content", "verifier"])
  const prefix = digestPrefixes.get(asText(algorithm, "algorithm"))
  return {
    kind: "hashedrekord",
    digest: `${prefix}:${formatHex(asBytes(digest, "digest"))}`,
    signature: asText(content, "content"),
    ...recordedKey(verifier),
  }
}

function recordedDsse(spec: unknown, envelope: Uint8Array): DsseRequest {
  const { dsseV002 } = asMessage(spec, "spec", ["dsseV002"])
  const { signatures } = asMessage(dsseV002, "spec", ["payloadHash", "signatures"])
  const verifiers = asList(signatures, "signatures", MOST_SIGNATURES).map((signature) => {
    const { verifier } = asMessage(signature, "signature", ["content", "verifier"])
    return recordedKey(verifier)
  })
  return { kind: "dsse", envelope: parseEnvelope(envelope), verifiers }
}

/**
 * The submission of a logged entry; `envelope` is what was kept of it, already held against the body.
 * Refuses `unsupported` for a body of another kind or version, and for DSSE without its envelope.
 */
export function recordedRequest(body: Uint8Array, envelope?: Uint8Array): EntryRequest {
  const entry = asMessage(parseJson(parseUtf8(body, "body"), "body", LONGEST_BODY), "body", [
    "apiVersion",
    "kind",
    "spec",
  ])
  const found = `${asText(entry.kind, "kind")} ${asText(entry.apiVersion, "apiVersion")}`
  if (found === "hashedrekord 0.0.2") return recordedHashedrekord(entry.spec)
  if (found === "dsse 0.0.2" && envelope !== undefined) return recordedDsse(entry.spec, envelope)
  return refuse(
    "unsupported",
    `bundle: expected hashedrekord 0.0.2, or dsse 0.0.2 with its envelope kept, found ${shown(found)}`,
  )
}

/** The Sigstore bundle of a logged entry. Refuses as {@link recordedRequest} does. */
export function bundleOfEntry(
  logged: LoggedSubmission,
  logKey: Vkey,
  envelope?: Uint8Array,
): SigstoreBundle {
  return bundleOfSubmission(recordedRequest(logged.body, envelope), logged, logIdOf(logKey))
}
