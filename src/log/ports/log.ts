// The log as every door sees it: add an entry, read entries, tiles, heads and proofs.

import type { Origin } from "../../core/note/origin.ts"
import type { ClockState } from "../../core/time/clock.ts"
import type { Hash, Head } from "../../core/tree/hash.ts"
import type { TileId } from "../../core/tree/tile.ts"
import type { Proposal } from "../../entry/entry.ts"
import type { Term } from "../../entry/term.ts"
import type { ListedMessage } from "./message.ts"
import type { Attachment, Redaction } from "./store.ts"

/** A head that was signed: `checkpoint` is the whole note, perhaps with cosignatures. */
export interface SignedHead extends Head {
  readonly checkpoint: string
}

/** A head as the log alone signed it. `time` is that of its commit in Unix milliseconds. */
export interface NewestHead extends SignedHead {
  readonly time: number
}

/** Where an entry is under one head, with the proof for it. */
export interface Inclusion {
  readonly index: number
  readonly leafHash: Hash
  readonly hashes: readonly Hash[]
  /** The head that `hashes` lead to. */
  readonly head: Head
}

/** An inclusion under a signed head. */
export interface SignedInclusion extends Inclusion {
  readonly head: SignedHead
}

/** The answer to a submission: the entry is durable and under a signed head. */
export interface Receipt extends SignedInclusion {
  readonly body: Uint8Array
  /** False if the same body was in the log before. */
  readonly isNew: boolean
}

export interface LogEntry {
  readonly index: number
  readonly leafHash: Hash
  readonly body: Uint8Array
  /** When the entry was committed, in Unix milliseconds. */
  readonly time: number
}

/** Of each group an entry must have at least one term. */
export type SearchQuery = readonly (readonly Term[])[]

export interface SearchPage {
  readonly order: "oldest" | "newest"
  /** Entries after this one, in that order. */
  readonly after?: number | undefined
  readonly limit: number
  /** Only entries of which nobody knows what they are about. */
  readonly isOpaque?: boolean | undefined
  /** Only messages after this number are looked through for what is asked. */
  readonly attachedAfter?: number | undefined
}

/** What attached messages have to do with an answer. */
export interface Explained {
  /**
   * How many entries below `upTo` are opaque: what was signed is not known, so that they may be about
   * anything. `upTo` is smaller than the log while an index is being made.
   */
  readonly opaque: { readonly count: number; readonly upTo: number }
  /** What the messages up to this number say was looked through, from `attachedAfter` on. */
  readonly attachedUpTo: number
  /** `attachedAfter` for the rest; undefined unless more messages say what is asked than one answer looks at. */
  readonly attachedNext?: number
}

export interface FoundEntries {
  /** In the order that was asked for. */
  readonly indexes: readonly number[]
  /**
   * `after` for the next page; undefined if there is none. A search that takes long is cut into pages,
   * too, so a page may be short or empty and still have a next one.
   */
  readonly next?: number
}

export interface SearchAnswer extends FoundEntries, Explained {
  /**
   * The answer leaves out no entry below this size, from `after` up to `next`. Smaller than the head's if
   * the index did not come that far in the time that a search waits for it.
   */
  readonly completeUpTo: number
  /** The newest head when the search began. */
  readonly head: NewestHead
}

/** A message that is kept. */
export interface AttachedMessage {
  /** The digest in the entry's body that it has: its own, or that of its payload. */
  readonly digest: string
  readonly form: string
  /** Its number, counted from 1. */
  readonly sequence: number
  /** False if it was there before. */
  readonly isNew: boolean
}

interface LogStatus {
  readonly queued: number
  /** How many entries the search index has, and how many of them are opaque. */
  readonly indexed: number
  readonly opaque: number
  /** How many messages were attached. */
  readonly messages: number
  /** Up to which message the search index knows what they say. */
  readonly attachedUpTo: number
  readonly accepting: boolean
  /** Why nothing is accepted, for operators. */
  readonly reason?: string
  /** What the clock that signs is worth. */
  readonly clock?: ClockState
}

