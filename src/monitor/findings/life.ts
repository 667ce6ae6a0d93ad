// The life of a finding: it opens, may become graver, heals or is acknowledged, and is told again every day
// until somebody takes notice. Whoever needs to know finds the alert in the outbox of the same commit.
import { asInteger } from "../../core/base/json-value.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { keepEvidence } from "./evidence.ts"
import type { Finding } from "./finding.ts"
import { type AlertEvent, enqueue } from "./outbox.ts"
import { isUnsettled } from "./severity.ts"
import {
  findingId,
  grades,
  keepFinding,
  openedFinding,
  type StoredFinding,
  storedFinding,
  storedFindings,
  tallyPlace,
} from "./stored.ts"

export type { StoredFinding } from "./stored.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A finding that reopens sooner after its last alert is told later: it may be about to heal again. */
const DAMPING = HOUR
/** A day but for the time by which a monitor that runs once a day may come too early. */
const REMINDER = 23 * HOUR
/** How long a suspicion may last before it is told. */
const SUSPICION_DEADLINE = HOUR
/** How long a finding that healed is remembered. */
const RETENTION = 30 * DAY
/** Unsettled findings of a kind about one origin that are told one by one. */
export const MOST_FINDINGS = 1_000
/** How many of them each subject, signer or key of the watch file has room for in any case. */
export const LEAST_WATCHED = 16
/** Alerts of one finding that may wait for a sink. */
const MOST_PENDING = 8

/** Whether `span` is over since `since`; a clock that was put back does not make it longer. */
function isOver(since: number, span: number, now: number): boolean {
  return now < since || now - since >= span
}

function rankOf({ grade }: Pick<Finding, "grade">): number {
  return grades.indexOf(grade)
}

function readTally(reads: DocumentReads, place: string): number {
  const text = reads.get("finding", place)
  if (text === undefined) return 0
  return asInteger(parseDocument(text, place, ["unsettled"]).unsettled, "unsettled")
}

/** Keeps a finding and the count of those that are unsettled. */
function keep(documents: Documents, before: StoredFinding | undefined, after: StoredFinding): void {
  const change = Number(isUnsettled(after)) - Number(before !== undefined && isUnsettled(before))
  if (change !== 0) {
    const { kind, origin, watched } = after
    count(documents, tallyPlace(kind, origin), change)
    if (watched !== undefined) count(documents, tallyPlace(kind, origin, watched), change)
  }
  keepFinding(documents, after)
}

function count(documents: Documents, place: string, change: number): void {
  const unsettled = Math.max(0, readTally(documents, place) + change)
  documents.put("finding", place, formatDocument({ unsettled }))
}

/** Whether there are too many findings like this one to tell of each. */
function isOneOfMany(documents: Documents, { kind, origin, watched }: Finding): boolean {
  if (readTally(documents, tallyPlace(kind, origin)) < MOST_FINDINGS) return false
  if (watched === undefined) return true
  return readTally(documents, tallyPlace(kind, origin, watched)) >= LEAST_WATCHED
}

function told(
  documents: Documents,
  finding: StoredFinding,
  event: AlertEvent,
  now: number,
): StoredFinding {
  // What is dropped here is told again by a reminder, once the sinks take alerts.
  if (finding.pending >= MOST_PENDING && event !== "upgraded") return finding
  return enqueue(documents, finding, event, now)
}

/** Tells of an open finding what is due: its opening if nobody knows of it, else a reminder. */
function toldIfDue(documents: Documents, finding: StoredFinding, now: number): StoredFinding {
  const { grade, isTold, alertedAt, openedAt, pending } = finding
  if (grade === "SUSPECTED" && !isOver(openedAt, SUSPICION_DEADLINE, now)) return finding
  if (!isTold) {
    const isDamped = alertedAt !== undefined && !isOver(alertedAt, DAMPING, now)
    return isDamped ? finding : told(documents, finding, "opened", now)
  }
  const isRemindable = pending === 0 && isOver(alertedAt ?? openedAt, REMINDER, now)
  return isRemindable ? told(documents, finding, "reminder", now) : finding
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
  const opened: StoredFinding = {
    ...openedFinding(finding, now),
    alerts,
    pending,
    ...(isSame && alertedAt !== undefined && { alertedAt }),
  }
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
  const { acknowledgedAt: _, ...rest } = before
  const { kind, grade, summary, evidenceId, index } = openedFinding(finding, now)
  if (!isGraver) {
    keep(documents, before, { ...before, ...(evidenceId !== undefined && { evidenceId }) })
    return
  }
  const after: StoredFinding = {
    ...rest,
    kind,
    grade,
    summary,
    ...(index !== undefined && { index }),
    ...(evidenceId !== undefined && { evidenceId }),
  }
  const event = before.isTold ? "upgraded" : "opened"
  keep(documents, before, told(documents, after, event, now))
}

