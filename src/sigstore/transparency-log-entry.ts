// The TransparencyLogEntry of Sigstore (protobuf-specs, sigstore_rekor.proto, JSON form): what Rekor v2
// answers to a submission and what a bundle keeps. Reads and writes the form; verify.ts checks the content.
// An integrated time and an inclusion promise may be there and are not looked at.
import { asBytes, asInteger, asList, asMessage, asText, optional } from "../core/base/json-value.ts"
import { MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { formatBase64 } from "../core/base/text.ts"
import { asHash, type Hash } from "../core/tree/hash.ts"
import type { InclusionProof } from "../core/tree/proof.ts"

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
  /** Absent in bundles of version 0.1 that hold an inclusion promise only. */
  readonly proof?: CheckpointedProof
  readonly body: Uint8Array
}

/**
 * The JSON value of an entry, with `integratedTime` zero and without a promise. `base64` may be the
 * platform's own encoder, which is several times faster.
 */
export function logEntryToJson(
  entry: TransparencyLogEntry,
  base64: (bytes: Uint8Array) => string = formatBase64,
): object {
  return {
    logIndex: String(entry.index),
    logId: { keyId: base64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    integratedTime: "0",
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
  return asHash(asBytes(value, what), what)
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

function readPromise(value: unknown, what: string): void {
  const { signedEntryTimestamp } = asMessage(value, what, ["signedEntryTimestamp"])
  optional(signedEntryTimestamp, (bytes) => asBytes(bytes, `${what}.signedEntryTimestamp`))
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
  asIntegerOrAbsentZero(entry.integratedTime, `${what}.integratedTime`)
  optional(entry.inclusionPromise, (promise) => readPromise(promise, `${what}.inclusionPromise`))
  const proof = optional(entry.inclusionProof, (it) => readProof(it, `${what}.inclusionProof`))
  return {
    index: asIntegerOrAbsentZero(entry.logIndex, `${what}.logIndex`),
    logId: asHashBytes(keyId, `${what}.logId.keyId`),
    kind: asText(kindVersion.kind, `${what}.kindVersion.kind`),
    version: asText(kindVersion.version, `${what}.kindVersion.version`),
    ...present({ proof }),
    body: asBytes(entry.canonicalizedBody, `${what}.canonicalizedBody`),
  }
}
