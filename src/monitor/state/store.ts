// The port to what a monitor keeps: its documents and the leaf hashes of every log it follows, changed
// together. Every adapter passes test/contracts/monitor-store.ts.

import type { Origin } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { TileId } from "../../core/tree/tile.ts"
import type { DocumentKind } from "./collection.ts"
import type { TagBlock } from "./tags.ts"

export interface DocumentChange {
  readonly kind: DocumentKind
  readonly key: string
  /** Undefined removes it. */
  readonly value: string | undefined
}

export interface StoredDocument extends DocumentChange {
  readonly value: string
}

export interface LeafChange {
  readonly origin: Origin
  /** The size before; must be the number of leaf hashes that are stored. */
  readonly from: number
  readonly leafHashes: readonly Hash[]
  /** Full tiles above level 0 that this completes; those of level 0 follow from the leaf hashes. */
  readonly tiles: readonly { readonly id: TileId; readonly hashes: Uint8Array }[]
}

/** Blocks of tags that take the place of those that are stored; written after the leaf hashes. */
export interface TagChange extends TagBlock {
  readonly origin: Origin
}

export interface MonitorCommit {
  readonly documents: readonly DocumentChange[]
  readonly leaves: readonly LeafChange[]
  /** Of logs that have leaf hashes. */
  readonly tags?: readonly TagChange[]
  /** The signed statement over the state after this commit. */
  readonly statement: string
}

export interface MonitorStore {
  documents(): Promise<StoredDocument[]>
  /** The newest statement; undefined before the first commit. */
  statement(): Promise<string | undefined>
  /** Leaf hashes that are stored of this log. */
  size(origin: Origin): Promise<number>
  /** Full tiles in the order asked for; undefined where there is none. */
  tiles(origin: Origin, ids: readonly TileId[]): Promise<(Uint8Array | undefined)[]>
  /** Leaf hashes from `from` up to but without `to`; at most 4,096 a call. */
  leafHashes(origin: Origin, from: number, to: number): Promise<Hash[]>
  /** The tags of a block; undefined if none of it is stored. */
  tags(origin: Origin, block: number): Promise<Uint8Array | undefined>
  /** Blocks that may have this tag, in order; reads all of the log's, some 20 ms for a million entries. */
  taggedBlocks(origin: Origin, tag: Uint8Array): Promise<readonly TagBlock[]>
  /** All of it or nothing, durable when it resolves; refuses `conflict` for leaves at another size. */
  commit(commit: MonitorCommit): Promise<void>
  close(): Promise<void>
}
