// The module `countersign/verify`: the offline verifier of Sigstore bundles, the pins that it is given, and
// every type that their signatures mention. Loads nothing of Node. Only re-exports.

export type { Trust, TrustedHead } from "../client/trust.ts"
export type { ArtifactDigests } from "../client/verify/artifact.ts"
export { portableEngine, type VerifierEngine } from "../client/verify/engine.ts"
export type { PassedOverEntry, VerifiedEntry } from "../client/verify/entries.ts"
export type { LoggedEntry } from "../client/verify/logged.ts"
export { createBundleVerifier, type ManyBundles, type ManyOptions } from "../client/verify/many.ts"
export {
  type BundleCheck,
  neededHashes,
  type ParsedCheck,
  type VerifiedBundle,
  verifyBundle,
} from "../client/verify/verify.ts"
export type { HashName } from "../core/base/digest.ts"
export { Refusal, type RefusalCode } from "../core/base/errors.ts"
export { type KeyType, parseVkey, type SignatureRule, type Vkey } from "../core/note/note.ts"
export { type Origin, type originBrand, parseOrigin } from "../core/note/origin.ts"
export {
  type Cosignature,
  type Policy,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  parsePolicy,
} from "../core/note/policy.ts"
export {
  asHash,
  type Hash,
  type Head,
  type hashBrand,
  type TreeHasher,
} from "../core/tree/hash.ts"
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
export {
  type BundleVerifier,
  type BundleVersion,
  parseAnyBundle,
  parseSigstoreBundle,
  type SigstoreBundle,
} from "../sigstore/bundle.ts"
export type { CheckpointedProof, TransparencyLogEntry } from "../sigstore/transparency-log-entry.ts"
export {
  type PinnedLog,
  parseTrustedRoot,
  readTrustedRoot,
  type UnusableLog,
} from "../sigstore/trusted-root.ts"
