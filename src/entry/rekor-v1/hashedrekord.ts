// Rekor v1, hashedrekord 0.0.1: a signature over the digest of an artifact. The body repeats the digest as
// it was sent and the key in canonical PEM.

import { utf8 } from "../../core/base/bytes.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, isAbsent } from "../../core/base/json-value.ts"
import { formatBase64, parseHex } from "../../core/base/text.ts"
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { digestAlgorithm, digestLength, type HashName } from "../algorithm.ts"
import type { Proposal, SignatureCheck } from "../entry.ts"
import { termsOf } from "../search-terms.ts"
import { assertHash, assertTaken, type ProposalOptions } from "../signature.ts"
import { readPemVerifier, readSignature } from "./verifier.ts"

/** A digest with its hexadecimal text, which may be in upper case. */
interface SentDigest {
  readonly hash: HashName
  readonly text: string
  readonly bytes: Uint8Array
}

const hashNames: ReadonlySet<string> = new Set(Object.keys(digestLength))
const HEX = /^[0-9a-fA-F]*$/
const NOT_ALLOWED = "entry algorithms are not allowed"

function isHashName(name: string): name is HashName {
  return hashNames.has(name)
}

/** Refuses in Rekor's words for a hash that is not there or not of its own length. */
export function readHash(value: unknown): SentDigest {
  if (isAbsent(value)) refuse("malformed", "missing hash: expected data.hash, found nothing")
  const members = asObject(value, "hash", ["algorithm", "value"])
  if (isAbsent(members.value) || members.value === "") {
    refuse("malformed", "missing hash value: expected data.hash.value, found nothing")
  }
  const hash = asText(members.algorithm ?? "", "hash algorithm")
  if (!isHashName(hash)) {
    return refuse(
      "unsupported",
      `hash algorithm: expected sha256, sha384 or sha512, found ${shown(hash)}`,
    )
  }
  const text = asText(members.value, "hash value")
  const digits = 2 * digestLength[hash]
  if (text.length !== digits || !HEX.test(text)) {
    refuse(
      "malformed",
      `invalid value for hash: expected ${digits} hex digits, found ${shown(text, 150)}`,
    )
  }
  return { hash, text, bytes: parseHex(text.toLowerCase(), "hash value") }
}

/** RFC 8785 in one piece, as in hashedrekord.ts: every text is hex or base64. */
function formatBody(hash: SentDigest, signature: string, key: string): Uint8Array {
  const body = utf8(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"${hash.hash}","value":"${hash.text}"}},"signature":{"content":"${signature}","publicKey":{"content":"${key}"}}}}`,
  )
  assertBodyLength(body)
  return body
}

/**
 * Checks everything about a submission but its signature: `spec` of the request. The pairs of key and
 * hash are those of the algorithms; Ed25519 keys sign as Ed25519ph. Refuses `malformed`, `too-large` or
 * `unsupported`.
 */
export function proposeHashedrekordV1(spec: unknown, options: ProposalOptions): Proposal {
  const members = asObject(spec, "spec", ["data", "signature"])
  if (isAbsent(members.signature)) {
    refuse("malformed", "missing signature: expected spec.signature, found nothing")
  }
  const { content, publicKey } = asObject(members.signature, "signature", ["content", "publicKey"])
  const signature = readSignature(content)
  const verifier = readPemVerifier(
    asObject(publicKey ?? {}, "public key", ["content"]).content,
    options,
  )
  if (isAbsent(members.data)) {
    refuse("malformed", "missing data: expected spec.data, found nothing")
  }
  const hash = readHash(asObject(members.data, "data", ["hash"]).hash)
  const { key } = verifier
  const algorithm = digestAlgorithm[key.keyType]
  assertHash(hash, algorithm, NOT_ALLOWED)
  assertTaken(algorithm, options, NOT_ALLOWED)
  const check: SignatureCheck = {
    algorithm,
    spki: key.spki,
    signature,
    signed: { form: "digest", digest: hash.bytes },
  }
  const body = formatBody(hash, formatBase64(signature), verifier.content)
  const kind = "hashedrekord"
  const version = "0.0.1"
  const digest = `${hash.hash}:${hash.text.toLowerCase()}`
  return {
    kind,
    version,
    terms: termsOf({ kind, version, keys: [key], digest }),
    claims: [[check]],
    body: () => body,
  }
}
