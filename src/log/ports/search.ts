// The ports of search: the store of an index that follows the log, where the terms of entries come from, and
// what the log asks for an answer. The index is derived: all of it can be made again from the log's store.
// Every adapter of the store passes test/contracts/search-store.ts.
import type { Term } from "../../entry/term.ts"
import type { FoundEntries, SearchPage } from "./log.ts"

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

/** Read and write access; one process at a time holds it. */
export interface SearchStore extends TermReads {
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
}

/** Of each group an entry must have a term; the hashes of terms. */
export type HashedQuery = readonly (readonly Uint8Array[])[]

export interface LogSearch {
  /**
   * Entries below `size` that have a term of each group. Waits, but not for ever, until the index has that
   * size; `completeUpTo` is up to where it came. Refuses `malformed`; throws Trouble `damaged` rather than
   * leave out what cannot be read.
   */
  search(
    query: HashedQuery,
    page: SearchPage,
    size: number,
  ): Promise<FoundEntries & { readonly completeUpTo: number }>
  /** How many entries the index has. */
  indexed(): number
}
