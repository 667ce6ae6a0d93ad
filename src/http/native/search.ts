// The search of the native API and of Rekor v1: entries by what they say, and all about one artifact.
import { setImmediate } from "node:timers/promises"
import { refuse, Trouble } from "../../core/base/errors.ts"
import type { Term, TermName } from "../../entry/term.ts"
import type { Log, LogEntry, SearchAnswer, SearchPage, SearchQuery } from "../../log/ports/log.ts"
import { readStatement } from "../../sigstore/kept-envelope.ts"
import { type EntrySummary, readSummary, type Signer } from "../../sigstore/recorded-summary.ts"
import { answerAttestation, keptAttestation } from "../door/attestation.ts"
import type { OperationParameters } from "../door/contract.ts"
import type { EntrySearch } from "../door/entry-search.ts"
import type { Handlers, Surroundings } from "../door/handler.ts"
import { entryView } from "../door/views.ts"
import { jsonAnswer } from "../serving/answer.ts"

type SearchOperation = "searchEntries" | "getEntryAttestation" | "getArtifact"
type Criteria = OperationParameters["searchEntries"]

const DEFAULT_LIMIT = 20
/** Entries that are read before other requests get a turn. */
const ENTRIES_A_TURN = 16
/** The most entries of an answer that has no pages. */
const MOST_FOUND = 10_000

/** Where a digest may stand: "who signed this" does not depend on how it was signed. */
const digestNames: readonly TermName[] = ["digest", "payload", "envelope", "subject-digest"]

/** The versions of each kind, for a search that names none. */
const kinds: ReadonlyMap<string, readonly string[]> = new Map([
  ["hashedrekord", ["0.0.1", "0.0.2"]],
  ["dsse", ["0.0.1", "0.0.2"]],
  ["intoto", ["0.0.2"]],
  ["rekord", ["0.0.1"]],
])

function digestTerms(value: string): readonly Term[] {
  return digestNames.map((name) => ({ name, value }))
}

function kindTerms(kind: string): readonly Term[] {
  const versions = kinds.get(kind)
  const values = versions === undefined ? [kind] : versions.map((version) => `${kind}:${version}`)
  return values.map((value) => ({ name: "kind", value }))
}

/** One group a parameter; the terms of which one must hold. */
function readCriteria(criteria: Criteria): readonly (readonly Term[])[] {
  const { digest, kind, identity } = criteria
  const single: readonly (readonly [TermName, string | undefined])[] = [
    ["key", criteria.key],
    ["identity", identity?.toLowerCase()],
    ["issuer", criteria.issuer],
    ["subject", criteria.subject],
    ["subject-digest", criteria.subjectDigest],
    ["payload", criteria.payload],
    ["predicate-type", criteria.predicateType],
  ]
  const query: (readonly Term[])[] = []
  if (digest !== undefined) query.push(digestTerms(digest))
  for (const [name, value] of single) if (value !== undefined) query.push([{ name, value }])
  if (kind !== undefined) query.push(kindTerms(kind))
  if (query.length === 0) refuse("malformed", "query: expected something to search for, found none")
  return query
}

/** Searches; a damaged index is no trouble of the log's. */
async function searchLog(log: Log, query: SearchQuery, page: SearchPage): Promise<SearchAnswer> {
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

async function readEntries(log: Log, { indexes }: SearchAnswer): Promise<readonly FoundEntry[]> {
  const found: FoundEntry[] = []
  for (const [i, index] of indexes.entries()) {
    if (i > 0 && i % ENTRIES_A_TURN === 0) await setImmediate()
    const entry = await log.entry(index)
    found.push({ entry, summary: readSummary(entry.body) })
  }
  return found
}

/** Up to where an answer is complete, and where it goes on. */
function completeness({ completeUpTo, head: { checkpoint }, next }: SearchAnswer): object {
  return { ...(next !== undefined && { next }), completeUpTo, checkpoint }
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

async function attestationView(log: Log, { entry, summary }: FoundEntry): Promise<object> {
  const { index, body } = entry
  const kept = await keptAttestation(log, index, body)
  const view = { index, payload: summary.payload, isKept: kept !== undefined }
  if (kept === undefined) return view
  return { ...view, payloadType: kept.payloadType, ...readStatement(kept) }
}

async function attestationsView(log: Log, found: readonly FoundEntry[]): Promise<object[]> {
  const views: object[] = []
  for (const each of found) {
    if (each.summary.payload !== undefined) views.push(await attestationView(log, each))
  }
  return views
}

export function searchHandlers({ log }: Surroundings): Pick<Handlers, SearchOperation> {
  return {
    async searchEntries({ parameters }) {
      const { after, limit = DEFAULT_LIMIT, order = "oldest" } = parameters
      const answer = await searchLog(log, readCriteria(parameters), { order, after, limit })
      const entries = (await readEntries(log, answer)).map(({ entry, summary }) => {
        return { ...entryView(entry), kind: summary.kind }
      })
      return jsonAnswer(200, { entries, ...completeness(answer) })
    },
    getEntryAttestation: ({ parameters }) => answerAttestation(log, parameters.index),
    async getArtifact({ parameters: { digest, after, limit = DEFAULT_LIMIT } }) {
      const page = { order: "newest", after, limit } as const
      const answer = await searchLog(log, [digestTerms(digest)], page)
      const found = await readEntries(log, answer)
      return jsonAnswer(200, {
        digest,
        entries: found.map(({ entry, summary }) => ({ index: entry.index, kind: summary.kind })),
        signers: signersView(found),
        attestations: await attestationsView(log, found),
        ...completeness(answer),
      })
    },
  }
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
export function entrySearch(log: Log): EntrySearch {
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
