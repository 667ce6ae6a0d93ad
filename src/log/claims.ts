// The signatures of a submission, verified by whatever engine the log has.
import type { Proposal, SignatureVerifier } from "../entry/entry.ts"
import { refuseSignature } from "../entry/signature.ts"

/** Verifies every claim; gives for each the position of the check that held. */
export async function verifyClaims(
  verifier: SignatureVerifier,
  proposal: Proposal,
): Promise<number[]> {
  return await Promise.all(
    proposal.claims.map(async (checks, claim) => {
      for (const [position, check] of checks.entries()) {
        if (await verifier.verify(check)) return position
      }
      const which = proposal.claims.length === 1 ? "the signature" : `signature ${claim}`
      return refuseSignature(which, checks)
    }),
  )
}