/** Stands for all findings of its kind and origin that are too many to be told one by one. */
function oneForMany(finding: Finding): Finding {
  const { watched: _, ...rest } = finding
  const { kind, origin, summary } = finding
  return {
    ...rest,
    key: `${kind} ${origin} and more`,
    summary: `more than ${MOST_FINDINGS} findings of this kind are open; the first beyond them: ${summary}`,
  }
}

/**
 * Opens a finding, or makes an open one graver, and puts the alert that is due into the outbox. The same
 * finding again changes nothing. A suspicion makes no alert before its deadline (see {@link remind}).
 */
export function raise(documents: Documents, finding: Finding, now: number): void {
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

/**
 * Closes a finding that healed; without effect on one that is proven, closed or unknown. Whoever was told
 * of it is told of this too.
 */
export function resolve(documents: Documents, key: string, now: number): void {
  const before = storedFinding(documents, key)
  if (before === undefined || before.resolvedAt !== undefined || before.grade === "PROVEN") return
  const { isTold, isCanary } = before
  const after = isTold && !isCanary ? told(documents, before, "resolved", now) : before
  keep(documents, before, { ...after, resolvedAt: now })
}

/** The open finding with this key, or with this ID ({@link findingId}). */
function openFinding(reads: DocumentReads, keyOrId: string): StoredFinding | undefined {
  const found =
    storedFinding(reads, keyOrId) ??
    storedFindings(reads).find(({ key }) => findingId(key) === keyOrId)
  return found?.resolvedAt === undefined ? found : undefined
}

/**
 * Remembers that somebody has taken notice: no more reminders, and the finding counts for no exit code,
 * unless it becomes graver. Gives whether there was such an open finding.
 */
export function acknowledge(documents: Documents, keyOrId: string, now: number): boolean {
  const before = openFinding(documents, keyOrId)
  if (before === undefined) return false
  if (before.acknowledgedAt === undefined) {
    keep(documents, before, { ...before, acknowledgedAt: now })
  }
  return true
}

/** Findings that have not closed, acknowledged ones and tests among them. */
export function openFindings(reads: DocumentReads): readonly StoredFinding[] {
  return storedFindings(reads).filter(({ resolvedAt }) => resolvedAt === undefined)
}

/**
 * What time alone brings about: reminders once a day, suspicions that outlived their deadline, and that
 * findings that healed are forgotten. To be called every round; {@link deliverAlerts} does so.
 */
export function remind(documents: Documents, now: number): void {
  for (const finding of storedFindings(documents)) {
    if (isUnsettled(finding)) {
      const after = toldIfDue(documents, finding, now)
      if (after !== finding) keep(documents, finding, after)
    } else if (isForgettable(finding, now)) {
      documents.remove("finding", finding.key)
    }
  }
}

function isForgettable(finding: StoredFinding, now: number): boolean {
  const { resolvedAt, openedAt, isCanary, pending } = finding
  if (pending > 0) return false
  if (isCanary === true) return isOver(openedAt, DAY, now)
  return resolvedAt !== undefined && isOver(resolvedAt, RETENTION, now)
}

/** To be called when an alert about a finding has left the outbox; a test is over with that. */
export function alertLeft(documents: Documents, key: string): void {
  const before = storedFinding(documents, key)
  if (before === undefined) return
  const pending = Math.max(0, before.pending - 1)
  if (before.isCanary === true && pending === 0) documents.remove("finding", before.key)
  else keepFinding(documents, { ...before, pending })
}
