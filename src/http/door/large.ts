// The port to work on large requests that is done in another thread, for the event loop would stand still over it:
// reading submissions, retrievals and kept envelopes of megabytes. Without it everything is done where it is asked.
import type { Vkey } from "../../core/note/note.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Proposal } from "../../entry/entry.ts"
import type { LoggedSubmission } from "../../sigstore/submission-bundle.ts"

/** Whose form a submission has. */
export type SubmissionDoor = "native" | "rekor-v1" | "rekor-v2"

/** A proposal whose larger part is kept by the thread that read it. */
export interface HeldProposal extends Proposal {
  /** To be called once nothing more is asked of it; more than once does no harm. */
  release(): void
}

/** What a retrieval of Rekor v1 looks up. */
export interface RetrievalPlan {
  readonly ids: readonly { readonly treeId?: bigint; readonly leafHash: Hash }[]
  /** Of each proposed entry the leaf hashes that it may have in the log. */
  readonly entries: readonly (readonly Hash[])[]
  readonly indexes: readonly number[]
}

/** What a kept envelope says. */
export interface OpenedAttestation {
  /** The SHA-256 of its payload, as `sha256:hex`. */
  readonly digest: string
  readonly payloadType: string
  /** What its statement says of itself, where that was asked. */
  readonly glance?: { readonly predicateType?: string; readonly subjects: readonly string[] }
}

/**
 * All of it takes turns by sender (`by`), and refuses `try-later` while there is no room; else as it does on the calling
 * thread. Bytes may be handed over, and are gone then.
 */
export interface LargeRequests {
  /** Bytes of a body, or of an envelope, from which on it is large. */
  readonly from: number
  propose(door: SubmissionDoor, bytes: Buffer, by: string): Promise<HeldProposal>
  planRetrieval(bytes: Buffer, by: string): Promise<RetrievalPlan>
  /** Leaves `envelope` as it is. */
  openAttestation(envelope: Uint8Array, withGlance: boolean, by: string): Promise<OpenedAttestation>
  /** The text of the bundle of an entry with this envelope, which it leaves as it is. */
  bundle(logged: LoggedSubmission, key: Vkey, envelope: Uint8Array, by: string): Promise<Uint8Array>
}
