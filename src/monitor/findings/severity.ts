// What a finding means for whoever runs the monitor: the exit code of a run, and whether the monitor itself
// is healthy.
import type { FindingKind, HealthKind, MisissuanceKind } from "./finding.ts"
import type { StoredFinding } from "./stored.ts"

/** 0 clean, 1 operational trouble, 2 misissuance, 3 proven misbehaviour of a log or a witness. */
export type Severity = 0 | 1 | 2 | 3

const misissuance: Readonly<Record<MisissuanceKind, true>> = {
  "unknown-signer": true,
  "not-mine": true,
  "after-revocation": true,
  "outside-validity": true,
  "bad-signature": true,
  "conflicting-claims": true,
  unclassifiable: true,
  "not-logged": true,
}

const health: Readonly<Record<HealthKind, true>> = {
  unreachable: true,
  backlog: true,
  "canary-missing": true,
  "sink-failing": true,
}

/** Whether the finding says that the monitor cannot see or cannot tell. */
function isHealth(kind: FindingKind): kind is HealthKind {
  return Object.hasOwn(health, kind)
}

/** Whether somebody still has to take notice of it: open, not acknowledged, and no test. */
export function isUnsettled({ resolvedAt, acknowledgedAt, isCanary }: StoredFinding): boolean {
  return resolvedAt === undefined && acknowledgedAt === undefined && isCanary !== true
}

/** The severity of one finding, whether or not it is open. */
export function severityOf({ kind, grade }: Pick<StoredFinding, "kind" | "grade">): Severity {
  if (isHealth(kind) || grade === "SUSPECTED") return 1
  if (Object.hasOwn(misissuance, kind)) return 2
  return grade === "PROVEN" ? 3 : 1
}

/** The worst of the findings that nobody has taken notice of yet. */
export function worstOf(findings: readonly StoredFinding[]): Severity {
  return findings
    .filter(isUnsettled)
    .map(severityOf)
    .reduce<Severity>((worst, severity) => (severity > worst ? severity : worst), 0)
}

/**
 * Whether the monitor sees and can tell: no finding about itself is unsettled. After a complete round this
 * is when a dead-man ping may be sent.
 */
export function isHealthy(findings: readonly StoredFinding[]): boolean {
  return !findings.some((finding) => isHealth(finding.kind) && isUnsettled(finding))
}
