// What the thread that reads large requests does for each of them: the same readers, by the same contract, as where small
// ones are read.
import { utf8 } from "../../core/base/bytes.ts"
import type { Vkey } from "../../core/note/note.ts"
import type { Proposal } from "../../entry/entry.ts"
import type { ProposalOptions } from "../../entry/signature.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfEntry, type LoggedSubmission } from "../../sigstore/submission-bundle.ts"
import { openAttestation } from "../door/attestation.ts"
import { loadContract } from "../door/contract.ts"
import type { SubmissionDoor } from "../door/large.ts"
import { proposalOptions } from "../door/proposal-options.ts"
import { nativeProposer } from "../native/submission.ts"
import { rekorV1Proposer } from "../rekor-v1/entries.ts"
import { retrievalPlanner } from "../rekor-v1/retrieval.ts"
import { rekorV2Proposer } from "../rekor-v2/door.ts"

export interface LargeReaderOptions {
  /** Bytes of one submission. */
  readonly requestLimit: number
  readonly proposal?: ProposalOptions
}

export type LargeReader = ReturnType<typeof createLargeReader>

const REMEMBERED_KEYS = 64

/** Loads the contract, which takes about 50 ms. */
export function createLargeReader({ requestLimit, proposal }: LargeReaderOptions) {
  const parts = {
    config: { requestLimit },
    contract: loadContract(),
    proposal: proposalOptions(REMEMBERED_KEYS, proposal),
  }
  const propose: Readonly<Record<SubmissionDoor, (bytes: Buffer) => Proposal>> = {
    native: nativeProposer(parts),
    "rekor-v1": rekorV1Proposer(parts),
    "rekor-v2": rekorV2Proposer(parts),
  }
  return {
    propose: (door: SubmissionDoor, bytes: Buffer): Proposal => propose[door](bytes),
    planRetrieval: retrievalPlanner(parts),
    openAttestation,
    bundle: (logged: LoggedSubmission, key: Vkey, envelope: Uint8Array): Uint8Array =>
      utf8(formatSigstoreBundle(bundleOfEntry(logged, key, envelope))),
  }
}
