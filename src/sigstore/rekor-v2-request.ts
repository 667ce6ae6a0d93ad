// Submissions to Rekor v2 (rekor-tiles, CreateEntryRequest in its JSON form), made into the log's own. Takes
// hashedrekord and also dsse, which newer Rekors refuse but many clients send. The algorithm follows from
// the key itself; of `keyDetails` only the hash is used.
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asText } from "../core/base/json-value.ts"
import { formatHex } from "../core/base/text.ts"
import {
  type Algorithm,
  algorithms,
  digestLength,
  everyAlgorithm,
  type HashName,
} from "../entry/algorithm.ts"
import { looksLikeSpki } from "../entry/der.ts"
import { type DsseSignature, MOST_SIGNATURES } from "../entry/dsse.ts"
import type { DsseRequest } from "../entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../entry/kinds/hashedrekord-v002.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import type { VerifierKeyText } from "../entry/verifier-key.ts"
import { readMessage, readProtoBytes } from "./proto-json.ts"

/** The numbers of PublicKeyDetails (protobuf-specs, sigstore_common.proto). */
const numbers: Readonly<Record<Algorithm, number>> = {
  PKIX_ECDSA_P256_SHA_256: 5,
  PKIX_ED25519: 7,
  PKIX_ED25519_PH: 8,
  PKIX_RSA_PKCS1V15_2048_SHA256: 9,
  PKIX_RSA_PKCS1V15_3072_SHA256: 10,
  PKIX_RSA_PKCS1V15_4096_SHA256: 11,
  PKIX_ECDSA_P384_SHA_384: 12,
  PKIX_ECDSA_P521_SHA_512: 13,
}

interface Verifier {
  readonly details: Algorithm
  readonly key: VerifierKeyText
}

function readKeyDetails(value: unknown): Algorithm {
  if (value === undefined) {
    refuse("malformed", "missing keyDetails: expected the algorithm of the verifier's key")
  }
  return (
    everyAlgorithm.find((name) => name === value || numbers[name] === value) ??
    refuse(
      "unsupported",
      `keyDetails: expected one of ${everyAlgorithm.join(", ")}, found ${shown(String(value))}`,
    )
  )
}

function readRawBytes(value: unknown, what: string) {
  const raw = readProtoBytes(readMessage(value, what, ["rawBytes"]).rawBytes, `${what}.rawBytes`)
  if (raw.bytes.length === 0) refuse("malformed", `${what}: expected rawBytes, found none`)
  return raw
}

function readVerifier(value: unknown): Verifier {
  if (value === undefined || value === null) {
    return refuse("malformed", "missing verifier: expected a public key or a certificate")
  }
  const { publicKey, x509Certificate, keyDetails } = readMessage(value, "verifier", [
    "publicKey",
    "x509Certificate",
    "keyDetails",
  ])
  if ((publicKey === undefined) === (x509Certificate === undefined)) {
    const found = publicKey === undefined ? "neither" : "both"
    refuse("malformed", `verifier: expected either publicKey or x509Certificate, found ${found}`)
  }
  const details = readKeyDetails(keyDetails)
  if (publicKey !== undefined) {
    return { details, key: { publicKey: readRawBytes(publicKey, "publicKey").text } }
  }
  const { text, bytes } = readRawBytes(x509Certificate, "x509Certificate")
  // sigstore-js sends bare public keys under this name.
  return { details, key: looksLikeSpki(bytes) ? { publicKey: text } : { certificate: text } }
}

/** Pure Ed25519 signs messages only; nothing is left of one when the request has but a digest. */
function hashOf(details: Algorithm): HashName {
  return details === "PKIX_ED25519"
    ? refuse("unsupported", "keyDetails: expected PKIX_ED25519_PH for a digest, found PKIX_ED25519")
    : algorithms[details].hash
}

function readDigest(value: unknown, hash: HashName): string {
  const { bytes } = readProtoBytes(value, "digest")
  if (bytes.length === 0) refuse("malformed", "missing digest: expected its bytes, found none")
  if (bytes.length !== digestLength[hash]) {
    refuse(
      "malformed",
      `digest: expected ${digestLength[hash]} bytes, as ${hash} follows from keyDetails, found ${bytes.length}`,
    )
  }
  return `${hash}:${formatHex(bytes)}`
}

function readHashedrekord(value: unknown): HashedrekordRequest {
  const { digest, signature } = readMessage(value, "hashedRekordRequestV002", [
    "digest",
    "signature",
  ])
  const { content, verifier } = readMessage(signature ?? {}, "signature", ["content", "verifier"])
  const { text, bytes } = readProtoBytes(content, "signature")
  if (bytes.length === 0) refuse("malformed", "missing signature: expected its bytes, found none")
  const { details, key } = readVerifier(verifier)
  return {
    kind: "hashedrekord",
    digest: readDigest(digest, hashOf(details)),
    signature: text,
    ...key,
  }
}

function readSignature(value: unknown): DsseSignature {
  const { sig, keyid } = readMessage(value, "signature", ["sig", "keyid"])
  const { text } = readProtoBytes(sig, "signature")
  return keyid === undefined ? { sig: text } : { sig: text, keyid: asText(keyid, "keyid") }
}

function readDsse(value: unknown): DsseRequest {
  const { envelope, verifiers } = readMessage(value, "dsseRequestV002", ["envelope", "verifiers"])
  const { payload, payloadType, signatures } = readMessage(envelope ?? {}, "envelope", [
    "payload",
    "payloadType",
    "signatures",
  ])
  return {
    kind: "dsse",
    envelope: {
      payload: readProtoBytes(payload, "payload").text,
      payloadType: asText(payloadType ?? "", "payloadType"),
      signatures: asList(signatures ?? [], "signatures", MOST_SIGNATURES).map(readSignature),
    },
    verifiers: asList(verifiers ?? [], "verifiers", MOST_SIGNATURES).map(
      (verifier) => readVerifier(verifier).key,
    ),
  }
}

/**
 * Reads the form of a submission and gives it in the log's own, base64 made canonical; whether key,
 * digest and signature fit is for `proposeEntry` to say. Refuses `malformed`, `too-large` or
 * `unsupported`, naming the field. The caller bounds the size of the whole.
 */
export function readRekorV2Request(value: unknown): EntryRequest {
  const request = readMessage(value, "request", ["hashedRekordRequestV002", "dsseRequestV002"])
  const { hashedRekordRequestV002, dsseRequestV002 } = request
  if ((hashedRekordRequestV002 === undefined) === (dsseRequestV002 === undefined)) {
    const found = dsseRequestV002 === undefined ? "neither" : "both"
    refuse(
      "malformed",
      `request: expected either hashedRekordRequestV002 or dsseRequestV002, found ${found}`,
    )
  }
  return dsseRequestV002 === undefined
    ? readHashedrekord(hashedRekordRequestV002)
    : readDsse(dsseRequestV002)
}
