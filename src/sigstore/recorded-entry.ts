// The way back from a logged body to the submission it came from, where the body holds all of it: only
// for hashedrekord; a DSSE body has lost the payload. Reads bodies that the log made itself.

import { LONGEST_BODY } from "../core/bundle.ts"
import { parseUtf8 } from "../core/bytes.ts"
import { refuse, shown } from "../core/errors.ts"
import { asBytes, asMessage, asText, parseJson } from "../core/json-value.ts"
import type { Vkey } from "../core/note.ts"
import { formatHex } from "../core/text.ts"
import type { HashedrekordRequest } from "../entry/hashedrekord.ts"
import type { VerifierKeyText } from "../entry/verifier-key.ts"
import type { SigstoreBundle } from "./bundle.ts"
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

/** Refuses `unsupported` for a body of another kind. */
export function recordedRequest(body: Uint8Array): HashedrekordRequest {
  const entry = asMessage(parseJson(parseUtf8(body, "body"), "body", LONGEST_BODY), "body", [
    "apiVersion",
    "kind",
    "spec",
  ])
  const kind = asText(entry.kind, "kind")
  const version = asText(entry.apiVersion, "apiVersion")
  if (kind !== "hashedrekord" || version !== "0.0.2") {
    const found = shown(`${kind} ${version}`)
    refuse("unsupported", `bundle: expected an entry of kind hashedrekord 0.0.2, found ${found}`)
  }
  const { hashedRekordV002 } = asMessage(entry.spec, "spec", ["hashedRekordV002"])
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

/** The Sigstore bundle of a logged entry; refuses `unsupported` for a kind that has none. */
export function bundleOfEntry(logged: LoggedSubmission, logKey: Vkey): SigstoreBundle {
  return bundleOfSubmission(recordedRequest(logged.body), logged, logIdOf(logKey))
}
