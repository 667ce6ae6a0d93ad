// The search of the native API and of Rekor v1: entries by what they say, and all about one artifact.
import type { IncomingMessage } from "node:http"
import { setImmediate } from "node:timers/promises"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { readDigest, writtenDigest } from "../../core/base/written-digest.ts"
import { TILE_WIDTH } from "../../core/tree/tile.ts"
import { entryKinds, isEntryKind } from "../../entry/kind-names.ts"
import { type EntrySummary, readSummary, type Signer } from "../../entry/kinds/summary.ts"
import { mentionTerms, subjectDigestTerms, subjectNameTerms } from "../../entry/statement-terms.ts"
import type { Term, TermName } from "../../entry/term.ts"
import type {
  LogEntry,
  SearchAnswer,
  SearchPage,
  SearchQuery,
  ServedLog,
} from "../../log/ports/log.ts"
import { answerAttestation, keptAttestation } from "../door/attestation.ts"
import type { EntrySearch } from "../door/entry-search.ts"
import type { Surroundings } from "../door/handler.ts"
import { entryView } from "../door/views.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { type Call, get, type Route } from "../serving/route.ts"

interface PageParameters {
  readonly after?: number
  readonly limit?: number
  readonly attachedAfter?: number
}

interface Criteria extends PageParameters {
  readonly digest?: string
  readonly key?: string
  readonly identity?: string
  readonly issuer?: string
  readonly subject?: string
  readonly subjectDigest?: string
  readonly mention?: string
  readonly payload?: string
  readonly predicateType?: string
  readonly kind?: string
  readonly opaque?: true
  readonly order?: "oldest" | "newest"
}

interface Artifact extends PageParameters {
  readonly digest: string
}

const DEFAULT_LIMIT = 20
/** Entries that are read before other requests get a turn. */
const ENTRIES_A_TURN = 16
/** Bytes of the entries on a page, after which it ends: an answer names the next one wherever it ends. */
const PAGE_BYTES = 1024 * 1024
/** Bytes of entries that are read before other requests get a turn; the last one may be longer. */
const BYTES_A_TURN = 131_072
/** The most entries of an answer that has no pages. */
const MOST_FOUND = 10_000

/** Where a digest may stand: "who signed this" does not depend on how it was signed. */
const digestNames: readonly TermName[] = ["digest", "payload", "envelope"]

function digestTerms(value: string): readonly Term[] {
  return [...digestNames.map((name) => ({ name, value })), ...subjectDigestTerms(value)]
}

/** Of every version, unless one is named. */
function kindTerms(kind: string): readonly Term[] {
  const values = isEntryKind(kind)
    ? entryKinds[kind].map((version) => `${kind}:${version}`)
    : [kind]
  return values.map((value) => ({ name: "kind", value }))
}

/** Statements name digests by algorithms of any name. */
function anyDigest(text: string): string {
  return /^[^:]+:.+$/.test(text) ? (writtenDigest(text) ?? text) : readDigest(text)
}

/** One group a parameter; the terms of which one must hold. */
function readCriteria(criteria: Criteria): readonly (readonly Term[])[] {
  const { digest, key, payload, kind, identity, subject, subjectDigest, mention } = criteria
  const single: readonly (readonly [TermName, string | undefined])[] = [
    ["key", key && readDigest(key)],
    ["identity", identity?.toLowerCase()],
    ["issuer", criteria.issuer],
    ["payload", payload && readDigest(payload)],
    ["predicate-type", criteria.predicateType],
  ]
  const query: (readonly Term[])[] = []
  if (digest !== undefined) query.push(digestTerms(readDigest(digest)))
  if (subject !== undefined) query.push(subjectNameTerms(subject))
  if (subjectDigest !== undefined) query.push(subjectDigestTerms(anyDigest(subjectDigest)))
  if (mention !== undefined) query.push(mentionTerms(anyDigest(mention)))
  for (const [name, value] of single) if (value !== undefined) query.push([{ name, value }])
  if (kind !== undefined) query.push(kindTerms(kind))
  if (query.length === 0 && criteria.opaque === undefined) {
    refuse("malformed", "query: expected something to search for, found none")
  }
  return query
}

/** Searches; a damaged index is no trouble of the log's. */
async function searchLog(
  log: ServedLog,
  query: SearchQuery,
  page: SearchPage,
): Promise<SearchAnswer> {
  try {
    return await log.search(query, page)
  } catch (cause) {
    if (!(cause instanceof Trouble && cause.code === "damaged")) throw cause
    throw new Trouble("search", cause.message, { cause })
  }
}

interface FoundEntry {
  readonly entry: LogEntry
  readonly summary: EntrySummary
}

const bundleOf = (index: number): number => Math.floor(index / TILE_WIDTH)

interface FoundPage {
  readonly found: readonly FoundEntry[]
  /** The answer as far as this page goes. */
  readonly answer: SearchAnswer
}

