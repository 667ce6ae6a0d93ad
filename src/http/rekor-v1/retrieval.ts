// What POST /api/v1/log/entries/retrieve looks up: entry IDs, indexes, and proposed entries by every leaf hash that they
// may have in the log, for no signature is verified.
import { createHash } from "node:crypto"
import { Refusal, refuse, unlessRefused } from "../../core/base/errors.ts"
import { asHash, type Hash } from "../../core/tree/hash.ts"
import type { Proposal } from "../../entry/entry.ts"
import { proposeRekorV1 } from "../../entry/kinds/request.ts"
import type { ProposalOptions } from "../../entry/signature.ts"
import type { Surroundings } from "../door/handler.ts"
import type { RetrievalPlan } from "../door/large.ts"
import { refuseSchema, refusing } from "./errors.ts"
import { bodyReader, type ProposedEntry, splitEntryId } from "./request.ts"

/** In one retrieval. */
const MOST_ENTRIES = 10

/** What is looked up; a list that is absent is an empty one. */
interface Retrieval {
  readonly entryUUIDs?: readonly string[] | null
  readonly entries?: readonly ProposedEntry[] | null
  readonly logIndexes?: readonly number[] | null
}

/** Bodies that one proposed entry is looked up by; two signatures by two keys each have four. */
const MOST_BODIES = 64

/**
 * Every choice of a check for each claim: without verifying signatures, nobody knows which of the keys
 * made which. Only a choice that was verified once can be in the log, so nothing false is found.
 */
function choices({ claims }: Proposal): readonly (readonly number[])[] {
  const count = claims.reduce((product, checks) => product * checks.length, 1)
  if (count > MOST_BODIES) {
    refuse("too-large", `expected up to ${MOST_BODIES} ways to match signatures, found ${count}`)
  }
  return claims.reduce<readonly (readonly number[])[]>(
    (chosen, checks) => chosen.flatMap((held) => checks.map((_, i) => [...held, i])),
    [[]],
  )
}

/** cosign asks for one attestation in two versions at once; the one we do not take is just not there. */
function proposalOf(value: ProposedEntry, options: ProposalOptions): Proposal | undefined {
  try {
    return proposeRekorV1(value, options)
  } catch (error) {
    if (error instanceof Refusal && error.code === "unsupported") return undefined
    throw error
  }
}

function leafHashOf(body: Uint8Array): Hash {
  return asHash(createHash("sha256").update(Uint8Array.of(0)).update(body).digest())
}

/** Nothing for a kind or version that is not taken here; else refuses as making the proposal does. */
function leafHashesOf(value: ProposedEntry, options: ProposalOptions): readonly Hash[] {
  const proposal = proposalOf(value, options)
  if (proposal === undefined) return []
  return choices(proposal).flatMap((held) => {
    // A kind need not allow every choice.
    const body = unlessRefused(() => proposal.body(held))
    return body === undefined ? [] : [leafHashOf(body)]
  })
}

/** Reads a retrieval. */
export function retrievalPlanner({
  contract,
  proposal,
}: Pick<Surroundings, "contract" | "proposal">): (bytes: Buffer) => RetrievalPlan {
  const read = bodyReader<Retrieval>(contract, "rekorV1Retrieve")
  return (bytes) => {
    const asked = read(bytes)
    const [ids, entries] = [asked.entryUUIDs ?? [], asked.entries ?? []]
    const indexes = asked.logIndexes ?? []
    if (ids.length + entries.length + indexes.length > MOST_ENTRIES) {
      refuseSchema("other", `more than max allowed ${MOST_ENTRIES} entries in request`)
    }
    return {
      ids: ids.map(splitEntryId),
      entries: entries.map((entry) => refusing(() => leafHashesOf(entry, proposal))),
      indexes,
    }
  }
}
