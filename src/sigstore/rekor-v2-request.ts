// Submissions to Rekor v2 (rekor-tiles, CreateEntryRequest in its JSON form), made into the log's own. Takes
// hashedrekord and also dsse, which newer Rekors refuse but many clients send. The algorithm follows from
// the key itself; of `keyDetails` only the hash is used. Reads as leniently as "ProtoJSON Format" demands:
// names in camel case or as in the .proto file, `null` for unset, base64 in either alphabet. Unknown fields
// are refused, as grpc-gateway does.
import { canonicalBase64 } from "../core/base/any-base64.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asText, isAbsent, type Members } from "../core/base/json-value.ts"
import { formatHex } from "../core/base/text.ts"
import {
  type Algorithm,
  algorithms,
  digestLength,
  everyAlgorithm,
  type HashName,
} from "../entry/algorithm.ts"
import { type Base64Field, readBase64 } from "../entry/base64-fields.ts"
import { looksLikeSpki } from "../entry/der.ts"
import { type DsseSignature, MOST_SIGNATURES } from "../entry/dsse.ts"
import type { DsseRequest } from "../entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../entry/kinds/hashedrekord-v002.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import type { VerifierKeyText } from "../entry/verifier-key.ts"

/** The name of a field in its .proto file: `x509_certificate` for `x509Certificate`. */
function protoName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The fields that are set, by their names in camel case; refuses `malformed` for any other field. */
function readMessage<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
): Members<Name> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("malformed", `${what}: expected an object, found another value`)
  }
  const fields: { [Each in Name]?: unknown } = {}
  for (const [written, field] of Object.entries(value)) {
    const name = names.find((known) => known === written || protoName(known) === written)
    if (name === undefined) {
      return refuse("malformed", `${what}: unknown field ${shown(written)}`)
    }
    if (isAbsent(field)) continue
    if (fields[name] !== undefined) {
      refuse("malformed", `${what}: duplicate field ${shown(written)}`)
    }
    fields[name] = field
  }
  return fields
}

/** Bytes with their canonical base64; unset is no bytes. Refuses `malformed` for what is not base64. */
function readProtoBytes(field: Base64Field, value: unknown, what: string) {
  const sent = asText(value ?? "", what)
  const bytes = readBase64(field, sent, what)
  return { text: canonicalBase64(sent, bytes), bytes }
}

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

const ONE_OF_ALL = `one of ${everyAlgorithm.join(", ")}`

function readKeyDetails(value: unknown): Algorithm {
  if (value === undefined) {
    refuse("malformed", "missing keyDetails: expected the algorithm of the verifier's key")
  }
  return (
    everyAlgorithm.find((name) => name === value || numbers[name] === value) ??
    refuse("unsupported", `keyDetails: expected ${ONE_OF_ALL}, found ${shown(String(value))}`)
  )
}

/** Refuses `malformed` for no bytes, with `expected`. */
function neededBytes(field: Base64Field, value: unknown, what: string, expected: string) {
  const read = readProtoBytes(field, value, what)
  return read.bytes.length > 0 ? read : refuse("malformed", `${expected}, found none`)
}

function readRawBytes(value: unknown, what: string) {
  const { rawBytes } = readMessage(value, what, ["rawBytes"])
  return neededBytes(
    "rekor-v2 rawBytes",
    rawBytes,
    `${what}.rawBytes`,
    `${what}: expected rawBytes`,
  )
}

/** The name of the one member of two that is set. */
function eitherOf<Name extends string>(
  message: Members<Name>,
  what: string,
  names: readonly [Name, Name],
): Name {
  const [one, other] = names.filter((name) => message[name] !== undefined)
  if (one !== undefined && other === undefined) return one
  const found = one === undefined ? "neither" : "both"
  return refuse("malformed", `${what}: expected either ${names.join(" or ")}, found ${found}`)
}

function readVerifier(value: unknown): { details: Algorithm; key: VerifierKeyText } {
  if (isAbsent(value)) {
    return refuse("malformed", "missing verifier: expected a public key or a certificate")
  }
  const forms = ["publicKey", "x509Certificate"] as const
  const verifier = readMessage(value, "verifier", [...forms, "keyDetails"])
  const form = eitherOf(verifier, "verifier", forms)
  const details = readKeyDetails(verifier.keyDetails)
  const { text, bytes } = readRawBytes(verifier[form], form)
  // sigstore-js sends bare public keys as certificates.
  const isBare = form === "publicKey" || looksLikeSpki(bytes)
  return { details, key: isBare ? { publicKey: text } : { certificate: text } }
}

/** Pure Ed25519 signs messages only; nothing is left of one when the request has but a digest. */
function hashOf(details: Algorithm): HashName {
  return details === "PKIX_ED25519"
    ? refuse("unsupported", "keyDetails: expected PKIX_ED25519_PH for a digest, found PKIX_ED25519")
    : algorithms[details].hash
}

function readDigest(value: unknown, hash: HashName): string {
  const { bytes } = neededBytes(
    "rekor-v2 digest",
    value,
    "digest",
    "missing digest: expected its bytes",
  )
  if (bytes.length !== digestLength[hash]) {
    const expected = `${digestLength[hash]} bytes, as ${hash} follows from keyDetails`
    refuse("malformed", `digest: expected ${expected}, found ${bytes.length}`)
  }
  return `${hash}:${formatHex(bytes)}`
}

function readHashedrekord(value: unknown): HashedrekordRequest {
  const members = readMessage(value, "hashedRekordRequestV002", ["digest", "signature"])
  const { digest, signature } = members
  const { content, verifier } = readMessage(signature ?? {}, "signature", ["content", "verifier"])
  const { text } = neededBytes(
    "rekor-v2 signature content",
    content,
    "signature",
    "missing signature: expected its bytes",
  )
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
  const { text } = readProtoBytes("rekor-v2 dsse sig", sig, "signature")
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
      payload: readProtoBytes("rekor-v2 dsse payload", payload, "payload").text,
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
  const kinds = ["hashedRekordRequestV002", "dsseRequestV002"] as const
  const request = readMessage(value, "request", kinds)
  const kind = eitherOf(request, "request", kinds)
  return kind === "dsseRequestV002" ? readDsse(request[kind]) : readHashedrekord(request[kind])
}
