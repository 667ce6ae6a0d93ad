// Submissions to Rekor v2 (rekor-tiles, CreateEntryRequest in its JSON form), made into the log's own. Takes
// hashedrekord and also dsse, which newer Rekors refuse but many clients send. The algorithm follows from
// the key itself; of `keyDetails` only the hash is used. Reads as leniently as "ProtoJSON Format" demands:
// names in camel case or as in the .proto file, `null` for unset, base64 in either alphabet. Leaves out what is not of
// the form at all, unknown fields among it: that is held against openapi.yaml before.
import { canonicalBase64 } from "../core/base/any-base64.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { isAbsent } from "../core/base/json-value.ts"
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
import type { DsseRequest } from "../entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../entry/kinds/hashedrekord-v002.ts"
import type { EntryRequest } from "../entry/kinds/registry.ts"
import type { VerifierKeyText } from "../entry/verifier-key.ts"

/** A message whose fields are set or not, under their names in camel case. */
type Message<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] }

type RawBytes = Message<{ rawBytes: string }>

type Verifier = Message<{
  publicKey: RawBytes
  x509Certificate: RawBytes
  keyDetails: string | number
}>

type Hashedrekord = Message<{
  digest: string
  signature: Message<{ content: string; verifier: Verifier }>
}>

type Dsse = Message<{
  envelope: Message<{
    payload: string
    payloadType: string
    signatures: readonly Message<{ sig: string; keyid: string }>[]
  }>
  verifiers: readonly (Verifier | null)[]
}>

type Submission = Message<{ hashedRekordRequestV002: Hashedrekord; dsseRequestV002: Dsse }>

/** A submission in the form that openapi.yaml describes (RekorV2Request), whichever of its names each field has. */
export type RekorV2Request = object

/** The name in camel case of a field that has the one of its .proto file. */
function fieldName(written: string): string {
  return written.includes("_")
    ? written.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : written
}

/** The value with the fields that are set alone, under their names in camel case. */
function normalised(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(normalised)
  const fields: Record<string, unknown> = {}
  for (const [written, field] of Object.entries(value)) {
    if (isAbsent(field)) continue
    const name = fieldName(written)
    if (Object.hasOwn(fields, name)) refuse("malformed", `duplicate field ${shown(written)}`)
    fields[name] = normalised(field)
  }
  return fields
}

/** Bytes with their canonical base64; unset is no bytes. Refuses `malformed` for what is not base64. */
function readProtoBytes(field: Base64Field, sent: string, what: string) {
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

function readKeyDetails(value: Verifier["keyDetails"]): Algorithm {
  if (value === undefined) {
    refuse("malformed", "missing keyDetails: expected the algorithm of the verifier's key")
  }
  return (
    everyAlgorithm.find((name) => name === value || numbers[name] === value) ??
    refuse("unsupported", `keyDetails: expected ${ONE_OF_ALL}, found ${shown(String(value))}`)
  )
}

/** Refuses `malformed` for no bytes, with `expected`. */
function neededBytes(field: Base64Field, sent: string | undefined, what: string, expected: string) {
  const read = readProtoBytes(field, sent ?? "", what)
  return read.bytes.length > 0 ? read : refuse("malformed", `${expected}, found none`)
}

function readRawBytes({ rawBytes }: RawBytes, what: string) {
  return neededBytes(
    "rekor-v2 rawBytes",
    rawBytes,
    `${what}.rawBytes`,
    `${what}: expected rawBytes`,
  )
}

/** The one of two fields that is set, and which it is. */
function eitherOf<One, Other>(
  what: string,
  names: readonly [string, string],
  one: One | undefined,
  other: Other | undefined,
): { readonly one: One } | { readonly other: Other } {
  if (one !== undefined && other === undefined) return { one }
  if (one === undefined && other !== undefined) return { other }
  const found = one === undefined ? "neither" : "both"
  return refuse("malformed", `${what}: expected either ${names.join(" or ")}, found ${found}`)
}

function readVerifier(verifier: Verifier | null | undefined): {
  details: Algorithm
  key: VerifierKeyText
} {
  if (isAbsent(verifier)) {
    return refuse("malformed", "missing verifier: expected a public key or a certificate")
  }
  const { publicKey, x509Certificate, keyDetails } = verifier
  const names = ["publicKey", "x509Certificate"] as const
  const form = eitherOf("verifier", names, publicKey, x509Certificate)
  const details = readKeyDetails(keyDetails)
  if ("one" in form) {
    return { details, key: { publicKey: readRawBytes(form.one, "publicKey").text } }
  }
  const { text, bytes } = readRawBytes(form.other, "x509Certificate")
  // sigstore-js sends bare public keys as certificates.
  return { details, key: looksLikeSpki(bytes) ? { publicKey: text } : { certificate: text } }
}

/** Pure Ed25519 signs messages only; nothing is left of one when the request has but a digest. */
function hashOf(details: Algorithm): HashName {
  return details === "PKIX_ED25519"
    ? refuse("unsupported", "keyDetails: expected PKIX_ED25519_PH for a digest, found PKIX_ED25519")
    : algorithms[details].hash
}

function readDigest(value: string | undefined, hash: HashName): string {
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

function readHashedrekord({ digest, signature = {} }: Hashedrekord): HashedrekordRequest {
  const { content, verifier } = signature
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

function readDsse({ envelope = {}, verifiers = [] }: Dsse): DsseRequest {
  const { payload = "", payloadType = "", signatures = [] } = envelope
  return {
    kind: "dsse",
    envelope: {
      payload: readProtoBytes("rekor-v2 dsse payload", payload, "payload").text,
      payloadType,
      signatures: signatures.map(({ sig = "", ...others }) => {
        return { ...others, sig: readProtoBytes("rekor-v2 dsse sig", sig, "signature").text }
      }),
    },
    verifiers: verifiers.map((verifier) => readVerifier(verifier).key),
  }
}

/**
 * Reads the form of a submission that is as the contract describes it, and gives it in the log's own, base64 made
 * canonical; whether key, digest and signature fit is for `proposeEntry` to say. Refuses `malformed` or
 * `unsupported`, naming the field. The caller bounds the size of the whole.
 */
export function readRekorV2Request(value: RekorV2Request): EntryRequest {
  const { hashedRekordRequestV002, dsseRequestV002 } = normalised(value) as Submission
  const names = ["hashedRekordRequestV002", "dsseRequestV002"] as const
  const request = eitherOf("request", names, hashedRekordRequestV002, dsseRequestV002)
  return "one" in request ? readHashedrekord(request.one) : readDsse(request.other)
}
