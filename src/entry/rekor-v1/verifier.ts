// The verifier key of Rekor v1: base64 of PEM, a public key or a certificate with its chain. Bodies repeat
// it in canonical PEM. The leaf comes first; of the rest of a chain only the form is checked, no signature
// and no date. Leaves out every other key format (pgp, minisign, ssh).
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asText, isAbsent } from "../../core/base/json-value.ts"
import { MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { formatPem, type Pem, parsePemChain } from "../../core/base/pem.ts"
import { formatBase64, parseBase64 } from "../../core/base/text.ts"
import { messageAlgorithm } from "../algorithm.ts"
import type { SignatureCheck } from "../entry.ts"
import { assertTaken, type ProposalOptions, parseSignature } from "../signature.ts"
import { assertCertificate, readVerifierKeyText, type VerifierKey } from "../verifier-key.ts"

/** A key as Rekor v1 has it. */
export interface PemVerifier {
  readonly key: VerifierKey
  /** Base64 of the canonical PEM: 64 columns, a final newline, the chain as it was sent. */
  readonly content: string
}

/** Characters of base64; what is longer could not stand in a body. */
const LONGEST_CONTENT = 65_536
const WHAT = "invalid public key"

function readLeaf(blocks: readonly Pem[], options: ProposalOptions): VerifierKey {
  const readKey = options.readKey ?? readVerifierKeyText
  const [leaf, ...issuers] = blocks
  if (leaf?.label === "PUBLIC KEY" && issuers.length === 0) {
    return readKey({ publicKey: formatBase64(leaf.der) })
  }
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (leaf === undefined || other !== undefined) {
    return refuse(
      "malformed",
      `${WHAT}: expected PEM of one PUBLIC KEY or of certificates, found ${shown(other?.label ?? "")}`,
    )
  }
  for (const { der } of issuers) assertCertificate(der)
  return readKey({ certificate: formatBase64(leaf.der) })
}

/**
 * Reads a key from base64 of PEM. Refuses `too-large` above 64 KB or ten certificates, before they are
 * parsed; `malformed`; or `unsupported` for a key that no algorithm here uses.
 */
export function readPemVerifier(value: unknown, options: ProposalOptions): PemVerifier {
  if (isAbsent(value) || value === "") {
    return refuse("malformed", "missing public key: expected its content, found nothing")
  }
  const content = asText(value, "public key content")
  if (content.length > LONGEST_CONTENT) {
    refuse("too-large", `${WHAT}: expected up to ${LONGEST_CONTENT} characters, found more`)
  }
  const bytes = parseBase64(content, "failed parsing base64 data for public key content")
  const blocks = parsePemChain(parseUtf8(bytes, WHAT), WHAT, MOST_CERTIFICATES)
  const key = readLeaf(blocks, options)
  return { key, content: formatBase64(utf8(blocks.map(formatPem).join(""))) }
}

/** The bytes of a signature; its text is canonical base64. */
export function readSignature(value: unknown): Uint8Array {
  if (isAbsent(value) || value === "") {
    return refuse("malformed", "missing signature: expected its content, found nothing")
  }
  const text = asText(value, "signature content")
  return parseSignature(text, "failed parsing base64 data for signature content")
}

/** Rekor v1 hashes messages with SHA-256 whatever the key is; only Ed25519 hashes for itself. */
export function messageCheck(
  key: VerifierKey,
  signature: Uint8Array,
  message: Uint8Array,
): SignatureCheck {
  const signed = { form: "message", message, hash: "sha256" } as const
  return { algorithm: messageAlgorithm[key.keyType], spki: key.spki, signature, signed }
}

/** Refuses `unsupported` for a key that may not sign messages. */
export function assertMessageKey(key: VerifierKey, options: ProposalOptions): void {
  assertTaken(messageAlgorithm[key.keyType], options, "entry algorithms are not allowed")
}
