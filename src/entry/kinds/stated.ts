// What the statements of several kinds have in common: digests of what a verifier holds, and the members of a logged body
// of Rekor v1 of which only the spelling is the client's. Each of them is taken as it is spelled if it means what it must,
// and else as it would be spelled here, so that comparing the bodies refuses it.
import { parseAnyBase64 } from "../../core/base/any-base64.ts"
import { equalBytes, parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { refuse, shown, unlessRefused } from "../../core/base/errors.ts"
import { asObject, type Members } from "../../core/base/json-value.ts"
import { MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { formatPem, parsePemChain } from "../../core/base/pem.ts"
import { formatBase64, formatHex, parseBase64 } from "../../core/base/text.ts"
import { algorithms, everyAlgorithm, type HashName, messageAlgorithm } from "../algorithm.ts"
import { dssePae } from "../dsse.ts"
import type { Signed } from "../entry.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { SignedThing } from "./kind.ts"

type Envelope = Extract<SignedThing, { form: "envelope" }>

/** The artifact's digest, or that of an envelope's pre-authentication encoding. */
export function digestOfThing(thing: SignedThing, hash: HashName): Uint8Array {
  if (thing.form === "artifact") return thing.digest(hash)
  const { payloadType, payload, digestOf: digest = digestOf } = thing
  return digest(hash, dssePae(payloadType, payload))
}

/** SHA-256 of the payload. */
export function payloadDigestOf({ payload, digestOf: digest = digestOf }: Envelope): Uint8Array {
  return digest("sha256", payload)
}

/** The members of an object; of anything else there are none, and what is made of them is another body. */
export function membersOf(value: unknown): Members<string> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value)
  return isObject ? asObject(value, "member") : {}
}

/**
 * The members of the one signature. SPEC: the envelope of a bundle has exactly one, so the entry of several is that of
 * another envelope (sigstore_bundle.proto, dsse_envelope).
 */
export function onlySignature(signatures: unknown): Members<string> {
  return membersOf(Array.isArray(signatures) ? signatures[0] : undefined)
}

/** Refuses `unsupported` if a signature of Rekor v2 was made by an algorithm that is not known here. */
export function assertKnownAlgorithm({ verifier }: Members<string>): void {
  const { keyDetails } = membersOf(verifier)
  if (typeof keyDetails !== "string" || everyAlgorithm.some((name) => name === keyDetails)) return
  refuse("unsupported", `keyDetails: expected a known algorithm, found ${shown(keyDetails)}`)
}

/**
 * An envelope's signature in Rekor v1: over SHA-256 whatever the key is, which is how the log verifies it, or over the
 * key's own hash, as some clients sign on larger curves. Either is the signer's word on the same bytes.
 */
export function envelopeSigned(
  { payloadType, payload }: Envelope,
  key: VerifierKey,
): readonly Signed[] {
  const message = dssePae(payloadType, payload)
  const algorithm = messageAlgorithm[key.keyType]
  const own: Signed = { form: "message", message }
  if (algorithm === "PKIX_ED25519") return [own]
  const sha256: Signed = { form: "message", message, hash: "sha256" }
  return algorithms[algorithm].hash === "sha256" ? [sha256] : [sha256, own]
}

function labelOf({ form }: VerifierKey): string {
  return form === "certificate" ? "CERTIFICATE" : "PUBLIC KEY"
}

/** Certificates behind the leaf are the client's addition: they say nothing of the signature. */
function isPemOf(content: string, key: VerifierKey): boolean {
  const pem = parseUtf8(parseBase64(content, "verifier"), "verifier")
  const blocks = parsePemChain(pem, "verifier", MOST_CERTIFICATES)
  const [leaf] = blocks
  if (leaf === undefined || !equalBytes(leaf.der, key.der)) return false
  const isClear = key.form === "certificate" || blocks.length === 1
  return isClear && blocks.every(({ label }) => label === labelOf(key))
}

/**
 * Base64 of PEM of the key. The logged text counts as it is spelled if its first block is the key, byte for byte: line
 * widths, line ends, text around it and certificates behind it are as the client sent them.
 */
export function pemContent(logged: unknown, key: VerifierKey): string {
  const own = formatBase64(utf8(formatPem({ label: labelOf(key), der: key.der })))
  if (logged === own || typeof logged !== "string") return own
  return unlessRefused(() => isPemOf(logged, key)) === true ? logged : own
}

/** Base64 of a signature. The logged text counts as it is spelled: DSSE lets clients use either alphabet. */
export function signatureContent(logged: unknown, signature: Uint8Array): string {
  const own = formatBase64(signature)
  if (logged === own || typeof logged !== "string") return own
  const bytes = unlessRefused(() => parseAnyBase64(logged, "signature"))
  return bytes !== undefined && equalBytes(bytes, signature) ? logged : own
}

/** Hex of a digest, which Rekor v1 repeats in the case in which it was sent. */
export function hexContent(logged: unknown, digest: Uint8Array): string {
  const own = formatHex(digest)
  return typeof logged === "string" && logged.toLowerCase() === own ? logged : own
}

const SHA256_HEX = /^[0-9a-fA-F]{64}$/

/**
 * A SHA-256 that the client alone could make, over a text of its own that no verifier has. Refuses `mismatch` for what is
 * none, since no entry of the kind is without it.
 */
export function clientsSha256(logged: unknown): { algorithm: string; value: string } {
  const { algorithm, value } = membersOf(logged)
  const isOne = algorithm === "sha256" && typeof value === "string" && SHA256_HEX.test(value)
  if (isOne) return { algorithm, value }
  return refuse("mismatch", "the log entry has no SHA-256 of the envelope as it was sent")
}
