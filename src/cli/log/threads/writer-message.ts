// What the main thread and the writer thread say to each other: who the log is, what others hold of it, and
// then one batch there, one signed head back; messages in between, on their own.
import type { MessagePort } from "node:worker_threads"
import type { Origin } from "../../../core/note/origin.ts"
import type { ClockState } from "../../../core/time/clock.ts"
import { asHash, HASH_SIZE, type Head } from "../../../core/tree/hash.ts"
import type { NewestHead } from "../../../log/ports/log.ts"
import type { Attached, NewMessage } from "../../../log/ports/message.ts"
import type { Batch } from "../../../log/sequencer.ts"
import type { PlainError } from "./plain-error.ts"

/** Where the writer finds its files; passed as worker data. */
export interface WriterFiles {
  readonly database: string
  readonly guard: string
  readonly usual: { readonly ecdsa: string; readonly ed25519: string }
  readonly ecdsaKey: string
  readonly ed25519Key: string
  readonly path: string
  readonly passphrase?: string | undefined
  /** The URI of the process that has the keys. */
  readonly signer?: string | undefined
  /** The way to it, if the main thread has started it. */
  readonly signerPort?: MessagePort | undefined
  /** The day that the clock is believed to say at this start, in Unix milliseconds. */
  readonly acceptClock?: number | undefined
}

/** Parts side by side, so that a few buffers are handed over instead of several an entry. */
interface Packed {
  readonly lengths: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
}

interface PackedBatch {
  readonly bodies: Packed
  readonly leafHashes: Uint8Array<ArrayBuffer>
  /** Only attestations and certificates have any, so they go as they are. */
  readonly beside: Pick<Batch, "attachments" | "sideTerms">
}

export type ToWriter =
  | { readonly type: "open"; readonly held: readonly Head[] }
  | { readonly type: "append"; readonly batch: PackedBatch }
  | { readonly type: "attach"; readonly messages: readonly NewMessage[] }
  /** No question: witnesses agree with the wall clock, which is `offset` ahead of the steady one. */
  | { readonly type: "confirm-clock"; readonly offset: number }
  | { readonly type: "close" }

export type FromWriter =
  | { readonly type: "identity"; readonly origin: Origin; readonly vkeys: readonly string[] }
  | { readonly type: "head"; readonly head: NewestHead }
  | { readonly type: "attached"; readonly attached: readonly Attached[] }
  /** No answer: why nothing is signed now, or that this is over. */
  | { readonly type: "away"; readonly reason: string | undefined }
  /** No answer: what the clock is worth. */
  | { readonly type: "clock"; readonly state: ClockState }
  | { readonly type: "error"; readonly error: PlainError }
  | { readonly type: "closed" }

function pack(parts: readonly Uint8Array[]): Packed {
  const lengths = Uint32Array.from(parts, (part) => part.length)
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { lengths, bytes }
}

function unpack({ lengths, bytes }: Packed): Uint8Array[] {
  let at = 0
  return Array.from(lengths, (length) => {
    at += length
    return bytes.subarray(at - length, at)
  })
}

export function packBatch(batch: Batch): PackedBatch {
  const { bodies, leafHashes, attachments = [], sideTerms = [] } = batch
  const beside = { attachments, sideTerms }
  return { bodies: pack(bodies), leafHashes: pack(leafHashes).bytes, beside }
}

export function unpackBatch(packed: PackedBatch): Batch {
  const bodies = unpack(packed.bodies)
  const leafHashes = bodies.map((_, i) =>
    asHash(packed.leafHashes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE)),
  )
  return { bodies, leafHashes, ...packed.beside }
}

/** The buffers that may be handed over instead of copied. */
export function buffersOf({ bodies, leafHashes }: PackedBatch): ArrayBuffer[] {
  return [bodies.lengths, bodies.bytes, leafHashes].map(({ buffer }) => buffer)
}
