// What the proposals of all entry kinds have in common: reading a signature and a digest, choosing the
// algorithm that follows from a key, the frame of a canonical body, and the terms that it is found by.
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { BARE_SIGNATURE, foreignForm } from "../core/base/foreign-signature.ts"
import { formatBase64, parseHex } from "../core/base/text.ts"
import { assertBodyLength } from "../core/tree/bundle.ts"
import {
  type Algorithm,
  algorithms,
  digestAlgorithm,
  digestLength,
  everyAlgorithm,
  type HashName,
  messageAlgorithm,
} from "./algorithm.ts"
import { type Base64Field, readBase64 } from "./base64-fields.ts"
import { canonicalJson, type JsonValue } from "./canonical-json.ts"
import { type DsseEnvelope, formatEnvelope, type KeptPayload } from "./dsse.ts"
import type { Proposal, SignatureCheck } from "./entry.ts"
import { type Findable, sha256Text, termsOf } from "./search-terms.ts"
import { digestedClaims } from "./signature-cost.ts"
import { formFinding, looksLikeP1363, p1363Finding } from "./signature-diagnosis.ts"
import type { VerifierKey, VerifierKeyReader } from "./verifier-key.ts"

/** How a proposal is made; the defaults are right for a verifier, the rest is for a server's speed. */
export interface ProposalOptions {
  /** The algorithms that are taken; all by default. */
  readonly algorithms?: ReadonlySet<Algorithm>
  /** For example a cache; reads each key anew by default. */
  readonly readKey?: VerifierKeyReader
  /** SHA-256 of payloads and artifacts; noble's by default, which is slow for large ones. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
  /** Of what envelopes and artifacts are signed over; noble's by default. */
  readonly hash?: (name: HashName, bytes: Uint8Array) => Uint8Array
}

/** The SHA-256 of a proposal's options. */
export function sha256Of({ sha256 }: ProposalOptions): (bytes: Uint8Array) => Uint8Array {
  return sha256 ?? ((bytes) => digestOf("sha256", bytes))
}

/** Claims over one message, which is hashed once for each hash that their keys use. */
export function claimsOver(
  claims: Proposal["claims"],
  { hash, sha256 }: ProposalOptions,
): Proposal["claims"] {
  const hashOf = (name: HashName, bytes: Uint8Array): Uint8Array =>
    name === "sha256" && sha256 !== undefined ? sha256(bytes) : digestOf(name, bytes)
  return digestedClaims(claims, hash ?? hashOf, hash !== undefined)
}

/** A signature that holds, with what it holds under. */
export interface HeldSignature {
  readonly algorithm: Algorithm
  readonly signature: Uint8Array
  readonly key: Pick<VerifierKey, "form" | "der">
}

/** The longest signature that is looked at, in bytes, a multiple of 3; RSA-4096 needs 512. */
export const LONGEST_SIGNATURE = 1023

/** Of text, in lines and with blanks; what other tools write is longer and shall be named. */
const LONGEST_SIGNATURE_TEXT = 4 * LONGEST_SIGNATURE

/**
 * Decodes base64 of 1 to 1,023 bytes, spelled as the field may spell it; refuses `too-large` or `malformed`, and
 * `unsupported` for what is in the form of other tools.
 */
export function parseSignature(field: Base64Field, text: string, what: string): Uint8Array {
  if (text.length > LONGEST_SIGNATURE_TEXT) {
    refuse("too-large", `${what}: expected up to ${LONGEST_SIGNATURE} bytes, found more`)
  }
  const bytes = readBase64(field, text, what)
  if (bytes.length === 0) refuse("malformed", `${what}: expected a signature, found no bytes`)
  const form = foreignForm(bytes)
  if (form !== undefined)
    refuse(form.code, `${what}: expected ${BARE_SIGNATURE}, found ${form.found}`)
  if (bytes.length > LONGEST_SIGNATURE) {
    refuse("too-large", `${what}: expected up to ${LONGEST_SIGNATURE} bytes, found more`)
  }
  return bytes
}

/** Without the artifact nobody can see that a signature is pure Ed25519. */
const PREHASHED =
  "over a digest an Ed25519 key signs as Ed25519ph, pure Ed25519 is for the kinds dsse and rekord"

/**
 * Refuses a signature, named `what`, of which no check holds. Where there is one check, a wrong form is named, and what
 * was found by more checks (`found`), if somebody made them.
 */
