// What the log gives, as the JSON values of the contract: hashes in hex, bytes in base64, times in ISO.
import { HASH_SIZE, type Hash } from "../../core/tree/hash.ts"
import type {
  Inclusion,
  LogEntry,
  NewestHead,
  Receipt,
  SignedHead,
  SignedInclusion,
} from "../../log/ports/log.ts"
import type { AnsweredReceipt } from "./handler.ts"

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

// The two answers that are given most are put together as text: their parts are numbers, hex and base64,
// which need no escaping, and a checkpoint, which is escaped once for all answers under its head. It is
// four times cheaper than building an object for JSON.stringify.

const checkpointTexts = new WeakMap<SignedHead, string>()

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}

function checkpointText(head: SignedHead): string {
  const known = checkpointTexts.get(head)
  if (known !== undefined) return known
  // Without other characters than ASCII's the answer is one byte a character and is written as it is.
  const text = JSON.stringify(head.checkpoint).replaceAll(/[^\x20-\x7e]/g, escaped)
  checkpointTexts.set(head, text)
  return text
}

function proofText({ index, hashes, head }: Inclusion): string {
  const list = hashes.length === 0 ? "" : `"${hexes(hashes).join('","')}"`
  return `{"index":${index},"size":${head.size},"root":"${hex(head.root)}","hashes":[${list}]}`
}

/** JSON of an inclusion in ASCII, with the checkpoint where the proof leads to a signed head. */
export function inclusionText(inclusion: Inclusion | SignedInclusion): string {
  const { index, leafHash, head } = inclusion
  const checkpoint = "checkpoint" in head ? `,"checkpoint":${checkpointText(head)}` : ""
  const proof = proofText(inclusion)
  return `{"index":${index},"leafHash":"${hex(leafHash)}","inclusionProof":${proof}${checkpoint}}`
}

/** JSON of a receipt in ASCII; `status` is its first member where it is a line of a batch's answer. */
export function receiptText({ receipt, isWitnessed }: AnsweredReceipt, status?: number): string {
  const { index, leafHash, body, isNew, head } = receipt
  const witnessed = isWitnessed === undefined ? "" : `,"witnessed":${isWitnessed}`
  return (
    `{${status === undefined ? "" : `"status":${status},`}"index":${index},` +
    `"leafHash":"${hex(leafHash)}","body":"${base64(body)}","isNew":${isNew},` +
    `"inclusionProof":${proofText(receipt)},"checkpoint":${checkpointText(head)}${witnessed}}`
  )
}

/** 201 for a new entry, 200 for one that was there. */
export function receiptStatus({ isNew }: Receipt): number {
  return isNew ? 201 : 200
}

export function entryView({ index, leafHash, body, time }: LogEntry): object {
  return { index, leafHash: hex(leafHash), body: base64(body), time: isoTime(time) }
}

/** The members of a head without the log's own names. */
export function headView({ size, root, time, checkpoint }: NewestHead): object {
  return { size, root: hex(root), time: isoTime(time), checkpoint }
}

/** `time` is in Unix milliseconds. */
export function isoTime(time: number): string {
  return new Date(time).toISOString()
}
