// What a Sigstore bundle says, its bytes decoded, whatever form it was read from. Types only.
import type { SignedContent } from "../entry/kinds/kind.ts"
import type { TransparencyLogEntry } from "./transparency-log-entry.ts"

/** How the bundle names the signer's key: a hint for finding it, or the certificate itself. */
export type BundleVerifier =
  | { readonly form: "hint"; readonly hint: string }
  | {
      readonly form: "certificate"
      readonly der: Uint8Array
      /** The certificates behind the leaf, as DER, if the bundle has any; at most 9. */
      readonly chain?: readonly Uint8Array[]
    }

/** `cosign` is cosign's older JSON, which has no version of its own. */
export type BundleVersion = "0.1" | "0.2" | "0.3" | "cosign"

/** A Sigstore bundle (protobuf-specs, sigstore_bundle.proto) with its bytes decoded. */
export interface SigstoreBundle {
  readonly version: BundleVersion
  readonly verifier: BundleVerifier
  readonly content: SignedContent
  /** Up to 32 entries. */
  readonly entries: readonly TransparencyLogEntry[]
  /** RFC 3161 timestamps of the signature, as DER, unverified; up to 32. */
  readonly timestamps: readonly Uint8Array[]
}
