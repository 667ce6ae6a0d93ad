// What a finding means for whoever runs the monitor: the exit code of a run, and whether the monitor itself
// is healthy.
import { familyOf } from "./finding.ts"
import type { StoredFinding } from "./stored.ts"

/** 0 clean, 1 operational trouble, 2 misissuance, 3 proven misbehaviour of a log or a witness. */
export type Severity = 0 | 1 | 2 | 3

/** Whether somebody still has to take notice of it: open, not acknowledged, and no test. */
export function isUnsettled({ resolvedAt, acknowledgedAt, isCanary }: StoredFinding): boolean {
  return resolvedAt === undefined && acknowledgedAt === undefined && isCanary !== true
}

/** The severity of one finding, whether or not it is open. */
export function severityOf({ kind, grade }: Pick<StoredFinding, "kind" | "grade">): Severity {
  const family = familyOf(kind)
  if (family === "health" || grade === "SUSPECTED") return 1
  if (family === "misissuance") return 2
  return grade === "PROVEN" ? 3 : 1
}

/** The worst of the findings that nobody has taken notice of yet. */
export function worstOf(findings: readonly StoredFinding[]): Severity {
  const severities = findings.filter(isUnsettled).map(severityOf)
  return severities.reduce((worst, severity) => (severity > worst ? severity : worst), 0)
}

/**
 * Whether the monitor sees and can tell: no finding about itself is unsettled. After a complete round this
 * is when a dead-man ping may be sent.
 */
export function isHealthy(findings: readonly StoredFinding[]): boolean {
  return !findings.some((finding) => familyOf(finding.kind) === "health" && isUnsettled(finding))
}