/** Reads the entries of an answer, or as many as make a page. */
async function readEntries(log: ServedLog, answer: SearchAnswer): Promise<FoundPage> {
  const found: FoundEntry[] = []
  const { indexes } = answer
  let bytes = 0
  let turn = 0
  let bundle = -1
  for (const [i, index] of indexes.entries()) {
    // Reading one entry may take a bundle of 16 MB.
    const isNext = bundleOf(index) !== bundle || turn > BYTES_A_TURN
    if (i % ENTRIES_A_TURN === 0 || isNext) {
      await setImmediate()
      turn = 0
    }
    bundle = bundleOf(index)
    const entry = await log.entry(index)
    found.push({ entry, summary: readSummary(entry.body) })
    bytes += entry.body.length
    turn += entry.body.length
    const isLast = i + 1 === indexes.length
    if (bytes > PAGE_BYTES && !isLast) return { found, answer: { ...answer, next: index } }
  }
  return { found, answer }
}

/** Up to where an answer is complete, where it goes on, and what it cannot know. */
function completeness(answer: SearchAnswer): object {
  const { completeUpTo, head, next, opaque, attachedUpTo, attachedNext } = answer
  const { checkpoint } = head
  return { next, completeUpTo, checkpoint, opaque, attachedUpTo, attachedNext }
}

/** Each signer once, with the entries that are signed so. */
function signersView(found: readonly FoundEntry[]): readonly object[] {
  const signers = new Map<string, { readonly signer: Signer; readonly entries: number[] }>()
  for (const { entry, summary } of found) {
    for (const signer of summary.signers) {
      const name = JSON.stringify(signer)
      const known = signers.get(name) ?? { signer, entries: [] }
      signers.set(name, known)
      if (!known.entries.includes(entry.index)) known.entries.push(entry.index)
    }
  }
  return Array.from(signers.values(), ({ signer, entries }) => ({ ...signer, entries }))
}

export function searchRoutes(surroundings: Surroundings): readonly Route[] {
  const { log } = surroundings

  async function attestationView(
    { entry: { index, body }, summary: { payload } }: FoundEntry,
    request: IncomingMessage,
  ): Promise<object> {
    const asked = { index, body, request, withGlance: true } as const
    const kept = await keptAttestation(surroundings, asked)
    if (kept === undefined) return { index, payload, isKept: false }
    return { index, payload, isKept: true, payloadType: kept.payloadType, ...kept.glance }
  }

  async function attestationsView(
    found: readonly FoundEntry[],
    request: IncomingMessage,
  ): Promise<object[]> {
    const views: object[] = []
    for (const each of found) {
      if (each.summary.payload === undefined) continue
      // One may have megabytes.
      if (views.length > 0) await setImmediate()
      views.push(await attestationView(each, request))
    }
    return views
  }

  async function searchEntries({ parameters }: Call<Criteria>): Promise<Answer> {
    const { after, limit = DEFAULT_LIMIT, order = "oldest", opaque, attachedAfter } = parameters
    const page = { order, after, limit, isOpaque: opaque, attachedAfter }
    const all = await searchLog(log, readCriteria(parameters), page)
    const { found, answer } = await readEntries(log, all)
    const entries = found.map(({ entry, summary }) => {
      return { ...entryView(entry), kind: summary.kind }
    })
    return jsonAnswer(200, { entries, ...completeness(answer) })
  }

  async function getArtifact({ parameters, request }: Call<Artifact>): Promise<Answer> {
    const { after, limit = DEFAULT_LIMIT, attachedAfter } = parameters
    const digest = readDigest(parameters.digest)
    const page = { order: "newest", after, limit, attachedAfter } as const
    const all = await searchLog(log, [digestTerms(digest)], page)
    const { found, answer } = await readEntries(log, all)
    return jsonAnswer(200, {
      digest,
      entries: found.map(({ entry, summary }) => ({ index: entry.index, kind: summary.kind })),
      signers: signersView(found),
      attestations: await attestationsView(found, request),
      ...completeness(answer),
    })
  }

  const searches = { weight: "search" } as const
  return [
    get("searchEntries", "/v1/entries", searchEntries, searches),
    get("getArtifact", "/v1/artifacts/{digest}", getArtifact, searches),
    get(
      "getEntryAttestation",
      "/v1/entries/{index}/attestation",
      ({ parameters, request }: Call<{ readonly index: number }>) =>
        answerAttestation(surroundings, parameters.index, request),
      { weight: "proof" },
    ),
  ]
}

/** An answer that cannot say up to where it is complete is complete, or there is none. */
function assertComplete({ completeUpTo, head: { size } }: SearchAnswer): void {
  if (completeUpTo === size) return
  refuse("try-later", `the search index has ${completeUpTo} of ${size} entries; try again later`)
}

/**
 * The search of Rekor v1, which has no pages: the newest 10,000 entries, for an answer without an end
 * would take the server with it. Refuses `try-later` while the index is behind the log.
 */
export function entrySearch(log: ServedLog): EntrySearch {
  return async (criteria, operator) => {
    const query = operator === "and" ? criteria : [criteria.flat()]
    const found: number[] = []
    let page: SearchPage = { order: "newest", limit: MOST_FOUND }
    for (;;) {
      const answer = await searchLog(log, query, page)
      assertComplete(answer)
      const { indexes, next } = answer
      found.push(...indexes)
      if (next === undefined || found.length >= MOST_FOUND) return found
      page = { order: "newest", after: next, limit: MOST_FOUND - found.length }
    }
  }
}
