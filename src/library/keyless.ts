// The module `countersign/keyless`: the offline verifier of Sigstore bundles that name their signer by a certificate,
// and every type that its signatures mention. Runs on Node only. Only re-exports.

export type { TrustedHead } from "../client/trust.ts"
export type { ArtifactDigests } from "../client/verify/artifact.ts"
export { portableEngine, type VerifierEngine } from "../client/verify/engine.ts"
export type { PassedOverEntry, VerifiedEntry } from "../client/verify/entries.ts"
export type { LoggedEntry } from "../client/verify/logged.ts"
export type { VerifiedBundle } from "../client/verify/verify.ts"
export type { HashName } from "../core/base/digest.ts"
export { Refusal, type RefusalCode } from "../core/base/errors.ts"
export type { KeyType, SignatureRule, Vkey } from "../core/note/note.ts"
export type { Origin, originBrand } from "../core/note/origin.ts"
export type { Cosignature } from "../core/note/policy.ts"
export type { Hash, Head, hashBrand, TreeHasher } from "../core/tree/hash.ts"
export type { InclusionProof } from "../core/tree/proof.ts"
export type { Algorithm } from "../entry/algorithm.ts"
export type { SignatureCheck, Signed } from "../entry/entry.ts"
export type { EntryKind } from "../entry/kind-names.ts"
export type {
  MessageDigest,
  MessageSignature,
  SignedContent,
  SignedEnvelope,
} from "../entry/kinds/kind.ts"
export type { Expected, IdentityPolicy, SignerIdentity } from "../keyless/identity.ts"
export { type KeylessTrust, parseKeylessTrust, type TrustedTime } from "../keyless/trust.ts"
export {
  type KeylessCheck,
  neededHashesKeyless,
  type VerifiedKeyless,
  verifyKeyless,
} from "../keyless/verify.ts"
export {
  type BundleVerifier,
  type BundleVersion,
  parseAnyBundle,
  type SigstoreBundle,
} from "../sigstore/bundle.ts"
export type { CheckpointedProof, TransparencyLogEntry } from "../sigstore/transparency-log-entry.ts"
export type { PinnedLog } from "../sigstore/trusted-root.ts"
