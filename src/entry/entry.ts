// What an entry is on its way into the log: a proposal whose signatures are still to be verified and
// whose body follows from them. One module of kinds/ makes them.
import type { Algorithm, HashName } from "./algorithm.ts"
import type { EntryKind } from "./kind-names.ts"
import type { Term } from "./term.ts"
import type { VerifierKey } from "./verifier-key.ts"

/**
 * What a signature was made over: a ready-made digest, or a message that is still to be hashed. Rekor
 * v1 hashes messages with SHA-256 whatever the curve is, so `hash` may replace the algorithm's own;
 * Ed25519 takes no notice of it.
 */
export type Signed =
  | { readonly form: "digest"; readonly digest: Uint8Array }
  | { readonly form: "message"; readonly message: Uint8Array; readonly hash?: HashName }

/** One signature to verify under one key. `spki` is canonical DER of a key that fits `algorithm`. */
export interface SignatureCheck {
  readonly algorithm: Algorithm
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly signed: Signed
}

/**
 * A well-formed request. Each claim is a signature with the checks of which at least one must hold;
 * `body` gives the canonical body once it is known which one did (one position a claim).
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
}

/**
 * The port to signature verification. Resolves to whether the signature holds; rejects only for
 * trouble of its own. It must refuse what the strict rules of the algorithm refuse (algorithm.ts).
 */
export interface SignatureVerifier {
  /** What the server prints at start, for example `native (OpenSSL 3.0.19 through koffi)`. */
  readonly engine: string
  verify(check: SignatureCheck): Promise<boolean>
  close(): Promise<void>
}
