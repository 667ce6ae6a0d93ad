// The one place that opens findings, makes them graver and heals them: what the judges saw is compared with
// what is open.
import { present } from "../../core/base/present.ts"
import type { Documents } from "../state/documents.ts"
import { type AbsentCase, absent, type Case, type NothingElse } from "./case.ts"
import { keepEvidence } from "./evidence.ts"
import { type Finding, grades } from "./finding.ts"
import { isOneOfMany, keep, MOST_FINDINGS, told, toldIfDue } from "./life.ts"
import { isUnsettled } from "./severity.ts"
import {
  openedFinding,
  openFindings,
  placeOf,
  type StoredFinding,
  storedFinding,
} from "./stored.ts"
import { forget, suspect } from "./suspicion.ts"

function rankOf({ grade }: Pick<Finding, "grade">): number {
  return grades.indexOf(grade)
}

function open(
  documents: Documents,
  before: StoredFinding | undefined,
  finding: Finding,
  now: number,
): void {
  const { evidence, origin, isCanary } = finding
  if (evidence !== undefined && isCanary !== true) keepEvidence(documents, origin, evidence)
  const { alerts = 0, pending = 0, alertedAt } = before ?? {}
  // What is graver than before, or was a test then, is not one that merely comes and goes.
  const isSame =
    before !== undefined && before.isCanary !== true && rankOf(finding) <= rankOf(before)
  const known = present({ alerts, pending, alertedAt: isSame ? alertedAt : undefined })
  const opened: StoredFinding = { ...openedFinding(finding, now), ...known }
  keep(documents, before, toldIfDue(documents, opened, now))
}

/** The same finding with a higher grade, or with evidence that was missing. */
function raiseAgain(
  documents: Documents,
  before: StoredFinding,
  finding: Finding,
  now: number,
): void {
  const isGraver = rankOf(finding) > rankOf(before)
  const addsEvidence =
    finding.evidence !== undefined && before.evidenceId === undefined && !before.isCanary
  if (!isGraver && !(addsEvidence && rankOf(finding) === rankOf(before))) return
  if (addsEvidence) keepEvidence(documents, before.origin, finding.evidence)
  const { kind, grade, summary, evidenceId, index } = openedFinding(finding, now)
  if (!isGraver) {
    keep(documents, before, { ...before, ...present({ evidenceId }) })
    return
  }
  const { acknowledgedAt: _, ...rest } = before
  const after: StoredFinding = { ...rest, ...present({ kind, grade, summary, index, evidenceId }) }
  const event = before.isTold ? "upgraded" : "opened"
  keep(documents, before, told(documents, after, event, now))
}

/** Stands for all findings of its kind and origin that are too many to be told one by one. */
function oneForMany({ watched: _, ...finding }: Finding): Finding {
  const { kind, origin, summary } = finding
  return {
    ...finding,
    key: `${kind} ${origin} and more`,
    summary: `more than ${MOST_FINDINGS} findings of this kind are open; the first beyond them: ${summary}`,
  }
}

/** Opens a finding, or makes an open one graver, and puts the alert that is due into the outbox. */
function raise(documents: Documents, finding: Finding, now: number): void {
  const before = storedFinding(documents, finding.key)
  const isOpen = before !== undefined && before.resolvedAt === undefined
  // A test never stands for what is no test.
  const isSame = before?.isCanary === true ? finding.isCanary === true : true
  if (isOpen && isSame) {
    raiseAgain(documents, before, finding, now)
    return
  }
  if (finding.isCanary === true || !isOneOfMany(documents, finding)) {
    open(documents, before, finding, now)
    return
  }
  const many = oneForMany(finding)
  const known = storedFinding(documents, many.key)
  if (known === undefined || !isUnsettled(known)) open(documents, known, many, now)
  else raiseAgain(documents, known, many, now)
}

/** Closes a finding unless it is proven. Whoever was told of it is told of this too. */
function close(documents: Documents, key: string, now: number): void {
  const before = storedFinding(documents, key)
  if (before === undefined || before.resolvedAt !== undefined || before.grade === "PROVEN") return
  const { isTold, isCanary } = before
  const after = isTold && !isCanary ? told(documents, before, "resolved", now) : before
  keep(documents, before, { ...after, resolvedAt: now })
}

function heal(documents: Documents, gone: AbsentCase, now: number): void {
  if (forget(documents, gone)) close(documents, gone.key, now)
}

function closeOthers(documents: Documents, { kinds, origin, but }: NothingElse, now: number): void {
  const known = new Set([...but].map(placeOf))
  const others = openFindings(documents).filter(
    (open) => open.origin === origin && kinds.includes(open.kind) && !known.has(open.key),
  )
  for (const { key } of others) heal(documents, absent(key), now)
}

/**
 * Grades what is suspected, heals what is absent, opens what is new, makes graver what is, and closes the rest
 * where that is said; the same case again changes nothing. A suspicion makes no alert before its deadline
 * (life.ts). Gives what was seen, graded, in the order of the cases; `now` is in Unix milliseconds.
 */
export function settle(
  documents: Documents,
  cases: readonly Case[],
  now: number,
): readonly Finding[] {
  const seen: Finding[] = []
  for (const each of cases) {
    if ("grade" in each) seen.push(each)
    if ("shownBy" in each) seen.push({ ...each, grade: suspect(documents, each) })
    if ("absentAt" in each) heal(documents, each, now)
  }
  for (const finding of seen) raise(documents, finding, now)
  for (const each of cases) if ("but" in each) closeOthers(documents, each, now)
  return seen
}
