// The life of an open finding: it is told when that is due, and again every day until somebody takes notice.
// Whoever needs to know finds the alert in the outbox of the same commit.
import type { DocumentReads, Documents, Moment } from "../state/documents.ts"
import type { Finding } from "./finding.ts"
import { type AlertEvent, enqueue } from "./outbox.ts"
import {
  findingId,
  findings,
  findingTallies,
  isUnsettled,
  keepFinding,
  openFindings,
  placeOf,
  type StoredFinding,
  storedFinding,
  storedFindings,
} from "./stored.ts"

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
/** Unsettled findings of a kind about one origin, and of each thing watched there, that are told one by one. */
export const MOST_FINDINGS = 1_000
/** All of a kind and origin, whatever is watched. */
export const MOST_IN_ALL = 10_000
/** How many of them each subject, signer or key of the watch file has room for in any case. */
export const LEAST_WATCHED = 16
/** Alerts of one finding that may wait for a sink. */
const MOST_PENDING = 8

type Tallied = Pick<Finding, "kind" | "origin" | "watched">

/** Whether `span` is over since `since`; a clock that was put back does not make it longer. */
function isOver(since: number, span: number, now: number): boolean {
  return now < since || now - since >= span
}

/** What counts the findings of this kind and origin, and those about what is watched there. */
function tallyPlaces({ kind, origin, watched }: Tallied): readonly string[] {
  const all = `${kind} ${origin}`
  return (watched === undefined ? [all] : [all, `${all} ${watched}`]).map(placeOf)
}

function tallyAt(reads: DocumentReads, place: string): number {
  return reads.get(findingTallies, place)?.unsettled ?? 0
}

/** Keeps a finding and the count of those that are unsettled. */
export function keep(
  documents: Documents,
  before: StoredFinding | undefined,
  after: StoredFinding,
): void {
  const change = Number(isUnsettled(after)) - Number(before !== undefined && isUnsettled(before))
  for (const place of change === 0 ? [] : tallyPlaces(after)) {
    const unsettled = Math.max(0, tallyAt(documents, place) + change)
    documents.put(findingTallies, place, { unsettled })
  }
  keepFinding(documents, after)
}

/**
 * Whether there are too many findings like this one to tell of each: those about what is watched are counted for each
 * thing by itself, so that no flood about anything else hides one of them.
 */
export function isOneOfMany(documents: Documents, finding: Finding): boolean {
  const [all = 0, watched] = tallyPlaces(finding).map((place) => tallyAt(documents, place))
  if (watched === undefined) return all >= MOST_FINDINGS
  return watched >= MOST_FINDINGS || (all >= MOST_IN_ALL && watched >= LEAST_WATCHED)
}

/**
 * The finding with an alert about this event in the outbox. `unkept` is the text of evidence that convicts and that
 * there was no room to keep.
 */
export function told(
  moment: Moment,
  finding: StoredFinding,
  event: AlertEvent,
  unkept?: string,
): StoredFinding {
  // What is dropped here is told again by a reminder, once the sinks take alerts.
  if (finding.pending >= MOST_PENDING && event !== "upgraded") return finding
  return enqueue(moment, finding, event, unkept)
}

/** Tells of an open finding what is due: its opening if nobody knows of it, else a reminder. */
export function toldIfDue(moment: Moment, finding: StoredFinding, unkept?: string): StoredFinding {
  const { now } = moment
  const { grade, isTold, alertedAt, openedAt, pending } = finding
  if (grade === "SUSPECTED" && !isOver(openedAt, SUSPICION_DEADLINE, now)) return finding
  if (!isTold) {
    const isDamped = alertedAt !== undefined && !isOver(alertedAt, DAMPING, now)
    return isDamped ? finding : told(moment, finding, "opened", unkept)
  }
  const isRemindable = pending === 0 && isOver(alertedAt ?? openedAt, REMINDER, now)
  return isRemindable ? told(moment, finding, "reminder") : finding
}

/**
 * Remembers that somebody has taken notice of the finding with this key or ID ({@link findingId}): no more
 * reminders, and it counts for no exit code, unless it becomes graver. Gives whether it was open.
 */
export function acknowledge(documents: Documents, keyOrId: string, now: number): boolean {
  const before =
    storedFinding(documents, keyOrId) ??
    openFindings(documents).find(({ key }) => findingId(key) === keyOrId)
  if (before === undefined || before.resolvedAt !== undefined) return false
  if (before.acknowledgedAt === undefined) {
    keep(documents, before, { ...before, acknowledgedAt: now })
  }
  return true
}

/**
 * What time alone brings about: reminders once a day, suspicions that outlived their deadline, and that
 * findings that healed are forgotten. To be called every round.
 */
export function remind(documents: Documents, now: number): void {
  for (const finding of storedFindings(documents)) {
    if (isUnsettled(finding)) {
      const after = toldIfDue({ documents, now }, finding)
      if (after !== finding) keep(documents, finding, after)
    } else if (isForgettable(finding, now)) {
      documents.remove(findings, finding.key)
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
  if (before.isCanary === true && pending === 0) documents.remove(findings, before.key)
  else keepFinding(documents, { ...before, pending })
}
