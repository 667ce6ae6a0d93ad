// What a logged body says at a glance: its kind, the digests it is about, and who signed. Reads the bodies
// of every kind that the log takes; of any other body it only gives the kind. Verifies nothing.
import { LONGEST_BODY } from "../core/bundle.ts"
import { parseUtf8 } from "../core/bytes.ts"
import { digestOf } from "../core/digest.ts"
import { refuse } from "../core/errors.ts"
import {
  asBytes,
  asList,
  asObject,
  asText,
  isAbsent,
  type Members,
  parseJson,
} from "../core/json-value.ts"
import { parsePemChain } from "../core/pem.ts"
import { formatHex, parseBase64 } from "../core/text.ts"
import { certificateNames } from "../entry/certificate-names.ts"
import { MOST_SIGNATURES } from "../entry/dsse.ts"
import { sha256Text } from "../entry/search-terms.ts"
import { readVerifierKey, type VerifierKey } from "../entry/verifier-key.ts"

/** Whose key verified a signature. */
export interface Signer {
  /** `sha256:` and the hex of the SHA-256 over the key's SPKI. */
  readonly key: string
  /** Whom the certificate names, in lower case; nobody for a bare key. */
  readonly identities: readonly string[]
  readonly issuer?: string
}

export interface EntrySummary {
  /** With its version: `hashedrekord:0.0.2`. */
  readonly kind: string
  /** The digest of the artifact, as `algorithm:hex`. */
  readonly digest?: string
  /** The digest of a DSSE payload. */
  readonly payload?: string
  /** One for each signature. */
  readonly signers: readonly Signer[]
}

type Parts = Omit<EntrySummary, "kind" | "signers"> & { readonly keys: readonly VerifierKey[] }

const MOST_CERTIFICATES = 10

const hashNames: ReadonlyMap<string, string> = new Map([
  ["SHA2_256", "sha256"],
  ["SHA2_384", "sha384"],
  ["SHA2_512", "sha512"],
])

function derKey(signature: unknown): VerifierKey {
  const { verifier } = asObject(signature, "signature", ["verifier"])
  const { publicKey, x509Certificate } = asObject(verifier, "verifier", [
    "publicKey",
    "x509Certificate",
  ])
  const { rawBytes } = asObject(publicKey ?? x509Certificate, "verifier", ["rawBytes"])
  const der = asBytes(rawBytes, "rawBytes")
  return readVerifierKey(isAbsent(publicKey) ? { certificate: der } : { publicKey: der })
}

function pemKey(content: unknown): VerifierKey {
  const pem = parseUtf8(parseBase64(asText(content, "verifier"), "verifier"), "verifier")
  const [leaf] = parsePemChain(pem, "verifier", MOST_CERTIFICATES)
  const der = leaf?.der ?? refuse("malformed", "verifier: expected PEM, found nothing")
  return readVerifierKey(leaf?.label === "PUBLIC KEY" ? { publicKey: der } : { certificate: der })
}

/** `{algorithm, digest}` of Rekor v2. */
function digestV2(value: unknown): string {
  const { algorithm, digest } = asObject(value, "digest", ["algorithm", "digest"])
  const hash = hashNames.get(asText(algorithm, "algorithm"))
  return `${hash}:${formatHex(asBytes(digest, "digest"))}`
}

/** `{algorithm, value}` of Rekor v1. */
function digestV1(hash: unknown): string {
  const { algorithm, value } = asObject(hash, "digest", ["algorithm", "value"])
  return `${asText(algorithm, "algorithm")}:${asText(value, "value").toLowerCase()}`
}

function hashedrekordV2(spec: unknown): Parts {
  const { hashedRekordV002 } = asObject(spec, "spec", ["hashedRekordV002"])
  const { data, signature } = asObject(hashedRekordV002, "spec", ["data", "signature"])
  return { digest: digestV2(data), keys: [derKey(signature)] }
}

function dsseV2(spec: unknown): Parts {
  const { dsseV002 } = asObject(spec, "spec", ["dsseV002"])
  const { payloadHash, signatures } = asObject(dsseV002, "spec", ["payloadHash", "signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES)
  return { payload: digestV2(payloadHash), keys: list.map(derKey) }
}

function artifactV1(spec: unknown): Parts {
  const { data, signature } = asObject(spec, "spec", ["data", "signature"])
  const { publicKey } = asObject(signature, "signature", ["publicKey"])
  const { content } = asObject(publicKey, "publicKey", ["content"])
  const { hash } = asObject(data, "data", ["hash"])
  return { digest: digestV1(hash), keys: [pemKey(content)] }
}

function dsseV1(spec: unknown): Parts {
  const { payloadHash, signatures } = asObject(spec, "spec", ["payloadHash", "signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES)
  const keys = list.map((item) => pemKey(asObject(item, "signature", ["verifier"]).verifier))
  return { payload: digestV1(payloadHash), keys }
}

function intotoV1(spec: unknown): Parts {
  const { content } = asObject(spec, "spec", ["content"])
  const { envelope, payloadHash } = asObject(content, "content", ["envelope", "payloadHash"])
  const { signatures } = asObject(envelope, "envelope", ["signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES)
  const keys = list.map((item) => pemKey(asObject(item, "signature", ["publicKey"]).publicKey))
  return { payload: digestV1(payloadHash), keys }
}

const readers: ReadonlyMap<string, (spec: unknown) => Parts> = new Map([
  ["hashedrekord:0.0.2", hashedrekordV2],
  ["dsse:0.0.2", dsseV2],
  ["hashedrekord:0.0.1", artifactV1],
  ["rekord:0.0.1", artifactV1],
  ["dsse:0.0.1", dsseV1],
  ["intoto:0.0.2", intotoV1],
])

function signerOf(key: VerifierKey): Signer {
  const names = key.form === "publicKey" ? { identities: [] } : certificateNames(key.der)
  return { key: sha256Text(digestOf("sha256", key.spki)), ...names }
}

function openBody(body: Uint8Array): Members<"apiVersion" | "kind" | "spec"> {
  const value = parseJson(parseUtf8(body, "body"), "body", LONGEST_BODY)
  return asObject(value, "body", ["apiVersion", "kind", "spec"])
}

/** Refuses `malformed` for a body that is not of the kind it names. */
export function readSummary(body: Uint8Array): EntrySummary {
  const { apiVersion, kind: name, spec } = openBody(body)
  const kind = isAbsent(name)
    ? "unknown"
    : `${asText(name, "kind")}:${asText(apiVersion, "version")}`
  const { keys, ...digests } = readers.get(kind)?.(spec) ?? { keys: [] }
  return { kind, ...digests, signers: keys.map(signerOf) }
}
