// What the main thread and the writer thread say to each other: one batch there, one signed head back.
import { Refusal, type RefusalCode, Trouble, type TroubleCode } from "../core/errors.ts"
import { asHash, HASH_SIZE } from "../core/hash.ts"
import type { PublishedHead } from "../log/log.ts"
import type { Batch } from "../log/sequencer.ts"

/** Where the writer finds its files; passed as worker data. */
export interface WriterFiles {
  readonly database: string
  readonly guard: string
  readonly ecdsaKey: string
  readonly ed25519Key: string
  readonly path: string
  readonly passphrase?: string | undefined
}

/** Bodies and hashes side by side, so that two buffers are handed over instead of two an entry. */
export interface PackedBatch {
  readonly lengths: Uint32Array<ArrayBuffer>
  readonly bodies: Uint8Array<ArrayBuffer>
  readonly leafHashes: Uint8Array<ArrayBuffer>
}

export type ToWriter =
  | { readonly type: "append"; readonly batch: PackedBatch }
  | { readonly type: "close" }

export type FromWriter =
  | { readonly type: "head"; readonly head: PublishedHead }
  | { readonly type: "error"; readonly error: PlainError }
  | { readonly type: "closed" }

export interface PlainError {
  readonly kind: "refusal" | "trouble" | "bug"
  readonly code: string
  readonly message: string
}

export function packBatch(batch: Batch): PackedBatch {
  const lengths = Uint32Array.from(batch.bodies, (body) => body.length)
  const bodies = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  const leafHashes = new Uint8Array(batch.leafHashes.length * HASH_SIZE)
  let at = 0
  batch.bodies.forEach((body, i) => {
    bodies.set(body, at)
    at += body.length
    leafHashes.set(batch.leafHashes[i] as Uint8Array, i * HASH_SIZE)
  })
  return { lengths, bodies, leafHashes }
}

export function unpackBatch(packed: PackedBatch): Batch {
  let at = 0
  const bodies = Array.from(packed.lengths, (length) => {
    at += length
    return packed.bodies.subarray(at - length, at)
  })
  const leafHashes = bodies.map((_, i) =>
    asHash(packed.leafHashes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE)),
  )
  return { bodies, leafHashes }
}

/** Errors lose their class between threads; these two carry it across. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof Refusal) return { kind: "refusal", code: error.code, message: error.message }
  if (error instanceof Trouble) return { kind: "trouble", code: error.code, message: error.message }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { kind: "bug", code: "", message }
}

export function fromPlainError({ kind, code, message }: PlainError): Error {
  if (kind === "refusal") return new Refusal(code as RefusalCode, message)
  if (kind === "trouble") return new Trouble(code as TroubleCode, message)
  return new Error(message)
}
