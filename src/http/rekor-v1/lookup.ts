// Looks entries up for the Rekor v1 API: by index, by entry ID, or by a proposed entry that may have been
// logged. Nothing found is undefined; what is found is true, as the log checks it against the tree.
import { createHash } from "node:crypto"
import { Refusal, refuse, unlessRefused } from "../../core/base/errors.ts"
import { asHash, type Hash } from "../../core/tree/hash.ts"
import type { Proposal } from "../../entry/entry.ts"
import { proposeRekorV1 } from "../../entry/kinds/request.ts"
import type { ProposalOptions } from "../../entry/signature.ts"
import type { Log } from "../../log/ports/log.ts"
import type { EntryId, JsonObject } from "./request.ts"

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
function proposalOf(value: JsonObject, options: ProposalOptions): Proposal | undefined {
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

export function createLookup(log: Log, options: ProposalOptions) {
  const treeId = BigInt(log.treeId)
  return {
    byIndex: (index: bigint): number | undefined =>
      index < BigInt(log.head().size) ? Number(index) : undefined,
    async byId({ treeId: named, leafHash }: EntryId): Promise<number | undefined> {
      return named === undefined || named === treeId ? await log.indexOf(leafHash) : undefined
    },
    /** Nothing for a kind or version that is not taken here; else refuses as making the proposal does. */
    async byProposal(value: JsonObject): Promise<number | undefined> {
      const proposal = proposalOf(value, options)
      if (proposal === undefined) return undefined
      for (const held of choices(proposal)) {
        // A kind need not allow every choice.
        const body = unlessRefused(() => proposal.body(held))
        const index = body && (await log.indexOf(leafHashOf(body)))
        if (index !== undefined) return index
      }
      return undefined
    },
  }
}
