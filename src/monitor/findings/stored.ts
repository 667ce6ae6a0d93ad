// A finding as the monitor remembers it: what was found, and what has been told about it. One document of
// kind `finding` each, under its key, or under a hash of a key that is too long for one.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { asInteger, asText, optional } from "../../core/base/json-value.ts"
import { formatHex } from "../../core/base/text.ts"
import { asWord, formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import type { Finding, FindingKind, Grade } from "./finding.ts"

export interface StoredFinding {
  readonly key: string
  readonly kind: FindingKind
  readonly grade: Grade
  readonly origin: string
  readonly summary: string
  readonly index?: number
  readonly watched?: string
  /** Its text is the document `evidence` of this ID, unless the origin had too much of it. */
  readonly evidenceId?: string
  readonly isCanary?: boolean
  /** Unix milliseconds, as all times here. */
  readonly openedAt: number
  /** When an alert about it was last made. */
  readonly alertedAt?: number
  /** Whether an alert was made since it was opened. */
  readonly isTold: boolean
  readonly acknowledgedAt?: number
  readonly resolvedAt?: number
  /** Alerts that were made so far. */
  readonly alerts: number
  /** Alerts among them that not every sink has yet. */
  readonly pending: number
}

const kindNames: Readonly<Record<FindingKind, true>> = {
  fork: true,
  rollback: true,
  "replayed-head": true,
  "stale-head": true,
  "stale-view": true,
  "unreconciled-head": true,
  "entry-mismatch": true,
  "tile-mismatch": true,
  "missing-data": true,
  "bad-head-signature": true,
  "bad-head": true,
  "key-misuse": true,
  "broken-promise": true,
  "duplicate-entry": true,
  "entry-time": true,
  "head-time": true,
  "trust-changed": true,
  "witness-equivocation": true,
  "witness-rollback": true,
  "witness-silent": true,
  "witness-time": true,
  "unknown-signer": true,
  "not-mine": true,
  "after-revocation": true,
  "outside-validity": true,
  "bad-signature": true,
  "conflicting-claims": true,
  unclassifiable: true,
  "not-logged": true,
  unreachable: true,
  backlog: true,
  "canary-missing": true,
  "sink-failing": true,
}

/** Every kind of finding. */
export const findingKinds = Object.keys(kindNames) as readonly FindingKind[]

export const grades: readonly Grade[] = ["SUSPECTED", "ATTESTED", "PROVEN"]

const LONGEST_KEY = 512
const LONGEST_SUMMARY = 1_000
/** Documents of kind `finding` that are none; no kind of finding has this name. */
const TALLY = "tally "

/** Where the document of a finding lies; the same for a key and for what this makes of it. */
export function placeOf(key: string): string {
  const text = key.toWellFormed()
  return text.length <= LONGEST_KEY ? text : `sha256 ${formatHex(digestOf("sha256", utf8(text)))}`
}

/** A short name of a finding for people to type: 16 digits of lower-case hex. */
export function findingId(key: string): string {
  const hash = digestOf("sha256", utf8(`countersign-finding/v1\n${placeOf(key)}\n`))
  return formatHex(hash.subarray(0, 8))
}

/** The document that counts the findings of a kind about an origin, or about what is watched there. */
export function tallyPlace(kind: FindingKind, origin: string, watched?: string): string {
  return (
    TALLY + placeOf(watched === undefined ? `${kind} ${origin}` : `${kind} ${origin} ${watched}`)
  )
}

function bounded(text: string, longest: number): string {
  const cut = text.length > longest ? `${text.slice(0, longest - 1)}…` : text
  return cut.toWellFormed()
}

/** What is remembered of a finding that opens. */
export function openedFinding(finding: Finding, now: number): StoredFinding {
  const { kind, grade, index, watched, evidence, isCanary } = finding
  return {
    key: placeOf(finding.key),
    kind,
    grade,
    origin: bounded(finding.origin, LONGEST_KEY),
    summary: bounded(finding.summary.replaceAll(/\p{C}/gu, "?"), LONGEST_SUMMARY),
    ...(index !== undefined && { index }),
    ...(watched !== undefined && { watched: bounded(watched, LONGEST_KEY) }),
    ...(evidence !== undefined && isCanary !== true && { evidenceId: evidence.id }),
    ...(isCanary === true && { isCanary }),
    openedAt: now,
    isTold: false,
    alerts: 0,
    pending: 0,
  }
}

const names = [
  "acknowledgedAt",
  "alertedAt",
  "alerts",
  "evidenceId",
  "grade",
  "index",
  "isCanary",
  "isTold",
  "key",
  "kind",
  "openedAt",
  "origin",
  "pending",
  "resolvedAt",
  "summary",
  "watched",
] as const

function readFinding(text: string, place: string): StoredFinding {
  const what = `finding ${place}`
  const members = parseDocument(text, what, names)
  const integer = (name: (typeof names)[number]) =>
    optional(members[name], (value) => asInteger(value, `${what}.${name}`))
  const times = {
    index: integer("index"),
    alertedAt: integer("alertedAt"),
    acknowledgedAt: integer("acknowledgedAt"),
    resolvedAt: integer("resolvedAt"),
    evidenceId: optional(members.evidenceId, (value) => asText(value, `${what}.evidenceId`)),
    watched: optional(members.watched, (value) => asText(value, `${what}.watched`)),
  }
  const present = Object.entries(times).filter(([, value]) => value !== undefined)
  return {
    key: asText(members.key, `${what}.key`),
    kind: asWord(members.kind, `${what}.kind`, findingKinds),
    grade: asWord(members.grade, `${what}.grade`, grades),
    origin: asText(members.origin, `${what}.origin`),
    summary: asText(members.summary, `${what}.summary`),
    openedAt: asInteger(members.openedAt, `${what}.openedAt`),
    isTold: members.isTold === true,
    ...(members.isCanary === true && { isCanary: true }),
    alerts: asInteger(members.alerts, `${what}.alerts`),
    pending: asInteger(members.pending, `${what}.pending`),
    ...(Object.fromEntries(present) as Partial<Pick<StoredFinding, keyof typeof times>>),
  }
}

/** The finding with this key, open or not. */
export function storedFinding(reads: DocumentReads, key: string): StoredFinding | undefined {
  const place = placeOf(key)
  const text = place.startsWith(TALLY) ? undefined : reads.get("finding", place)
  return text === undefined ? undefined : readFinding(text, place)
}

/** All findings that are remembered, in the order of their keys. */
export function storedFindings(reads: DocumentReads): readonly StoredFinding[] {
  return reads
    .list("finding")
    .filter(([place]) => !place.startsWith(TALLY))
    .map(([place, text]) => readFinding(text, place))
}

export function keepFinding(documents: Documents, finding: StoredFinding): void {
  documents.put("finding", finding.key, formatDocument({ ...finding }))
}
