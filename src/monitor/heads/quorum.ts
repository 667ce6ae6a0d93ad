// How many witnesses a monitor demands (Sigsum, "byzantine witnesses"): together with the quorum of verifiers
// so many that a log cannot satisfy both with different trees unless witnesses lie.
import type { Policy } from "../../core/note/policy.ts"

/** The least number of witnesses that satisfy the policy's quorum; 0 for `quorum none`. */
export function smallestQuorum(policy: Policy): number {
  const { witnesses, groups, quorum } = policy
  if (quorum === "none") return 0
  const least = new Map(witnesses.map(({ name }) => [name, 1]))
  for (const { name, threshold, members } of groups) {
    const cheapest = members.map((member) => least.get(member) ?? 0).toSorted((a, b) => a - b)
    least.set(
      name,
      cheapest.slice(0, threshold).reduce((sum, count) => sum + count, 0),
    )
  }
  return least.get(quorum) ?? 0
}

/**
 * Of `witnesses` in all, how many must have cosigned the monitor's own view within its window if
 * `threshold` satisfy a verifier; 0 if none do.
 */
export function monitorQuorum(witnesses: number, threshold: number): number {
  if (threshold === 0) return 0
  return Math.max(threshold, witnesses - Math.floor(threshold / 2))
}
