// The module `countersign/audit`: what an auditor holds a log to. Notes and their keys, checkpoints, policies,
// cosignatures, proofs, tiles, entry bundles, tlog-proofs and evidence: read and verified, never signed.
// Does no I/O and loads nothing of Node. Only re-exports.
export { Refusal, type RefusalCode } from "../core/base/errors.ts"
export {
  type Checkpoint,
  type CheckpointText,
  openCheckpoint,
  parseCheckpoint,
} from "../core/note/checkpoint.ts"
export { type NamedHead, readCosignatures } from "../core/note/cosignature.ts"
export {
  type KeyType,
  type Note,
  type NoteSignature,
  openNote,
  parseNote,
  parseVkey,
  type SignatureRule,
  type Vkey,
} from "../core/note/note.ts"
export { type Origin, type originBrand, parseOrigin } from "../core/note/origin.ts"
export {
  type Cosignature,
  checkPolicy,
  type Policy,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  parsePolicy,
  type VerifiedCheckpoint,
} from "../core/note/policy.ts"
export { parseTlogProof, type TlogProof } from "../core/note/tlog-proof.ts"
export { decodeBundle } from "../core/tree/bundle.ts"
export {
  appendToRange,
  type CompactRange,
  makeCompactRange,
  rangeRoot,
} from "../core/tree/compact-range.ts"
export {
  asHash,
  EMPTY_HEAD,
  type Hash,
  type Head,
  type hashBrand,
  portableHasher,
  type TreeHasher,
} from "../core/tree/hash.ts"
export { verifyConsistency, verifyInclusion } from "../core/tree/proof.ts"
export {
  formatTilePath,
  TILE_WIDTH,
  type TileId,
  type TileResource,
  tileWidth,
} from "../core/tree/tile.ts"
export { type EvidenceEffect, type EvidenceKind, evidenceKinds } from "../evidence/evidence.ts"
export type { EvidenceFormat } from "../evidence/format.ts"
export type { Verdict } from "../evidence/verdict.ts"
export { type VerifiedEvidence, verifyEvidence } from "../evidence/verification.ts"
