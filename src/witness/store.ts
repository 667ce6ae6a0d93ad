// The port to what a witness keeps: for each log the newest head it stands for, with the log's signed note,
// and whether it has stopped for that log. Every adapter passes test/contracts/witness-store.ts.
import type { Head } from "../core/hash.ts"
import type { Origin } from "../core/origin.ts"
import type { Evidence } from "../evidence/evidence.ts"

/** The newest head of a log. `note` has the log's verified signature lines only. */
export interface WitnessedHead extends Head {
  readonly origin: Origin
  readonly note: string
}

export interface Advance {
  readonly origin: Origin
  /** The size that must be stored at the moment of writing; 0 if none is. */
  readonly from: number
  readonly to: WitnessedHead
}

/** Why a log is cosigned no more, until an operator says so. */
export interface Freeze {
  readonly origin: Origin
  readonly evidence: string
}

/** The vkeys under which a log was first accepted. */
export interface KnownLog {
  readonly origin: Origin
  readonly vkeys: readonly string[]
}

export interface WitnessStore {
  heads(): Promise<readonly WitnessedHead[]>
  freezes(): Promise<readonly Freeze[]>
  logs(): Promise<readonly KnownLog[]>
  /**
   * Compares and stores, for all of them in one durable step when it resolves: for each whether it was
   * done. An advance whose log is not at `from` is not done; later ones see what earlier ones stored.
   */
  advance(advances: readonly Advance[]): Promise<readonly boolean[]>
  /** Remembers a log's keys; replaces them only if told to. */
  setLog(log: KnownLog): Promise<void>
  /** Keeps the evidence (at most 16 a log) and, unless told otherwise, freezes the log. Durable. */
  convict(origin: Origin, evidence: Evidence, freeze: boolean): Promise<void>
  unfreeze(origin: Origin): Promise<void>
  evidence(): Promise<readonly { readonly origin: Origin; readonly evidence: Evidence }[]>
  close(): Promise<void>
}
