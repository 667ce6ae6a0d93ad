// What submissions to Rekor v1 are made of. Digests: the name of a hash beside hexadecimal text. Verifier
// keys: base64 of PEM, a public key or a certificate with its chain, of which only the leaf, which comes
// first, is more than parsed; bodies repeat it in canonical PEM. Leaves out pgp, minisign and ssh.
import { canonicalBase64 } from "../../core/base/any-base64.ts"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { digestLength, isHashName } from "../../core/base/digest.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { foreignDer } from "../../core/base/foreign-key.ts"
import { asObject, asText, isAbsent, type Members } from "../../core/base/json-value.ts"
import { MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { formatPem, type Pem, parsePemChain, refuseLabel } from "../../core/base/pem.ts"
import { formatBase64, parseHex } from "../../core/base/text.ts"
import { messageAlgorithm } from "../algorithm.ts"
import { type Base64Field, readBase64 } from "../base64-fields.ts"
import { assertTaken, type ProposalOptions, parseSignature } from "../signature.ts"
import {
  assertCertificate,
  readVerifierKeyText,
  sentWith,
  type VerifierKey,
} from "../verifier-key.ts"

/** A member that must be there; refuses `malformed`, saying what is missing. */
export function needed(value: unknown, missing: string): unknown {
  return isAbsent(value) ? refuse("malformed", `${missing}, found nothing`) : value
}

/** A text that must be there and not be empty. */
export function neededText(value: unknown, missing: string, what: string): string {
  return asText(needed(value === "" ? undefined : value, missing), what)
}

const HEX = /^[0-9a-fA-F]*$/

/**
 * A digest with its hexadecimal text, which may be in upper case. Refuses in Rekor's words for a hash that is
 * not there or not of its own length.
 */
export function readHash(value: unknown) {
  const found = asObject(needed(value, "missing hash: expected data.hash"), "hash")
  const { algorithm, value: digits } = found
  needed(digits === "" ? undefined : digits, "missing hash value: expected data.hash.value")
  const hash = asText(algorithm ?? "", "hash algorithm")
  if (!isHashName(hash)) {
    const expected = "sha256, sha384 or sha512"
    return refuse("unsupported", `hash algorithm: expected ${expected}, found ${shown(hash)}`)
  }
  const text = asText(digits, "hash value")
  const length = 2 * digestLength[hash]
  if (text.length !== length || !HEX.test(text)) {
    const found = shown(text, 150)
    refuse("malformed", `invalid value for hash: expected ${length} hex digits, found ${found}`)
  }
  return { hash, text, bytes: parseHex(text.toLowerCase(), "hash value") }
}

/** A key as Rekor v1 has it. */
export interface PemVerifier {
  readonly key: VerifierKey
  /** Base64 of the canonical PEM: 64 columns, a final newline, the chain as it was sent. */
  readonly content: string
  /** Canonical base64 of the PEM as it was sent. */
  readonly sent: string
}

/** Characters of base64; what is longer could not stand in a body. */
const LONGEST_CONTENT = 65_536
const WHAT = "invalid public key"

const SEQUENCE = 0x30

/** Rekor v1 takes PEM alone: bodies repeat the text. */
function refuseDer(bytes: Uint8Array): never {
  const { found, advice } = foreignDer(bytes) ?? {
    found: "DER",
    advice: "send base64 of the PEM text",
  }
  return refuse("malformed", `${WHAT}: expected base64 of PEM, found ${found}; ${advice}`)
}

function readLeaf(blocks: readonly Pem[], options: ProposalOptions): VerifierKey {
  const readKey = options.readKey ?? readVerifierKeyText
  const [leaf, ...issuers] = blocks
  if (leaf?.label === "PUBLIC KEY" && issuers.length === 0) {
    return readKey({ publicKey: formatBase64(leaf.der) })
  }
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (leaf === undefined || other?.label === "PUBLIC KEY") {
    const found = blocks.map(({ label }) => label).join(", ")
    const expected = "PEM of one PUBLIC KEY or of certificates"
    return refuse("malformed", `${WHAT}: expected ${expected}, found several blocks: ${found}`)
  }
  if (other !== undefined) return refuseLabel(other.label, WHAT)
  for (const { der } of issuers) assertCertificate(der)
  return sentWith(readKey({ certificate: formatBase64(leaf.der) }), issuers)
}

/**
 * Reads a key from base64 of PEM. Refuses `too-large` above 64 KB or ten certificates, before they are
 * parsed; `malformed`; or `unsupported` for a key that no algorithm here uses.
 */
export function readPemVerifier(value: unknown, options: ProposalOptions): PemVerifier {
  const missing = "missing public key: expected its content"
  const content = neededText(value, missing, "public key content")
  if (content.length > LONGEST_CONTENT) {
    refuse("too-large", `${WHAT}: expected up to ${LONGEST_CONTENT} characters, found more`)
  }
  const failed = "failed parsing base64 data for public key content"
  const bytes = readBase64("rekor-v1 publicKey content", content, failed)
  if (bytes[0] === SEQUENCE) refuseDer(bytes)
  const blocks = parsePemChain(parseUtf8(bytes, WHAT), WHAT, MOST_CERTIFICATES)
  const key = readLeaf(blocks, options)
  const canonical = formatBase64(utf8(blocks.map(formatPem).join("")))
  return { key, content: canonical, sent: canonicalBase64(content, bytes) }
}

/** The bytes of a signature. */
export function readSignature(
  value: unknown,
  field: Base64Field = "rekor-v1 signature content",
): Uint8Array {
  const missing = "missing signature: expected its content"
  const text = neededText(value, missing, "signature content")
  return parseSignature(field, text, "failed parsing base64 data for signature content")
}

/** The signature and the key of a submission about an artifact. */
export function readSigned({ content, publicKey }: Members<string>, options: ProposalOptions) {
  const { content: pem } = asObject(publicKey ?? {}, "public key")
  // The key first: of an RSA key that is too long that is said, and not that its signature is.
  const verifier = readPemVerifier(pem, options)
  return { signature: readSignature(content), verifier }
}

/** Refuses `unsupported` for a key that may not sign messages. */
export function assertMessageKey(key: VerifierKey, options: ProposalOptions): void {
  assertTaken(messageAlgorithm[key.keyType], options, "entry algorithms are not allowed")
}
