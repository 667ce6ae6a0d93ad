// Publishing as the doors of the log see it: which checkpoint is everybody's now, waiting for one that
// witnesses have cosigned, and what to tell operators. With the ports to the witnesses, to what is kept of
// the last published checkpoint, and to a clock.
import type { AddCheckpoint } from "../../core/note/add-checkpoint.ts"
import type { NoteSignature } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { PolicyWitness } from "../../core/note/policy.ts"
import type { Log, SignedHead } from "./log.ts"

/** Its lines, unverified; or the size that the witness is at, if the request began at another one. */
export type CosignAnswer = { readonly lines: readonly NoteSignature[] } | { readonly size: number }

/** One witness as the log asks it. Both calls reject with Refusal (it says no) or Trouble. */
export interface WitnessPort {
  /** Short and from the configuration only; it labels metrics. */
  readonly name: string
  /** The keys of the policy under which it answers: mostly one. */
  readonly members: readonly PolicyWitness[]
  cosign(request: AddCheckpoint): Promise<CosignAnswer>
  /** The newest checkpoint of a log that it stands for; undefined if it has none. */
  checkpoint(origin: Origin): Promise<string | undefined>
}

/** The last published checkpoint. */
export interface PublishedStore {
  read(): Promise<string | undefined>
  /** Durable when it resolves; a crash leaves the old one or the new one. */
  write(checkpoint: string): Promise<void>
  /** Moves what is kept out of the way of the next write and keeps it there; gives its place, for people. */
  setAside(): Promise<string>
}

/** All times are in milliseconds. */
export interface Clock {
  /** The wall clock since 1970, for people. */
  now(): number
  /** A clock that nobody sets, for spans. */
  steady(): number
  /** Calls back once, later; gives what calls that off. */
  after(delay: number, callback: () => void): () => void
}

/** What keeps a witness from cosigning: it is out of reach, says no, or answers what does not hold. */
export type WitnessFailure = "unreachable" | "refuses" | "ahead" | "behind" | "false-signature"

export interface WitnessStatus {
  readonly name: string
  /** The largest size of which a cosignature by it was verified since the start. */
  readonly size: number | undefined
  /** When that was, in Unix milliseconds. */
  readonly cosigned: number | undefined
  /** Of its last answer; undefined if that was good. */
  readonly failure: WitnessFailure | undefined
  readonly cosignatures: number
  readonly failures: number
}

export interface PublishingStatus {
  /** The size of the published checkpoint; undefined as long as there never was one. */
  readonly published: number | undefined
  readonly newest: number
  /** Whether the last round reached the quorum. */
  readonly isReached: boolean
  /** Since when that is so, in Unix milliseconds. */
  readonly since: number
  /** Why the newest head is not published, for operators. */
  readonly reason: string | undefined
  readonly witnesses: readonly WitnessStatus[]
}

export interface Publisher {
  /** Everybody's checkpoint; undefined as long as the quorum was never reached. */
  published(): SignedHead | undefined
  /**
   * A published checkpoint over `size` entries or more that witnesses cosigned as the policy asks, as soon
   * as there is one; undefined if there is none within the time that the publisher was made with.
   */
  witnessed(size: number): Promise<SignedHead | undefined>
  /** Undefined without a policy. */
  status(): PublishingStatus | undefined
  /** Ends all waiting. */
  close(): void
}

/** Publishing without witnesses: what is signed is published. */
export function publishAtOnce(log: Pick<Log, "head">): Publisher {
  return {
    published: () => log.head(),
    witnessed: () => Promise.resolve(undefined),
    status: () => undefined,
    close() {},
  }
}
