// The TransparencyLogEntry of Sigstore (protobuf-specs, sigstore_rekor.proto, JSON form): what Rekor v2
// answers to a submission and what a bundle keeps. Reads and writes the form; client/verify checks the content.
// Members that the form does not know are refused: protobuf's JSON form does so by default, and no bundle of
// the public conformance suite needs it otherwise.
import { asInteger, asList, asMessage, asText, optional } from "../core/base/json-value.ts"
import { MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import { asHash, type Hash } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"

/** An inclusion proof with the checkpoint that it leads to; its own size and root are redundant. */
export interface CheckpointedProof extends InclusionProof {
  readonly checkpoint: string
}

/** A log's entry in a bundle (protobuf-specs, sigstore_rekor.proto). */
export interface TransparencyLogEntry {
  readonly index: number
  /** 32 bytes; for an ECDSA log key SHA-256 over its SPKI. */
  readonly logId: Hash
  readonly kind: string
  readonly version: string
  /** When the log took the entry, in Unix seconds; only a promise that holds makes it a time. */
  readonly integratedTime?: number
  /** The log's signed entry timestamp (Rekor v1): its word that it took the entry at that time. */
  readonly promise?: Uint8Array
  /** Absent in bundles of version 0.1 that hold an inclusion promise only. */
  readonly proof?: CheckpointedProof
  readonly body: Uint8Array
}

/** The JSON value of an entry. `base64` may be the platform's own encoder, which is several times faster. */
export function logEntryToJson(
  entry: TransparencyLogEntry,
  base64: (bytes: Uint8Array) => string = formatBase64,
): object {
  return {
    logIndex: String(entry.index),
    logId: { keyId: base64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    integratedTime: String(entry.integratedTime ?? 0),
    ...(entry.promise && { inclusionPromise: { signedEntryTimestamp: base64(entry.promise) } }),
    ...(entry.proof && {
      inclusionProof: {
        logIndex: String(entry.proof.index),
        rootHash: base64(entry.proof.root),
        treeSize: String(entry.proof.size),
        hashes: entry.proof.hashes.map(base64),
        checkpoint: { envelope: entry.proof.checkpoint },
      },
    }),
    canonicalizedBody: base64(entry.body),
  }
}

/** Writers of protobuf JSON may leave a zero out. */
function asIntegerOrAbsentZero(value: unknown, what: string): number {
  return optional(value, (present) => asInteger(present, what)) ?? 0
}

function asHashBytes(value: unknown, what: string): Hash {
  return asHash(asProtobufBytes(value, what), what)
}

function readProof(value: unknown, what: string): CheckpointedProof {
  const proof = asMessage(value, what, ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"])
  const { envelope } = asMessage(proof.checkpoint, `${what}.checkpoint`, ["envelope"])
  const hashes = asList(proof.hashes ?? [], `${what}.hashes`, MOST_PROOF_HASHES)
  return {
    index: asIntegerOrAbsentZero(proof.logIndex, `${what}.logIndex`),
    root: asHashBytes(proof.rootHash, `${what}.rootHash`),
    size: asIntegerOrAbsentZero(proof.treeSize, `${what}.treeSize`),
    hashes: hashes.map((hash, i) => asHashBytes(hash, `${what}.hashes[${i}]`)),
    checkpoint: asText(envelope, `${what}.checkpoint.envelope`),
  }
}

/** A promise without a signature is refused: other verifiers take it for one that does not hold. */
function readPromise(value: unknown, what: string): Uint8Array {
  const { signedEntryTimestamp } = asMessage(value, what, ["signedEntryTimestamp"])
  return asProtobufBytes(signedEntryTimestamp, `${what}.signedEntryTimestamp`)
}

/** Reads an entry; refuses `malformed` or `too-large`, naming the member at fault. */
export function readLogEntry(value: unknown, what: string): TransparencyLogEntry {
  const entry = asMessage(value, what, [
    "logIndex",
    "logId",
    "kindVersion",
    "integratedTime",
    "inclusionPromise",
    "inclusionProof",
    "canonicalizedBody",
  ])
  const { keyId } = asMessage(entry.logId, `${what}.logId`, ["keyId"])
  const kindVersion = asMessage(entry.kindVersion, `${what}.kindVersion`, ["kind", "version"])
  const time = asIntegerOrAbsentZero(entry.integratedTime, `${what}.integratedTime`)
  const promise = optional(entry.inclusionPromise, (it) =>
    readPromise(it, `${what}.inclusionPromise`),
  )
  const proof = optional(entry.inclusionProof, (it) => readProof(it, `${what}.inclusionProof`))
  return {
    index: asIntegerOrAbsentZero(entry.logIndex, `${what}.logIndex`),
    logId: asHashBytes(keyId, `${what}.logId.keyId`),
    kind: asText(kindVersion.kind, `${what}.kindVersion.kind`),
    version: asText(kindVersion.version, `${what}.kindVersion.version`),
    ...present({ integratedTime: time === 0 ? undefined : time, promise, proof }),
    body: asProtobufBytes(entry.canonicalizedBody, `${what}.canonicalizedBody`),
  }
}
