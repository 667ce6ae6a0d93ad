// The ports to the log's keys: the signature lines of a checkpoint, and what Rekor v1 clients need in
// addition. An adapter checks its own signatures before it gives them away.
import type { Origin } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { SignedHead, SignedInclusion } from "./log.ts"

/** The consistency proof (RFC 6962, section 2.1.2) from the tree of `from` entries to a head that is to be signed. */
export type ProveFrom = (from: number) => Promise<readonly Hash[]>

export interface LogSigner {
  readonly origin: Origin
  /** SHA-256 over the SPKI of each key, lower-case hex, in the order of the lines. */
  readonly keyFingerprints: readonly string[]
  /** The verifier keys (C2SP signed-note) of the lines, in order. */
  readonly vkeys: readonly string[]
  /**
   * The signed note over a checkpoint text that ends with a newline. A signer that remembers what it has signed
   * asks `prove` for the way from there; one that holds keys alone does not.
   */
  sign(text: string, prove: ProveFrom): Promise<string>
}

/** What a signed entry timestamp says of an entry, in the names and forms of Rekor v1. */
export interface EntryPromise {
  /** Base64. */
  readonly body: string
  /** Unix seconds. */
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
}

/** The proof that a promised entry is under a head that was signed. */
type PromisedInclusion = Pick<SignedInclusion, "hashes" | "head">

/** What the log's ECDSA key signs for Rekor v1 clients, beside the checkpoints of {@link LogSigner}. */
export interface RekorSigner {
  /** SHA-256 over the key's SPKI, lower-case hex. */
  readonly logId: string
  /** SPKI in PEM with a final line feed. */
  readonly publicKeyPem: string
  /**
   * The signed entry timestamp: the log's word that the entry was in it at its time. A signer that believes nothing
   * verifies the inclusion first.
   */
  signEntry(promise: EntryPromise, inclusion: PromisedInclusion): Promise<Uint8Array>
  /** Refuses `try-later` while new entries could not be promised; asked before one is taken for that. */
  assertPromising?(): void
  /**
   * The head as a Rekor v1 checkpoint: origin `ORIGIN - TREEID`, one signature line. Signs nothing but
   * the size and root of a checkpoint that this key has signed before, so only what the sequencer has
   * guarded; signs each head object once.
   */
  checkpoint(head: SignedHead): Promise<string>
}
