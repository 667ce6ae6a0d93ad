// The port to attached messages: the bytes that were signed, where an entry has only a hash of them. They are kept
// beside the tree, each under the digest that stands in the body, and numbered in the order in which they came.
// Every adapter passes test/contracts/messages.ts.
import type { Hash } from "../../core/tree/hash.ts"

/** A message on its way into the store: it was found to be the one that `digest` is of. */
export interface NewMessage {
  /** As it stands in bodies: `algorithm:hex`. Of the bytes, or of the payload that they hold. */
  readonly digest: string
  /** What it is, for people: `dsse-pae`, `simple-signing`, … */
  readonly form: string
  /** The entry that it was attached to. */
  readonly index: number
  readonly bytes: Uint8Array
  /** The leaf hash of `bytes`, so that damage shows. */
  readonly checksum: Hash
}

/** What is listed of a message. */
export interface ListedMessage extends Pick<NewMessage, "digest" | "form" | "index"> {
  /** Counted from 1 without gaps. */
  readonly sequence: number
  /** Bytes; 0 once they are redacted. */
  readonly size: number
}

/** `bytes` is undefined once they are redacted. */
export interface StoredMessage extends Omit<NewMessage, "bytes"> {
  readonly sequence: number
  readonly bytes: Uint8Array | undefined
}

/**
 * Where a message came to be; or when its digest was redacted, in Unix milliseconds, and then nothing was
 * written.
 */
export type Attached =
  | { readonly sequence: number; readonly isNew: boolean }
  | { readonly redacted: number }

/** Read access; nothing here is verified. */
export interface MessageReads {
  /** The number of the newest message; 0 if there is none. */
  newest(): Promise<number>
  /** The messages after number `after`, in order; at most `limit`, and that at most 1,000. */
  list(after: number, limit: number): Promise<ListedMessage[]>
  at(sequence: number): Promise<StoredMessage | undefined>
  /**
   * The numbers of the messages of this digest, at most 16, the ones that were attached to entry `index` first.
   * More than one can only be payloads that were signed under several types.
   */
  numbersOf(digest: string, index: number): Promise<number[]>
  /** When messages of this digest were taken away, in Unix milliseconds; undefined if they were not. */
  redacted(digest: string): Promise<number | undefined>
  /** All that was ever taken away: attachments by their entries, messages by their digests. */
  redactions(): Promise<{
    readonly entries: readonly number[]
    readonly digests: readonly string[]
  }>
}
