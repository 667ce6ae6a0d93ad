// The port to what the log keeps: entries, full tiles and bundles, the head, and what lies beside entries:
// attachments, side terms and messages. Partial tiles are never stored; they follow from the entries. Every adapter
// passes test/contracts/store.ts.

import type { Origin } from "../../core/note/origin.ts"
import type { Hash, Head } from "../../core/tree/hash.ts"
import type { TileId } from "../../core/tree/tile.ts"
import type { Attached, MessageReads, NewMessage } from "./message.ts"

/** Who this log is; written once when the database is made. */
export interface LogIdentity {
  readonly origin: Origin
  /** A random 63-bit integer above 0 as a decimal: two databases never share it. */
  readonly treeId: string
  /** SHA-256 over the SPKI of each log key, lower-case hex, in signing order. */
  readonly keyFingerprints: readonly string[]
}

/** A log with the moment that it was made, in Unix milliseconds. */
export interface MadeLog extends LogIdentity {
  readonly created: number
}

/** A head with the moment of its commit, in Unix milliseconds; times never run backwards. */
export interface TimedHead extends Head {
  readonly time: number
  /** Covers all commits up to this one (commit-chain.ts); undefined where a program before that wrote it. */
  readonly commits?: Hash
}

/** What a commit says of itself: the size it led to, and when. */
export interface CommitRow {
  readonly size: number
  readonly time: number
}

/** 256 commits, of which the last one led to `size`, and the digest over them. */
export interface CommitBlock {
  readonly size: number
  readonly digest: Hash
}

/** A full tile: exactly 256 hashes side by side. */
export interface StoredTile {
  readonly id: TileId
  readonly hashes: Uint8Array
}

/** A full entry bundle: entries `index * 256` to `index * 256 + 255`, encoded. */
export interface StoredBundle {
  readonly index: number
  readonly bytes: Uint8Array
}

/** What came with an entry and is no part of the tree. */
export interface Attachment {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface StoredAttachment extends Attachment {
  readonly index: number
  /** Over the others (log/attachments.ts), so that damage shows; stores take any. */
  readonly digest: Hash
}

/** What an entry is found by and its body does not say, sealed (search/side-terms.ts); stores take any bytes. */
export interface StoredSideTerms {
  readonly index: number
  readonly bytes: Uint8Array
}

/** When an attachment was taken away, in Unix milliseconds. */
export interface Redaction {
  readonly redacted: number
}

/** Everything that one batch changes. `bodies[i]` becomes entry `from.size + i`. */
export interface Commit {
  readonly from: Head
  readonly to: TimedHead
  readonly bodies: readonly Uint8Array[]
  /** The tiles and bundles that this batch completes; together with `bodies` they must cover it. */
  readonly tiles: readonly StoredTile[]
  readonly bundles: readonly StoredBundle[]
  /** In the order of their indexes, as the side terms are. */
  readonly attachments: readonly StoredAttachment[]
  readonly sideTerms: readonly StoredSideTerms[]
  /** The block of commits that this one fills. */
  readonly block?: CommitBlock
}

/** Read access. Bytes given away are the caller's; nothing here is verified against the tree. */
export interface LogReads {
  readonly made: MadeLog
  head(): Promise<TimedHead>
  /** Full tiles in the order asked for; undefined where there is none. */
  tiles(ids: readonly TileId[]): Promise<(Uint8Array | undefined)[]>
  /** A full bundle, encoded; undefined if it is not complete or not there. */
  bundle(index: number): Promise<Uint8Array | undefined>
  /**
   * The bodies of entries `from` up to but without `to`, whether or not bundled, in order. Fewer are
   * given if fewer are there. At most 4,096 a call.
   */
  bodies(from: number, to: number): Promise<Uint8Array[]>
  /** The commits with sizes above `after` up to `to`, by size; the first 257 if there are more. */
  commits(after: number, to: number): Promise<CommitRow[]>
  /** All blocks of commits, by size. */
  commitBlocks(): Promise<CommitBlock[]>
  /** What is attached to entry `index`, or that it was taken away; undefined if nothing ever was. */
  attachment(index: number): Promise<StoredAttachment | Redaction | undefined>
  /** Which of entries `from` up to but without `to` have an attachment, in order. At most 4,096 entries a call. */
  attached(from: number, to: number): Promise<number[]>
  readonly messages: MessageReads
  /** The side terms of entries `from` up to but without `to`, in order. At most 4,096 entries a call. */
  sideTerms(from: number, to: number): Promise<StoredSideTerms[]>
  close(): Promise<void>
}

/** Read and write access; one process at a time holds it. */
export interface LogStore extends LogReads {
  readonly identity: LogIdentity
  /**
   * Writes all of the commit or none of it; durable when it resolves. Refuses `conflict` if the head
   * is not `from`. After any other rejection it is unknown whether the commit happened: the caller
   * ends the process. Reads of the same store afterwards go over another connection.
   */
  commit(commit: Commit): Promise<void>
  /**
   * Writes all of these messages or none, at `time` (Unix milliseconds); durable when it resolves. A message that is
   * there already, or comes twice, stays what it is. After a rejection the caller ends the process, as for a commit.
   */
  attach(messages: readonly NewMessage[], time: number): Promise<readonly Attached[]>
}
