// The one place that opens findings, makes them graver and heals them: what the judges saw is compared with
// what is open. What may be the network and may heal is suspected at first, and attested once a second vantage
// point shows it too or the same one still does a minute later.
import { present } from "../../core/base/present.ts"
import { collection } from "../state/collection.ts"
import type { Documents, Moment } from "../state/documents.ts"
import { integer, list, message, text } from "../state/schema.ts"
import {
  type AbsentCase,
  absent,
  type Case,
  type NothingElse,
  type SuspectedCase,
  type WithdrawnCase,
} from "./case.ts"
import { keepEvidence } from "./evidence.ts"
import { type Finding, type Grade, grades } from "./finding.ts"
import { isOneOfMany, keep, told, toldIfDue } from "./life.ts"
import {
  effectOf,
  isUnsettled,
  openedFinding,
  openFindings,
  placeOf,
  type StoredFinding,
  storedFinding,
  withReason,
} from "./stored.ts"

/** Between two tries of which the second one confirms the first. */
const RETRY_MILLISECONDS = 60_000
const MOST_VANTAGES = 16

/** By the key of the case; times in Unix milliseconds. */
export const suspicions = collection(
  "suspicion",
  message({ first: integer, last: integer, vantages: list(text, MOST_VANTAGES) }),
)

/** Notes that a case was seen and gives its grade so far. */
function suspect(documents: Documents, seen: SuspectedCase): Grade {
  const { key, shownBy, at, patience = RETRY_MILLISECONDS } = seen
  const before = documents.get(suspicions, key) ?? { first: at, last: at, vantages: [] }
  const isKnown = before.vantages.includes(shownBy) || before.vantages.length === MOST_VANTAGES
  const after = {
    first: Math.min(before.first, at),
    last: Math.max(before.last, at),
    vantages: isKnown ? before.vantages : [...before.vantages, shownBy],
  }
  documents.put(suspicions, key, after)
  const isConfirmed = after.vantages.length > 1 || after.last - after.first >= patience
  return isConfirmed ? "ATTESTED" : "SUSPECTED"
}

/** Forgets what shows a case. Gives whether it is over: everywhere, or this was the last vantage point. */
function forget(documents: Documents, { key, absentAt }: AbsentCase): boolean {
  const before = documents.get(suspicions, key)
  const vantages = before?.vantages.filter((other) => other !== absentAt) ?? []
  if (absentAt !== "everywhere" && before !== undefined && vantages.length > 0) {
    documents.put(suspicions, key, { ...before, vantages })
    return false
  }
  if (before !== undefined) documents.remove(suspicions, key)
  return absentAt === "everywhere" || before !== undefined
}

function rankOf({ grade }: Pick<Finding, "grade">): number {
  return grades.indexOf(grade)
}

/** The finding as it is remembered, its evidence kept; `unkept` is what convicts and there was no room for. */
function remembered({ documents, now }: Moment, finding: Finding) {
  const { evidence } = finding
  const effect = effectOf(finding)
  if (evidence === undefined || effect === undefined) {
    return { opened: openedFinding(finding, now, false) }
  }
  const isKept = keepEvidence(documents, { ...finding, effect }, evidence)
  const unkept = !isKept && effect === "convicts" ? evidence.text : undefined
  return { opened: openedFinding(finding, now, !isKept), ...present({ unkept }) }
}

function open(moment: Moment, before: StoredFinding | undefined, finding: Finding): void {
  const { documents } = moment
  const { alerts = 0, pending = 0, alertedAt } = before ?? {}
  // What is graver than before, or was a test then, is not one that merely comes and goes.
  const isSame =
    before !== undefined && before.isCanary !== true && rankOf(finding) <= rankOf(before)
  const known = present({ alerts, pending, alertedAt: isSame ? alertedAt : undefined })
  const { opened, unkept } = remembered(moment, finding)
  keep(documents, before, toldIfDue(moment, { ...opened, ...known }, unkept))
}

