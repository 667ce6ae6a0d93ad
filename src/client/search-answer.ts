// What a log is asked to find, and its answers read into values. Whether an entry is in the tree is for
// inclusion.ts to check; that none is missing cannot be checked but by reading the whole log.

import { refuse } from "../core/base/errors.ts"
import { asInteger, asList, asObject, asText, isAbsent, optional } from "../core/base/json-value.ts"
import { MOST_FOUND_ON_PAGE } from "../core/base/limits.ts"
import { type Entry, readEntry } from "./log-answer.ts"

/** The parameters of `GET /v1/entries`; an entry must fit all that are there. */
export interface SearchCriteria {
  readonly digest?: string | undefined
  readonly key?: string | undefined
  readonly identity?: string | undefined
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly subjectDigest?: string | undefined
  readonly payload?: string | undefined
  readonly predicateType?: string | undefined
  readonly kind?: string | undefined
}

/** Which part of the answer is asked for: up to `limit` entries beyond the index `after`. */
export interface SearchPage {
  readonly order?: "oldest" | "newest" | undefined
  readonly after?: number | undefined
  readonly limit?: number | undefined
}

/** How far an answer goes. */
export interface Completeness {
  /** `after` of the next page; undefined if there is none. */
  readonly next?: number
  /** The size up to which the log says that nothing is left out. */
  readonly completeUpTo: number
}

/** A page of the entries that fit. */
export interface FoundEntries extends Completeness {
  readonly entries: readonly Entry[]
}

/** A signed statement about an artifact, by the entry that logs it. */
export interface FoundAttestation {
  readonly index: number
  /** Whether the log can give it. */
  readonly isKept: boolean
  readonly predicateType?: string
}

/** What a log has about one artifact. */
export interface FoundArtifact extends Completeness {
  readonly attestations: readonly FoundAttestation[]
}

/** The query string of a search, without the question mark. */
export function formatSearch(query: SearchCriteria & SearchPage): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (!isAbsent(value)) parameters.set(name, String(value))
  }
  return parameters.toString()
}

function readCompleteness(answer: {
  readonly next?: unknown
  readonly completeUpTo?: unknown
}): Completeness {
  const next = optional(answer.next, (value) => asInteger(value, "next"))
  const completeUpTo = asInteger(answer.completeUpTo, "completeUpTo")
  return next === undefined ? { completeUpTo } : { next, completeUpTo }
}

/** Refuses `malformed` also for a page that would lead back. */
export function readFound(value: unknown, { order, after }: SearchPage): FoundEntries {
  const answer = asObject(value, "search", ["entries", "next", "completeUpTo"])
  const entries = asList(answer.entries, "entries", MOST_FOUND_ON_PAGE).map(readEntry)
  const completeness = readCompleteness(answer)
  const { next } = completeness
  const step = order === "newest" ? -1 : 1
  if (next !== undefined && after !== undefined && (next - after) * step <= 0) {
    refuse("malformed", `next: expected a place beyond ${after}, found ${next}`)
  }
  return { entries, ...completeness }
}

function readAttestation(value: unknown): FoundAttestation {
  const { index, isKept, predicateType } = asObject(value, "attestation")
  const type = optional(predicateType, (text) => asText(text, "predicateType"))
  const found = { index: asInteger(index, "index"), isKept: isKept === true }
  return type === undefined ? found : { ...found, predicateType: type }
}

export function readArtifact(value: unknown): FoundArtifact {
  const answer = asObject(value, "artifact", ["attestations", "next", "completeUpTo"])
  const attestations = asList(answer.attestations, "attestations", MOST_FOUND_ON_PAGE)
  return { attestations: attestations.map(readAttestation), ...readCompleteness(answer) }
}
