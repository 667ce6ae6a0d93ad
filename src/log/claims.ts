// The signatures of a submission, verified by whatever engine the log has. Of one that does not hold the usual mistakes
// are tried, one submission at a time: what is asked for in bulk is answered without.
import { bug, refuse } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import type { Proposal, SignatureCheck, SignatureVerifier } from "../entry/entry.ts"
import { refuseSignature } from "../entry/signature.ts"
import { isLikely, mayHold } from "../entry/signature-cost.ts"
import {
  formFinding,
  nothingFits,
  paddingFinding,
  readingsOf,
} from "../entry/signature-diagnosis.ts"

/** Engines that try the mistakes of a submission, so that false signatures cost no more than one check at a time. */
const explaining = new WeakSet<SignatureVerifier>()

async function foundBy(
  verifier: SignatureVerifier,
  check: SignatureCheck,
  by?: string,
): Promise<string> {
  for (const reading of readingsOf(check)) {
    if (await verifier.verify(reading.check, by)) return reading.finding
  }
  return paddingFinding(check) ?? nothingFits(check)
}

/** Undefined where the form says enough, where several keys were given, and where others are being explained. */
async function explained(
  verifier: SignatureVerifier,
  checks: readonly SignatureCheck[],
  by?: string,
): Promise<string | undefined> {
  const [only] = checks
  if (only === undefined || checks.length > 1 || formFinding(only) !== undefined) return undefined
  if (explaining.has(verifier)) return undefined
  explaining.add(verifier)
  try {
    return await foundBy(verifier, only, by)
  } finally {
    explaining.delete(verifier)
  }
}

async function refuseClaim(
  verifier: SignatureVerifier,
  { claims, by }: Proposal,
  claim: number,
): Promise<never> {
  const checks = claims[claim] ?? bug("a claim has checks")
  const which = claims.length === 1 ? "the signature" : `signature ${claim}`
  return refuseSignature(which, checks, await explained(verifier, checks, by))
}

/** Each claim has one check. */
async function verifySingly(verifier: SignatureVerifier, proposal: Proposal): Promise<number[]> {
  return await Promise.all(
    proposal.claims.map(async ([check], claim) => {
      if (check !== undefined && (await verifier.verify(check, proposal.by))) return 0
      return await refuseClaim(verifier, proposal, claim)
    }),
  )
}

/** Positions of verifiers, each key once. */
function distinctVerifiers(checks: readonly SignatureCheck[]): Set<number> {
  const byKey = new Map<string, number>()
  checks.forEach(({ spki }, position) => {
    const key = formatHex(spki)
    if (!byKey.has(key)) byKey.set(key, position)
  })
  return new Set(byKey.values())
}

/**
 * In which order verifiers are tried for a claim: first the one at the claim's own place, where most signers put it,
 * and last those under whose keys signatures are rarely so short. Only those that may fit.
 */
function inOrder(checks: readonly SignatureCheck[], claim: number, among: ReadonlySet<number>) {
  const tried = checks
    .map((check, position) => ({ check, position }))
    .filter(({ check, position }) => among.has(position) && mayHold(check))
  const rank = ({ check, position }: (typeof tried)[number]): number =>
    (isLikely(check) ? 0 : 2) + (position === claim ? 0 : 1)
  return tried.toSorted((a, b) => rank(a) - rank(b))
}

/**
 * Each claim may be under any of several verifiers. They are looked at one after the other, so that a false signature
 * ends it, and once there are only as many claims left as verifiers without one, none but those is tried: the envelope
 * is refused if one of them gets none.
 */
async function verifyAmong(
  verifier: SignatureVerifier,
  proposal: Proposal,
  first: readonly SignatureCheck[],
): Promise<number[]> {
  const { claims, by } = proposal
  const all = distinctVerifiers(first)
  if (all.size < first.length || claims.length < first.length) {
    const given = `${first.length} verifiers for ${claims.length} signatures`
    const why = "a verifier verifies no signature, or the same as another one"
    refuse("bad-signature", `could not verify envelope: ${given}: ${why}`)
  }
  const idle = new Set(all)
  const held: number[] = []
  for (const [claim, checks] of claims.entries()) {
    const among = claims.length - claim === idle.size ? idle : all
    const position = await heldUnder(verifier, inOrder(checks, claim, among), by)
    if (position === undefined) return await refuseClaim(verifier, proposal, claim)
    idle.delete(position)
    held.push(position)
  }
  return held
}

async function heldUnder(
  verifier: SignatureVerifier,
  tried: ReturnType<typeof inOrder>,
  by?: string,
): Promise<number | undefined> {
  for (const { check, position } of tried) {
    if (await verifier.verify(check, by)) return position
  }
  return undefined
}

/**
 * Verifies every claim; gives for each the position of the check that held. Of `n` claims with `n` checks each it makes
 * `n` verifications if they are in order, and at most `n (n + 1) / 2`.
 */
export async function verifyClaims(
  verifier: SignatureVerifier,
  proposal: Proposal,
): Promise<number[]> {
  const [first = []] = proposal.claims
  return first.length > 1
    ? await verifyAmong(verifier, proposal, first)
    : await verifySingly(verifier, proposal)
}
