// What a logged body says at a glance: its kind, the digests it is about, and who signed. Reads the bodies
// of every kind that the log takes; of any other body it only gives the kind. Verifies nothing.

import { parseUtf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import {
  asBytes,
  asList,
  asObject,
  asText,
  isAbsent,
  type Members,
  parseJson,
} from "../core/base/json-value.ts"
import { LONGEST_BODY, MOST_CERTIFICATES } from "../core/base/limits.ts"
import { parsePemChain } from "../core/base/pem.ts"
import { formatHex, parseBase64 } from "../core/base/text.ts"
import { MOST_SIGNATURES } from "../entry/dsse.ts"
import { sha256Text } from "../entry/search-terms.ts"
import {
  readVerifierKey,
  readVerifierKeyText,
  type VerifierKey,
  type VerifierKeyReader,
} from "../entry/verifier-key.ts"

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

/** A signature of a body with the key it is said to hold under. */
export interface RecordedSignature {
  readonly key: VerifierKey
  /** Base64 of the signature if the body is what the log makes; not looked at. */
  readonly content: unknown
  /** What Rekor v2 says of the algorithm; not looked at. */
  readonly keyDetails?: unknown
}

export interface RecordedEntry {
  /** As in {@link EntrySummary}. */
  readonly kind: string
  readonly digest?: string
  readonly payload?: string
  readonly payloadType?: unknown
  /** Empty for a kind that is not known. */
  readonly signatures: readonly RecordedSignature[]
}

/** Reads keys by the text that stands for them in a body; a cache if the same ones come often. */
export interface RecordedKeys {
  readonly der: VerifierKeyReader
  /** Of base64 of PEM, as Rekor v1 has it. */
  readonly pem: (content: string) => VerifierKey
}

type Parts = Omit<RecordedEntry, "kind">
type PartsReader = (spec: unknown, keys: RecordedKeys) => Parts

const hashNames: ReadonlyMap<string, string> = new Map([
  ["SHA2_256", "sha256"],
  ["SHA2_384", "sha384"],
  ["SHA2_512", "sha512"],
])

const hashes: readonly string[] = [...hashNames.values()]

/** A key of Rekor v1; refuses as `readVerifierKey` does, and `malformed` for what is no PEM. */
export function readRecordedPem(content: string): VerifierKey {
  const pem = parseUtf8(parseBase64(content, "verifier"), "verifier")
  const [leaf] = parsePemChain(pem, "verifier", MOST_CERTIFICATES)
  const der = leaf?.der ?? refuse("malformed", "verifier: expected PEM, found nothing")
  return readVerifierKey(leaf?.label === "PUBLIC KEY" ? { publicKey: der } : { certificate: der })
}

const uncachedKeys: RecordedKeys = { der: readVerifierKeyText, pem: readRecordedPem }

function derSignature(signature: unknown, keys: RecordedKeys): RecordedSignature {
  const { content, verifier } = asObject(signature, "signature", ["content", "verifier"])
  const { publicKey, x509Certificate, keyDetails } = asObject(verifier, "verifier", [
    "publicKey",
    "x509Certificate",
    "keyDetails",
  ])
  const { rawBytes } = asObject(publicKey ?? x509Certificate, "verifier", ["rawBytes"])
  const text = asText(rawBytes, "rawBytes")
  const key = keys.der(isAbsent(publicKey) ? { certificate: text } : { publicKey: text })
  return { key, content, keyDetails }
}

function pemKey(content: unknown, keys: RecordedKeys): VerifierKey {
  return keys.pem(asText(content, "verifier"))
}

function unknownHash(name: string): never {
  return refuse("unsupported", `digest: expected one of ${hashes.join(", ")}, found ${shown(name)}`)
}

/** `{algorithm, digest}` of Rekor v2. */
function digestV2(value: unknown): string {
  const { algorithm, digest } = asObject(value, "digest", ["algorithm", "digest"])
  const name = asText(algorithm, "algorithm")
  const hash = hashNames.get(name) ?? unknownHash(name)
  return `${hash}:${formatHex(asBytes(digest, "digest"))}`
}

/** `{algorithm, value}` of Rekor v1. */
function digestV1(hash: unknown): string {
  const { algorithm, value } = asObject(hash, "digest", ["algorithm", "value"])
  const name = asText(algorithm, "algorithm")
  if (!hashes.includes(name)) unknownHash(name)
  return `${name}:${asText(value, "value").toLowerCase()}`
}

function hashedrekordV2(spec: unknown, keys: RecordedKeys): Parts {
  const { hashedRekordV002 } = asObject(spec, "spec", ["hashedRekordV002"])
  const { data, signature } = asObject(hashedRekordV002, "spec", ["data", "signature"])
  return { digest: digestV2(data), signatures: [derSignature(signature, keys)] }
}

function dsseV2(spec: unknown, keys: RecordedKeys): Parts {
  const { dsseV002 } = asObject(spec, "spec", ["dsseV002"])
  const { payloadHash, signatures } = asObject(dsseV002, "spec", ["payloadHash", "signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES)
  return { payload: digestV2(payloadHash), signatures: list.map((it) => derSignature(it, keys)) }
}

function artifactV1(spec: unknown, keys: RecordedKeys): Parts {
  const { data, signature } = asObject(spec, "spec", ["data", "signature"])
  const { content, format, publicKey } = asObject(signature, "signature", [
    "content",
    "format",
    "publicKey",
  ])
  if (!isAbsent(format) && format !== "x509") {
    refuse("unsupported", "signature format: expected x509, found another one")
  }
  const key = pemKey(asObject(publicKey, "publicKey", ["content"]).content, keys)
  const { hash } = asObject(data, "data", ["hash"])
  return { digest: digestV1(hash), signatures: [{ key, content }] }
}

function dsseV1(spec: unknown, keys: RecordedKeys): Parts {
  const { payloadHash, signatures } = asObject(spec, "spec", ["payloadHash", "signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES).map((item) => {
    const { signature, verifier } = asObject(item, "signature", ["signature", "verifier"])
    return { key: pemKey(verifier, keys), content: signature }
  })
  return { payload: digestV1(payloadHash), signatures: list }
}

function intotoV1(spec: unknown, keys: RecordedKeys): Parts {
  const { content } = asObject(spec, "spec", ["content"])
  const { envelope, payloadHash } = asObject(content, "content", ["envelope", "payloadHash"])
  const { payloadType, signatures } = asObject(envelope, "envelope", ["payloadType", "signatures"])
  const list = asList(signatures, "signatures", MOST_SIGNATURES).map((item) => {
    const { sig, publicKey } = asObject(item, "signature", ["sig", "publicKey"])
    return { key: pemKey(publicKey, keys), content: sig }
  })
  return { payload: digestV1(payloadHash), payloadType, signatures: list }
}

const readers: ReadonlyMap<string, PartsReader> = new Map([
  ["hashedrekord:0.0.2", hashedrekordV2],
  ["dsse:0.0.2", dsseV2],
  ["hashedrekord:0.0.1", artifactV1],
  ["rekord:0.0.1", artifactV1],
  ["dsse:0.0.1", dsseV1],
  ["intoto:0.0.2", intotoV1],
])

function readSigner(key: VerifierKey): Signer {
  const { identities = [], issuer } = key.names ?? {}
  const named = { key: sha256Text(digestOf("sha256", key.spki)), identities }
  return issuer === undefined ? named : { ...named, issuer }
}

const signers = new WeakMap<VerifierKey, Signer>()

/** Who signs with this key; remembered as long as the key itself. */
export function signerOf(key: VerifierKey): Signer {
  const signer = signers.get(key) ?? readSigner(key)
  signers.set(key, signer)
  return signer
}

function openBody(body: Uint8Array): Members<"apiVersion" | "kind" | "spec"> {
  const value = parseJson(parseUtf8(body, "body"), "body", LONGEST_BODY)
  return asObject(value, "body", ["apiVersion", "kind", "spec"])
}

/**
 * What a body says, its kind "unknown" if it names none. Refuses `malformed` for a body that is not of
 * the kind it names, `unsupported` or `too-large` for one with a key or a hash that is not known here.
 */
export function readRecorded(body: Uint8Array, keys: RecordedKeys = uncachedKeys): RecordedEntry {
  const { apiVersion, kind: name, spec } = openBody(body)
  const kind = isAbsent(name)
    ? "unknown"
    : `${asText(name, "kind")}:${asText(apiVersion, "version")}`
  return { kind, ...(readers.get(kind)?.(spec, keys) ?? { signatures: [] }) }
}

/** The summary of what was read. */
export function summaryOf({ kind, digest, payload, signatures }: RecordedEntry): EntrySummary {
  return {
    kind,
    ...(digest !== undefined && { digest }),
    ...(payload !== undefined && { payload }),
    signers: signatures.map(({ key }) => signerOf(key)),
  }
}

/** Refuses as {@link readRecorded} does. */
export function readSummary(body: Uint8Array): EntrySummary {
  return summaryOf(readRecorded(body))
}