/** The same finding with a higher grade, or with evidence that was missing. */
function raiseAgain(moment: Moment, before: StoredFinding, finding: Finding): void {
  const { documents } = moment
  const isGraver = rankOf(finding) > rankOf(before)
  const addsEvidence =
    finding.evidence !== undefined && before.evidenceId === undefined && !before.isCanary
  if (!isGraver && !(addsEvidence && rankOf(finding) === rankOf(before))) return
  const { opened, unkept } = remembered(moment, finding)
  const { kind, grade, summary, index, evidenceId, effect, isUnkept } = opened
  const proof = present({ evidenceId, effect, isUnkept })
  if (!isGraver) {
    keep(documents, before, { ...before, ...proof })
    return
  }
  const { acknowledgedAt: _, ...rest } = before
  const after: StoredFinding = { ...rest, ...present({ kind, grade, summary, index }), ...proof }
  const event = before.isTold ? "upgraded" : "opened"
  keep(documents, before, told(moment, after, event, unkept))
}

/** Stands for all findings of its kind and origin, about one thing if it is watched, that are too many to be told. */
function oneForMany(finding: Finding): Finding {
  const { kind, origin, watched, summary } = finding
  const about = watched === undefined ? "" : ` about ${watched}`
  return {
    ...finding,
    key: [kind, origin, ...(watched === undefined ? [] : [watched]), "and more"].join(" "),
    summary: `too many findings of this kind${about} are open to tell of each; the first beyond them: ${summary}`,
  }
}

/** Opens a finding, or makes an open one graver, and puts the alert that is due into the outbox. */
function raise(moment: Moment, finding: Finding): void {
  const { documents } = moment
  const before = storedFinding(documents, finding.key)
  // A test never stands for what is no test.
  const isSame = before?.isCanary !== true || finding.isCanary === true
  if (before !== undefined && before.resolvedAt === undefined && isSame) {
    raiseAgain(moment, before, finding)
  } else if (finding.isCanary === true || !isOneOfMany(documents, finding)) {
    open(moment, before, finding)
  } else {
    const many = oneForMany(finding)
    const known = storedFinding(documents, many.key)
    if (known === undefined || !isUnsettled(known)) open(moment, known, many)
    else raiseAgain(moment, known, many)
  }
}

/** Closes a finding unless it is proven. Whoever was told of it is told of this too. */
function close(moment: Moment, key: string): void {
  const { documents, now } = moment
  const before = storedFinding(documents, key)
  if (before === undefined || before.resolvedAt !== undefined || before.grade === "PROVEN") return
  const { isTold, isCanary } = before
  const after = isTold && !isCanary ? told(moment, before, "resolved") : before
  keep(documents, before, { ...after, resolvedAt: now })
}

/**
 * Closes a finding whatever its grade, and says why: it rested on the watch, so what proved the entry to be in the log
 * stays true and kept, but nobody is accused by it any more.
 */
function withdraw(moment: Moment, { key, withdrawn }: WithdrawnCase): void {
  const { documents, now } = moment
  const before = storedFinding(documents, key)
  if (before === undefined || before.resolvedAt !== undefined) return
  const said = withReason(before, withdrawn)
  const after = before.isTold && !before.isCanary ? told(moment, said, "resolved") : said
  keep(documents, before, { ...after, resolvedAt: now })
}

function heal(moment: Moment, gone: AbsentCase): void {
  if (forget(moment.documents, gone)) close(moment, gone.key)
}

function closeOthers(moment: Moment, { kinds, origin, but }: NothingElse): void {
  const known = new Set([...but].map(placeOf))
  const others = openFindings(moment.documents).filter(
    (open) => open.origin === origin && kinds.includes(open.kind) && !known.has(open.key),
  )
  for (const { key } of others) heal(moment, absent(key))
}

/**
 * Grades what is suspected, heals what is absent, opens what is new, makes graver what is, and closes the rest
 * where that is said; the same case again changes nothing. A suspicion makes no alert before its deadline
 * (life.ts). Gives what was seen, graded, in the order of the cases; `now` is in Unix milliseconds.
 */
export function settle(documents: Documents, cases: readonly Case[], now: number) {
  const moment = { documents, now }
  const seen: Finding[] = []
  for (const each of cases) {
    if ("grade" in each) seen.push(each)
    if ("shownBy" in each) seen.push({ ...each, grade: suspect(documents, each) })
    if ("absentAt" in each) heal(moment, each)
    if ("withdrawn" in each) withdraw(moment, each)
  }
  for (const finding of seen) raise(moment, finding)
  for (const each of cases) if ("but" in each) closeOthers(moment, each)
  return seen
}
