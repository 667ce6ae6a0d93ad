// The port to what the log keeps: entries, full tiles and bundles, the head, what entries are found by and
// what is attached to them. Partial tiles are never stored; they follow from the entries. Every adapter
// passes test/contracts/store.ts.

import type { Origin } from "../../core/note/origin.ts"
import type { Hash, Head } from "../../core/tree/hash.ts"
import type { TileId } from "../../core/tree/tile.ts"

/** Who this log is; written once when the database is made. */
export interface LogIdentity {
  readonly origin: Origin
  /** A random 63-bit integer above 0 as a decimal: two databases never share it. */
  readonly treeId: string
  /** SHA-256 over the SPKI of each log key, lower-case hex, in signing order. */
  readonly keyFingerprints: readonly string[]
}

/** A head with the moment of its commit, in Unix milliseconds; times never run backwards. */
export interface TimedHead extends Head {
  readonly time: number
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

/** The terms of the entries from `firstIndex` up to but without `endIndex` (search-batch.ts). */
export interface StoredTerms {
  readonly firstIndex: number
  readonly endIndex: number
  readonly bytes: Uint8Array
}

/** A run of the search index: all terms from the end of the run before it up to `endIndex`. */
export interface StoredRun {
  /** Counted from 0 without gaps. */
  readonly run: number
  readonly endIndex: number
  readonly pages: number
}

/** The next step of making a run; a step with `firstPage` 0 begins anew. */
export interface FoldStep {
  readonly run: number
  readonly firstPage: number
  readonly pages: readonly Uint8Array[]
  /** With the last step: from now on the run stands for the terms that it covers. */
  readonly finished?: { readonly endIndex: number; readonly directory: Uint8Array }
}

/** What came with an entry and is no part of the tree. */
export interface Attachment {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface StoredAttachment extends Attachment {
  readonly index: number
  /** The leaf hash of `bytes`, so that damage shows. */
  readonly digest: Hash
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
  /** The terms of all of `bodies`. */
  readonly terms: Uint8Array
  readonly fold?: FoldStep | undefined
  /** In the order of their indexes. */
  readonly attachments: readonly StoredAttachment[]
}

/** Read access to what entries are found by; nothing here is verified. */
export interface TermReads {
  /** The terms that end after `from` and that no run was made of, in order; at most 1,024 a call. */
  terms(from: number): Promise<StoredTerms[]>
  /** All runs from number `from` on. */
  runs(from: number): Promise<StoredRun[]>
  directory(run: number): Promise<Uint8Array | undefined>
  page(run: number, page: number): Promise<Uint8Array | undefined>
}

/** Read access. Bytes given away are the caller's; nothing here is verified against the tree. */
export interface LogReads extends TermReads {
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
  /** The commit time of the batch that entry `index` came with; undefined beyond the head. */
  timeOf(index: number): Promise<number | undefined>
  /** What is attached to entry `index`, or that it was taken away; undefined if nothing ever was. */
  attachment(index: number): Promise<StoredAttachment | Redaction | undefined>
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
}
