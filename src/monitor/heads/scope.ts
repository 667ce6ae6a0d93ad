// What a judgement is about and how long it waits for what may be the network, and how its findings are made.
import { Refusal } from "../../core/base/errors.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { Vantage } from "../findings/case.ts"
import type { Finding, Ungraded } from "../findings/finding.ts"
import type { Moment } from "../state/documents.ts"
import type { TreeView } from "../state/tree.ts"
import type { KnownKeys } from "./statement.ts"

/** All in milliseconds. */
export interface JudgeLimits {
  /** How long a cache between the log and the monitor may hold an older head. */
  readonly cacheDelay: number
  /** The same of a mirror's or a witness's copy (C2SP tlog-witness: up to one hour). */
  readonly copyDelay: number
  /** How long one path may serve an old head, while others serve newer ones, before that is attested. */
  readonly replayPatience: number
  /** How far clocks may be apart. */
  readonly clockSkew: number
  /** How long a signed head may be without entries up to it. */
  readonly reconcileWithin: number
  /** When a log whose head does not change any more is stale. */
  readonly staleAfter: number
  /** Within which each witness must have cosigned. */
  readonly witnessWindow: number
  /** Within which a promised entry must be in the tree. */
  readonly mergeWithin: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const defaultLimits: JudgeLimits = {
  cacheDelay: MINUTE,
  copyDelay: HOUR,
  replayPatience: 10 * MINUTE,
  clockSkew: 5 * MINUTE,
  reconcileWithin: HOUR,
  staleAfter: 24 * HOUR,
  witnessWindow: 12 * HOUR,
  mergeWithin: HOUR,
}

export interface JudgeScope extends KnownKeys, Moment {
  readonly tree: TreeView
  /** Those that are not given are {@link defaultLimits}. */
  readonly limits?: Partial<JudgeLimits>
  /** The monitor could not read all that the log shows by now, so nothing can be said of what is missing. */
  readonly isBehind?: boolean
}

export function limitsOf({ limits }: Pick<JudgeScope, "limits">): JudgeLimits {
  return { ...defaultLimits, ...limits }
}

/** The copy of somebody else is allowed a longer delay than the log's own answers. */
export function delayOf(vantage: Vantage, { cacheDelay, copyDelay }: JudgeLimits): number {
  return vantage === "log" ? cacheDelay : copyDelay
}

/** A finding that is proven if `prove` gives evidence, and attested if it cannot. */
export async function convicted(
  finding: Ungraded,
  prove: () => Promise<Evidence | undefined>,
): Promise<Finding> {
  try {
    const evidence = await prove()
    if (evidence !== undefined) return { ...finding, grade: "PROVEN", evidence }
  } catch (error) {
    // Builders refuse what would prove nothing; then the monitor's word is all there is.
    if (!(error instanceof Refusal)) throw error
  }
  return { ...finding, grade: "ATTESTED" }
}
