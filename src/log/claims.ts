// The signatures of a submission, verified by whatever engine the log has. Of one that does not hold the usual mistakes
// are tried, one submission at a time: what is asked for in bulk is answered without.
import type { Proposal, SignatureCheck, SignatureVerifier } from "../entry/entry.ts"
import { refuseSignature } from "../entry/signature.ts"
import {
  formFinding,
  nothingFits,
  paddingFinding,
  readingsOf,
} from "../entry/signature-diagnosis.ts"

/** Engines that try the mistakes of a submission, so that false signatures cost no more than one check at a time. */
const explaining = new WeakSet<SignatureVerifier>()

async function foundBy(verifier: SignatureVerifier, check: SignatureCheck): Promise<string> {
  for (const reading of readingsOf(check)) {
    if (await verifier.verify(reading.check)) return reading.finding
  }
  return paddingFinding(check) ?? nothingFits(check)
}

/** Undefined where the form says enough, where several keys were given, and where others are being explained. */
async function explained(
  verifier: SignatureVerifier,
  checks: readonly SignatureCheck[],
): Promise<string | undefined> {
  const [only] = checks
  if (only === undefined || checks.length > 1 || formFinding(only) !== undefined) return undefined
  if (explaining.has(verifier)) return undefined
  explaining.add(verifier)
  try {
    return await foundBy(verifier, only)
  } finally {
    explaining.delete(verifier)
  }
}

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
      return refuseSignature(which, checks, await explained(verifier, checks))
    }),
  )
}
