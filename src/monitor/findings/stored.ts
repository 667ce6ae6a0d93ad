// A finding as the monitor remembers it: what was found, and what has been told about it. Each lies under its
// key, or under a hash of a key that is too long for one. And what findings mean for whoever runs the monitor: the
// exit code of a run, and whether the monitor itself is healthy.
import { present } from "../../core/base/present.ts"
import type { EvidenceEffect } from "../../evidence/evidence.ts"
import { statedEffect } from "../../evidence/format.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import { type DocumentReads, type Documents, hashName } from "../state/documents.ts"
import { flag, integer, message, optional, text, word } from "../state/schema.ts"
import { type Finding, familyOf, findingKinds, grades } from "./finding.ts"

const LONGEST_KEY = 512
const LONGEST_SUMMARY = 1_000
/** No kind of finding has this name. */
const TALLY = "tally "

/** What was found and what was told of it, by {@link placeOf} its key. All times are Unix milliseconds. */
export const findings = collection(
  "finding",
  message({
    key: text,
    kind: word(...findingKinds),
    grade: word(...grades),
    origin: text,
    summary: text,
    index: optional(integer),
    watched: optional(text),
    /** Its text is kept under this ID, unless there was no room for it. */
    evidenceId: optional(text),
    /** What the evidence does to the key that it names; absent in what an earlier version kept. */
    effect: optional(word("convicts", "presents")),
    /** There was no room to keep the file. */
    isUnkept: optional(flag),
    isCanary: optional(flag),
    openedAt: integer,
    /** When an alert about it was last made. */
    alertedAt: optional(integer),
    /** Whether an alert was made since it was opened. */
    isTold: flag,
    acknowledgedAt: optional(integer),
    resolvedAt: optional(integer),
    /** Alerts that were made so far. */
    alerts: integer,
    /** Alerts among them that not every sink has yet. */
    pending: integer,
  }),
  { under: "", besides: TALLY },
)

export type StoredFinding = ValueOf<typeof findings>

/** How many findings of a kind about an origin, or about what is watched there, are unsettled. */
export const findingTallies = collection("finding", message({ unsettled: integer }), {
  under: TALLY,
})

/** Where a finding lies; the same for a key and for what this makes of it. */
export function placeOf(key: string): string {
  const wellFormed = key.toWellFormed()
  if (wellFormed.length <= LONGEST_KEY) return wellFormed
  return `sha256 ${hashName(wellFormed)}`
}

/** A short name of a finding for people to type: 16 digits of lower-case hex. */
export function findingId(key: string): string {
  return hashName(`countersign-finding/v1\n${placeOf(key)}\n`).slice(0, 16)
}

function bounded(long: string, longest: number): string {
  const cut = long.length > longest ? `${long.slice(0, longest - 1)}…` : long
  return cut.toWellFormed()
}

/** What a finding's evidence does to the key that it names; undefined without evidence, and of a test. */
export function effectOf({ evidence, effect, isCanary }: Finding): StoredFinding["effect"] {
  if (evidence === undefined || isCanary === true) return undefined
  return effect ?? statedEffect(evidence)
}

/** What is remembered of a finding that opens. */
export function openedFinding(finding: Finding, now: number, isUnkept: boolean): StoredFinding {
  const { kind, grade, index, watched, evidence, isCanary } = finding
  return present({
    key: placeOf(finding.key),
    kind,
    grade,
    origin: bounded(finding.origin, LONGEST_KEY),
    summary: bounded(finding.summary.replaceAll(/\p{C}/gu, "?"), LONGEST_SUMMARY),
    index,
    watched: watched === undefined ? undefined : bounded(watched, LONGEST_KEY),
    evidenceId: isCanary === true ? undefined : evidence?.id,
    effect: effectOf(finding),
    isUnkept: isUnkept ? true : undefined,
    isCanary: isCanary === true ? true : undefined,
    openedAt: now,
    isTold: false,
    alerts: 0,
    pending: 0,
  })
}

/** The finding with a word behind its summary. */
export function withReason(finding: StoredFinding, reason: string): StoredFinding {
  return { ...finding, summary: bounded(`${finding.summary} (${reason})`, LONGEST_SUMMARY) }
}

/** The finding with this key, open or not. */
export function storedFinding(reads: DocumentReads, key: string): StoredFinding | undefined {
  return reads.get(findings, placeOf(key))
}

/** All findings that are remembered, in the order of their keys. */
export function storedFindings(reads: DocumentReads): readonly StoredFinding[] {
  return reads.list(findings).map(([, finding]) => finding)
}

/** Findings that have not closed, acknowledged ones and tests among them. */
export function openFindings(reads: DocumentReads): readonly StoredFinding[] {
  return storedFindings(reads).filter(({ resolvedAt }) => resolvedAt === undefined)
}

export function keepFinding(documents: Documents, finding: StoredFinding): void {
  documents.put(findings, finding.key, finding)
}

/** 0 clean, 1 operational trouble, 2 misissuance, 3 a log or a witness is convicted. */
export type Severity = 0 | 1 | 2 | 3

/** Whether somebody still has to take notice of it: open, not acknowledged, and no test. */
export function isUnsettled({ resolvedAt, acknowledgedAt, isCanary }: StoredFinding): boolean {
  return resolvedAt === undefined && acknowledgedAt === undefined && isCanary !== true
}

/**
 * The severity of one finding, whether or not it is open. What is proven by evidence that presents convicts nobody:
 * somebody has to look at it, as at an entry that nobody expected.
 */
export function severityOf({
  kind,
  grade,
  effect = statedBefore(kind),
}: Pick<StoredFinding, "kind" | "grade" | "effect">): Severity {
  const family = familyOf(kind)
  if (family === "health" || grade === "SUSPECTED") return 1
  if (family === "misissuance") return 2
  if (grade !== "PROVEN") return 1
  return effect === "convicts" ? 3 : 2
}

/** What the evidence of a finding did, at least, that an earlier version has kept. */
function statedBefore(kind: StoredFinding["kind"]): EvidenceEffect {
  return kind === "duplicate-entry" || kind === "entry-time" ? "presents" : "convicts"
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
