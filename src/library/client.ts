// The module `countersign/client`: submitting to a log and reading from it over the platform's fetch, holding
// its receipts against what was sent, and making bundles of them. Loads nothing of Node. Only re-exports.
export type { Fetch } from "../client/exchange.ts"
export type {
  Completeness,
  Entry,
  FoundArtifact,
  FoundAttestation,
  FoundEntries,
  Inclusion,
  SearchCriteria,
  SearchPage,
  TreeHead,
} from "../client/log-answer.ts"
export {
  type BatchOutcome,
  createLogClient,
  type LogClient,
  type LogClientOptions,
  type SubmitOptions,
} from "../client/log-client.ts"
export type {
  AttachedMessage,
  ListedMessage,
  MessagePage,
  Messages,
} from "../client/message-answer.ts"
export { type Receipt, type VerifiedReceipt, verifyReceipt } from "../client/receipt.ts"
export type { Patience } from "../client/retrying.ts"
export { type OpenedHead, signingLog, type Trust, type TrustedHead } from "../client/trust.ts"
export type { HashName } from "../core/base/digest.ts"
export { Refusal, type RefusalCode, Trouble, type TroubleCode } from "../core/base/errors.ts"
export { LONGEST_BATCH, MOST_IN_BATCH } from "../core/base/limits.ts"
export { type KeyType, parseVkey, type Vkey } from "../core/note/note.ts"
export { type Origin, type originBrand, parseOrigin } from "../core/note/origin.ts"
export {
  type Cosignature,
  type Policy,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  parsePolicy,
} from "../core/note/policy.ts"
export { asHash, type Hash, type Head, type hashBrand } from "../core/tree/hash.ts"
export type { InclusionProof } from "../core/tree/proof.ts"
export type { TileResource } from "../core/tree/tile.ts"
export type { DsseEnvelope, DsseSignature } from "../entry/dsse.ts"
export type { DsseRequest } from "../entry/kinds/dsse-v002.ts"
export type { HashedrekordRequest } from "../entry/kinds/hashedrekord-v002.ts"
export type {
  MessageDigest,
  MessageSignature,
  SignedContent,
  SignedEnvelope,
} from "../entry/kinds/kind.ts"
export type { EntryRequest } from "../entry/kinds/registry.ts"
export type { VerifierKeyText } from "../entry/verifier-key.ts"
export {
  type BundleVerifier,
  type BundleVersion,
  formatSigstoreBundle,
  type SigstoreBundle,
} from "../sigstore/bundle.ts"
export { bundleOfSubmission, type LoggedSubmission } from "../sigstore/submission-bundle.ts"
export type { CheckpointedProof, TransparencyLogEntry } from "../sigstore/transparency-log-entry.ts"
export { type PinnedLog, parseTrustedRoot, type UnusableLog } from "../sigstore/trusted-root.ts"
