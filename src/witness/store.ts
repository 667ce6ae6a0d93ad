// The port to what a witness keeps: for each log the newest head it stands for, with the log's signed note
// and the newest time it may have signed for it, and whether it has stopped for that log. Every adapter
// passes test/contracts/witness-store.ts.

import type { Origin } from "../core/note/origin.ts"
import type { Head } from "../core/tree/hash.ts"
import type { Evidence } from "../evidence/evidence.ts"

export type { Evidence }

/** The newest head of a log. `note` has the log's verified signature lines only. */
export interface WitnessedHead extends Head {
  readonly origin: Origin
  readonly note: string
  /** The newest time that a cosignature for this log may bear, in Unix seconds. */
  readonly time: number
}

export interface Advance {
  readonly origin: Origin
  /** What must be stored at the moment of writing; the empty head if nothing is. */
  readonly from: Head
  /** The same head, with a note and a time that may be newer, or a larger one. */
  readonly to: WitnessedHead
}

/**
 * Why a log is cosigned no more: evidence against it, by its id, or a note with the witness's own
 * cosignature on what its store does not know, so that the store is an older copy of itself.
 */
export type Freeze =
  | { readonly origin: Origin; readonly cause: "proven"; readonly evidence: string }
  | { readonly origin: Origin; readonly cause: "rolled-back"; readonly note: string }

/** The vkeys under which a log was first accepted. */
export interface KnownLog {
  readonly origin: Origin
  readonly vkeys: readonly string[]
}

export interface KeptEvidence {
  readonly origin: Origin
  readonly evidence: Evidence
}

/** More is kept only if it freezes the log again, after an operator has set it free. */
export const MOST_EVIDENCE_A_LOG = 16

/**
 * Every change is durable when its promise resolves. Calls may overlap; they are done in their order.
 * After a rejection other than a refusal the state is unknown and every further change is rejected.
 */
export interface WitnessStore {
  heads(): Promise<readonly WitnessedHead[]>
  freezes(): Promise<readonly Freeze[]>
  logs(): Promise<readonly KnownLog[]>
  /**
   * Compares and stores all of them in one step: for each, whether it holds now. An advance is not done
   * if the log is not at `from` (size and root) or `to` has an earlier time than what is stored; later
   * ones see what earlier ones stored. Nothing is written for what is stored already.
   */
  advance(advances: readonly Advance[]): Promise<readonly boolean[]>
  /** Remembers a log's keys in place of those it had. */
  setLog(log: KnownLog): Promise<void>
  /**
   * Keeps the evidence once, and freezes the log if told to, unless it is frozen already. Beyond 16 a log
   * only evidence that freezes it is kept.
   */
  convict(origin: Origin, evidence: Evidence, freeze: boolean): Promise<void>
  /** Freezes a log, whatever it is frozen for, because `note` shows that this store was rolled back. */
  stop(origin: Origin, note: string): Promise<void>
  /** Ends a freeze that evidence was the cause of. Refuses `not-allowed` for any other. */
  unfreeze(origin: Origin): Promise<void>
  /** Grouped by log, oldest first. */
  evidence(): Promise<readonly KeptEvidence[]>
  close(): Promise<void>
}