export function refuseSignature(
  what: string,
  checks: readonly SignatureCheck[],
  found?: string,
): never {
  const [only] = checks.length === 1 ? checks : []
  if (only !== undefined && looksLikeP1363(only)) {
    refuse("malformed", `${what}: ${p1363Finding(only)}`)
  }
  const form = only && formFinding(only)
  const isPrehashed = only?.algorithm === "PKIX_ED25519_PH" && only.signed.form === "digest"
  const why = [form ?? found, ...(isPrehashed && form === undefined ? [PREHASHED] : [])]
  const sentence = [`${what} does not verify under the given verifier key`, ...why]
  return refuse("bad-signature", sentence.filter((part) => part !== undefined).join("; "))
}

/** A digest with the hash that made it. */
export interface Digest {
  readonly hash: HashName
  readonly bytes: Uint8Array
}

const DIGEST = /^(sha256|sha384|sha512):([0-9a-f]{64,128})$/

/** Reads `sha256:` (or 384, 512) and lower-case hex of exactly that hash's length. */
export function parseDigest(text: string): Digest {
  const match = DIGEST.exec(text)
  const hash = match?.[1] as HashName | undefined
  const hex = match?.[2] ?? ""
  if (hash === undefined || hex.length !== 2 * digestLength[hash]) {
    const expected = '"sha256:", "sha384:" or "sha512:" and all of its lower-case hex'
    refuse("malformed", `digest: expected ${expected}, found ${shown(text, 150)}`)
  }
  return { hash, bytes: parseHex(hex, "digest") }
}

/** Refuses `unsupported` for an algorithm that is not taken, naming those that are. */
export function assertTaken(
  algorithm: Algorithm,
  options: ProposalOptions,
  what = "signature",
): void {
  const taken = options.algorithms
  if (taken === undefined || taken.has(algorithm)) return
  const names = everyAlgorithm.filter((name) => taken.has(name)).join(", ")
  refuse("unsupported", `${what}: expected one of ${names}, found ${algorithm}`)
}

/** Refuses `unsupported` for a digest that is not of the algorithm's hash. */
export function assertHash(digest: Digest, algorithm: Algorithm, what = "digest"): void {
  const { hash, keyType } = algorithms[algorithm]
  if (digest.hash === hash) return
  const expected = `${hash} for a key of type ${keyType}`
  refuse("unsupported", `${what}: expected ${expected}, found ${digest.hash}`)
}

/** `content` and `verifier` of a Rekor v2 body; base64 is padded, key bytes are passed through. */
export function signatureJson(held: HeldSignature): JsonValue {
  const rawBytes = formatBase64(held.key.der)
  const form = held.key.form === "publicKey" ? "publicKey" : "x509Certificate"
  const verifier = { keyDetails: held.algorithm, [form]: { rawBytes } }
  return { content: formatBase64(held.signature), verifier }
}

/** The canonical body. Refuses `too-large` if it is longer than an entry bundle can hold. */
export function formatBody(
  { kind, version }: Pick<Findable, "kind" | "version">,
  spec: JsonValue,
): Uint8Array {
  const body = canonicalJson({ apiVersion: version, kind, spec })
  assertBodyLength(body)
  return body
}

/** The check of a signature over a ready-made digest. */
export function digestCheck(
  { keyType, spki }: VerifierKey,
  signature: Uint8Array,
  digest: Uint8Array,
): SignatureCheck {
  return {
    algorithm: digestAlgorithm[keyType],
    spki,
    signature,
    signed: { form: "digest", digest },
  }
}

/**
 * The check of a signature over a message. Rekor v1 hashes messages with SHA-256 (`hash`) whatever the key is;
 * only Ed25519 hashes for itself.
 */
export function messageCheck(
  { keyType, spki }: VerifierKey,
  signature: Uint8Array,
  message: Uint8Array,
  hash?: "sha256",
): SignatureCheck {
  const signed = { form: "message", message, ...(hash && { hash }) } as const
  return { algorithm: messageAlgorithm[keyType], spki, signature, signed }
}

/** What an envelope with this payload is found by. */
export function findableEnvelope(
  named: Pick<Findable, "kind" | "version">,
  keys: readonly VerifierKey[],
  statement: KeptPayload,
  payloadDigest: Uint8Array,
): Findable {
  return { ...named, keys, payload: sha256Text(payloadDigest), statement }
}

/**
 * A proposal; its body is made at once, or once it is known which of several keys each signature holds under.
 * `envelope` is made of what the claims are about, never of what was sent.
 */
export function proposalOf(
  found: Findable,
  claims: Proposal["claims"],
  body: Uint8Array | Proposal["body"],
  envelope?: DsseEnvelope,
): Proposal {
  const { kind, version, keys } = found
  const bodyOf = typeof body === "function" ? body : () => body
  const proposal = { kind, version, keys, terms: termsOf(found), claims, body: bodyOf }
  if (envelope === undefined) return proposal
  return { ...proposal, envelope: () => formatEnvelope(envelope) }
}
