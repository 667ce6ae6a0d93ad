// What the log gives, as the JSON values of the contract: hashes in hex, bytes in base64, times in ISO.
import { HASH_SIZE, type Hash } from "../core/hash.ts"
import type { Inclusion, LogEntry, PublishedHead, Receipt, SignedInclusion } from "../log/log.ts"

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function hex(bytes: Uint8Array): string {
  return view(bytes).toString("hex")
}

export function base64(bytes: Uint8Array): string {
  return view(bytes).toString("base64")
}

/** Hex of each hash; one conversion for all, which is what makes a proof cheap to answer. */
export function hexes(hashes: readonly Hash[]): string[] {
  const joined = Buffer.allocUnsafe(hashes.length * HASH_SIZE)
  hashes.forEach((hash, i) => {
    joined.set(hash, i * HASH_SIZE)
  })
  const text = joined.toString("hex")
  return hashes.map((_, i) => text.slice(2 * i * HASH_SIZE, 2 * (i + 1) * HASH_SIZE))
}

function proofView({ index, path, head }: Inclusion): object {
  return { index, size: head.size, root: hex(head.root), hashes: hexes(path) }
}

/** With the checkpoint where the proof leads to a signed head. */
export function inclusionView(inclusion: Inclusion | SignedInclusion): object {
  const { index, leafHash, head } = inclusion
  return {
    index,
    leafHash: hex(leafHash),
    inclusionProof: proofView(inclusion),
    ...("checkpoint" in head && { checkpoint: head.checkpoint }),
  }
}

export function receiptView(receipt: Receipt): object {
  return {
    index: receipt.index,
    leafHash: hex(receipt.leafHash),
    body: base64(receipt.body),
    isNew: receipt.isNew,
    inclusionProof: proofView(receipt),
    checkpoint: receipt.head.checkpoint,
  }
}

/** 201 for a new entry, 200 for one that was there. */
export function receiptStatus({ isNew }: Receipt): number {
  return isNew ? 201 : 200
}

export function entryView({ index, leafHash, body, time }: LogEntry): object {
  return { index, leafHash: hex(leafHash), body: base64(body), time: isoTime(time) }
}

/** The members of a head without the log's own names. */
export function headView({ size, root, time, checkpoint }: PublishedHead): object {
  return { size, root: hex(root), time: isoTime(time), checkpoint }
}

/** `time` is in Unix milliseconds. */
function isoTime(time: number): string {
  return new Date(time).toISOString()
}