export interface Log {
  readonly origin: Origin
  readonly treeId: string
  /** Verifier keys of the checkpoint's signature lines, the ECDSA one first. */
  readonly vkeys: readonly string[]
  /**
   * Verifies the proposal's signatures and appends its body, or finds it. Resolves when the entry is
   * durable and covered by a signed head. Refuses `bad-signature`; `try-later` if the queue is full.
   * What `attach` gives is kept with a new entry; the body must hold its digest. Refuses `too-large` if it is longer
   * than what this log keeps. It is not called by a log that keeps nothing.
   */
  add(
    proposal: Proposal,
    attach?: (envelope: Uint8Array | undefined) => Attachment | undefined,
  ): Promise<Receipt>
  /** The newest signed head. */
  head(): NewestHead
  /**
   * The proof to `head`, which this log signed; to the newest by default. Refuses `not-found` for an
   * index beyond the newest, `beyond-tree` for one beyond `head`.
   */
  inclusion(index: number, head?: SignedHead): Promise<SignedInclusion>
  /** The proof to the tree of `size` entries. Refuses as {@link inclusion}, or `beyond-tree`. */
  inclusionAt(index: number, size: number): Promise<Inclusion>
  /** The index of the entry with this leaf hash, if the log has it. */
  indexOf(leafHash: Hash): Promise<number | undefined>
  /** The proof between two sizes up to the newest. Refuses `malformed` or `beyond-tree`. */
  consistency(oldSize: number, newSize: number): Promise<readonly Hash[]>
  /** The root at any size up to the newest. Refuses `beyond-tree`. */
  rootAt(size: number): Promise<Hash>
  entry(index: number): Promise<LogEntry>
  /** Finds entries; refuses `malformed` for a query without terms that is not for opaque entries. */
  search(query: SearchQuery, page: SearchPage): Promise<SearchAnswer>
  /** What is kept with an entry, as it came, or that it was taken away; undefined if nothing ever was. */
  attachment(index: number): Promise<Attachment | Redaction | undefined>
  /**
   * Keeps the bytes that were signed, durably when it resolves. Refuses what is not the message of this entry
   * (`mismatch`, `bad-signature`, `malformed`, `unsupported` for an artifact), `too-large`, `not-allowed` in a log
   * that keeps none, `gone` for one that was redacted, `not-found` beyond the tree; `try-later` if too many are
   * under way.
   */
  attach(index: number, bytes: Uint8Array): Promise<AttachedMessage>
  /** The message of an entry, whoever attached it to which entry. Refuses `not-found`, or `gone`. */
  message(index: number): Promise<Uint8Array>
  /** The message with this digest; of several types of one payload the first. Refuses as {@link message}. */
  messageWith(digest: string): Promise<Uint8Array>
  /** The messages after number `after`, in order; at most `limit`, and that at most 1,000. */
  messages(after: number, limit: number): Promise<readonly ListedMessage[]>
  /** The first `width` hashes of a tile; undefined if the newest tree has not so many there. */
  tile(id: TileId, width: number): Promise<Uint8Array | undefined>
  /** The first `width` entries of a bundle, encoded; undefined as for a tile. */
  bundle(index: number, width: number): Promise<Uint8Array | undefined>
  status(): LogStatus
  /**
   * Refuses `try-later` to all that waits to be written or signed, for this reason. What is being written is in
   * the log all the same once it is signed; what only waits for that is forgotten.
   */
  stall(reason: string): void
  /** Takes and signs no more entries, for this reason; reading goes on. The first reason stays. */
  stop(reason: string): void
  /** Takes no more entries and resolves when those it took are written. */
  close(): Promise<void>
}

/** The log as its doors have it, without its way in: entries come by a function that knows who sends them. */
export type ServedLog = Omit<Log, "add">
