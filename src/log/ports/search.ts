// The ports of search: the store of an index that follows the log, where the terms of entries come from, and
// what the log asks for an answer. The index is derived: all of it can be made again from the log's store.
// Every adapter of the store passes test/contracts/search-store.ts.
import type { Term } from "../../entry/term.ts"
import type { Explained, FoundEntries, SearchPage } from "./log.ts"

/** The terms of the entries from `firstIndex` up to but without `endIndex` (search/batch.ts). */
export interface StoredTerms {
  readonly firstIndex: number
  readonly endIndex: number
  readonly bytes: Uint8Array
}

/** A run of the index: all terms from the end of the run before it up to `endIndex`. */
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

/** Read access to the index; nothing here is verified. */
export interface TermReads {
  /** The terms that end after `from` and that no run was made of, in order; at most 1,024 a call. */
  terms(from: number): Promise<StoredTerms[]>
  /** All runs from number `from` on. */
  runs(from: number): Promise<StoredRun[]>
  directory(run: number): Promise<Uint8Array | undefined>
  page(run: number, page: number): Promise<Uint8Array | undefined>
}

/** One step forward: the terms of the next entries, and what it takes to make a run of earlier ones. */
export interface IndexStep extends StoredTerms {
  readonly fold?: FoldStep | undefined
}

/** How far an index is with messages and with what they explain. */
export interface Progress {
  /** Of the entries below it is known whether they are opaque. */
  readonly opaqueUpTo: number
  /** The messages up to this number are learnt. */
  readonly attachedUpTo: number
  /** So many redactions of the log are taken into account. */
  readonly redactions: number
}

/** A bit an entry, 1 for an opaque one (search/opaque-set.ts). */
export interface OpaquePage {
  readonly page: number
  readonly bytes: Uint8Array
}

/** The hashes of the two terms that entries of a message's digest have: `digest` and `payload`. */
export interface MessageKeys {
  readonly digest: Uint8Array
  readonly payload: Uint8Array
}

/** A message by its number, with the hashes of what it says, side by side. */
export interface LearntMessage {
  readonly sequence: number
  readonly keys: MessageKeys
  readonly terms: Uint8Array
}

/** Read access to what was learnt of messages. */
export interface LearntReads {
  progress(): Promise<Progress>
  opaquePages(): Promise<OpaquePage[]>
  /** For each hash of a `digest` or `payload` term whether a message explains the entries that have it. */
  explained(keys: readonly Uint8Array[]): Promise<boolean[]>
  /** The first `limit` messages after number `after` that say one of the terms, in order, each once. */
  saying(
    terms: readonly Uint8Array[],
    after: number,
    limit: number,
  ): Promise<Pick<LearntMessage, "sequence" | "keys">[]>
  /** In any order of its terms; undefined for a message that is not learnt, or redacted. */
  learnt(sequence: number): Promise<LearntMessage | undefined>
}

/** What changes along with a message, or without one. */
export interface LearningStep {
  readonly message?: LearntMessage | undefined
  /** The messages with this key for `digest` are forgotten. */
  readonly forgotten?: Uint8Array | undefined
  readonly progress: Progress
  readonly pages: readonly OpaquePage[]
}

/** Read and write access; one process at a time holds it. */
export interface SearchStore extends TermReads, LearntReads {
  /** Writes all of it or none; what is learnt a second time stays. As for {@link append}, the newest may be lost. */
  learn(step: LearningStep): Promise<void>
  /**
   * Writes all of the step or none of it. Refuses `conflict` unless it begins where the terms in the store
   * end. Losing the newest steps to a power failure is allowed, losing a part of one is not.
   */
  append(step: IndexStep): Promise<void>
  close(): Promise<void>
}

/** What entries are found by, and which part of that their bodies do not say. */
export interface EntryTerms {
  /**
   * What a body says; never throws. Where side terms are kept, its signers are among them and are not read
   * from it. `needsSide`: its entry cannot be without side terms.
   */
  ofBody(
    body: Uint8Array,
    hasSide: boolean,
  ): { readonly terms: readonly Term[]; readonly needsSide: boolean }
  /** Which of the terms of a proposal are to be kept beside its body; undefined if the body has them all. */
  besideBody(terms: readonly Term[]): readonly Term[] | undefined
  /** What an attached message says; never throws. */
  ofMessage(message: Uint8Array): readonly Term[]
}

/** Of each group an entry must have a term; the hashes of terms. */
export type HashedQuery = readonly (readonly Uint8Array[])[]

/** What is asked of the index. */
export interface SearchAsked extends SearchPage {
  /** Without a group every entry is found; then `isOpaque` must be set. */
  readonly query: HashedQuery
  /** Entries from here on are not part of the answer. */
  readonly size: number
  /** Messages up to this number are waited for, as entries are. */
  readonly attached: number
}

export interface SearchFound extends FoundEntries, Explained {
  readonly completeUpTo: number
}

/** What an index has; `opaque` is how many entries below its size are opaque, as far as it knows. */
export interface Indexed {
  readonly size: number
  readonly opaque: number
  readonly attachedUpTo: number
}

export interface LogSearch {
  /**
   * Entries below `size` that have a term of each group, or whose message says it. Waits, but not for ever,
   * until the index has that size and the messages; `completeUpTo` and `attachedUpTo` are up to where it came.
   * Refuses `malformed`; throws Trouble `damaged` rather than leave out what cannot be read.
   */
  search(asked: SearchAsked): Promise<SearchFound>
  indexed(): Indexed
}
