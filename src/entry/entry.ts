// What an entry is on its way into the log: a proposal whose signatures are still to be verified and
// whose body follows from them. One module of kinds/ makes them.
import type { Algorithm, HashName } from "./algorithm.ts"
import type { EntryKind } from "./kind-names.ts"
import type { Term } from "./term.ts"
import type { VerifierKey } from "./verifier-key.ts"

/**
 * What a signature was made over: a ready-made digest, or a message that is still to be hashed. Rekor
 * v1 hashes messages with SHA-256 whatever the curve is, so `hash` may replace the algorithm's own;
 * Ed25519 takes no notice of it. A digest with a `hash` is that of a message, which is `of` where it is at hand.
 */
export type Signed =
  | {
      readonly form: "digest"
      readonly digest: Uint8Array
      readonly hash?: HashName
      readonly of?: Uint8Array
    }
  | { readonly form: "message"; readonly message: Uint8Array; readonly hash?: HashName }

/** One signature to verify under one key. `spki` is canonical DER of a key that fits `algorithm`. */
export interface SignatureCheck {
  readonly algorithm: Algorithm
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signed: Signed
}

/** What follows from a proposal whose signatures hold, where all of it was made elsewhere. */
export interface Settled {
  readonly body: Uint8Array
  readonly envelope: Uint8Array | undefined
  /** The hashes of the terms that the body does not say, side by side. */
  readonly sideTerms: Uint8Array | undefined
}

/**
 * A well-formed request. Each claim is a signature with the checks of which at least one must hold;
 * `body` gives the canonical body once it is known which one did (one position a claim). Where claims have several
 * checks, the same position is the same verifier in all of them, and each verifier must hold for some claim.
 */
export interface Proposal {
  readonly kind: EntryKind
  /** `apiVersion` in the body: how the kind is written, for example `0.0.2`. */
  readonly version: string
  /** What the entry can be found by. */
  readonly terms: readonly Term[]
  /** The keys and certificates that it names as its signers'. */
  readonly keys: readonly VerifierKey[]
  readonly claims: readonly (readonly SignatureCheck[])[]
  body(held: readonly number[]): Uint8Array
  /**
   * The envelope that was verified, in the one spelling in which it may be kept beside the body; undefined where the
   * body has everything.
   */
  readonly envelope?: () => Uint8Array
  /** In place of `body`, `envelope` and most of `terms`, where those are made in another thread. */
  readonly settle?: (held: readonly number[]) => Promise<Settled>
  /** Who has sent it, by which costly signatures take turns. */
  readonly by?: string
}

/**
 * The port to signature verification. Resolves to whether the signature holds; rejects for trouble of its own and
 * as said at `verify`. It must refuse what the strict rules of the algorithm refuse (algorithm.ts).
 */
export interface SignatureVerifier {
  /** What the server prints at start, for example `native (OpenSSL 3.0.19 through koffi)`. */
  readonly engine: string
  /**
   * Costly signatures of different senders (`by`) take turns. May refuse `try-later` while more of those wait than
   * can be verified soon.
   */
  verify(check: SignatureCheck, by?: string): Promise<boolean>
  close(): Promise<void>
}
