// What was shipped must be logged: each digest of a shipped list is expected in a log until its deadline, and
// found by the entries as they are read. What watched entries logged before it was shipped is remembered,
// because signing comes before shipping.
import { asInteger, optional } from "../../core/base/json-value.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import type { Watch } from "../watch/watch.ts"

interface Expectation {
  /** The lowest index of an entry about the digest. */
  readonly index?: number
  /** Unix milliseconds; until then the entry must be there. */
  readonly deadline?: number
}

/** A digest that was shipped and is not logged in time. */
export interface OverdueExpectation {
  /** `algorithm:hex`. */
  readonly digest: string
  /** Unix milliseconds. */
  readonly deadline: number
}

/** Digests of watched entries that are remembered of one log before anything of them is shipped. */
export const MOST_LOGGED = 100_000
const HOUR = 3_600_000

function place(origin: string, digest: string): string {
  return `${origin} ${digest}`
}

function read(text: string): Expectation {
  const { index, deadline } = parseDocument(text, "expectation", ["index", "deadline"])
  const at = optional(index, (value) => asInteger(value, "expectation"))
  const due = optional(deadline, (value) => asInteger(value, "expectation"))
  return { ...(at !== undefined && { index: at }), ...(due !== undefined && { deadline: due }) }
}

function find(documents: DocumentReads, key: string): Expectation | undefined {
  const text = documents.get("expectation", key)
  return text === undefined ? undefined : read(text)
}

function put(documents: Documents, key: string, { index, deadline }: Expectation): void {
  documents.put("expectation", key, formatDocument({ index, deadline }))
}

/** The digests that this log must have, each with the hours it has for it. */
function shippedTo(watch: Watch, origin: string): ReadonlyMap<string, number> {
  const hours = new Map<string, number>()
  for (const shipment of watch.shipments) {
    if ((shipment.origin ?? origin) !== origin) continue
    for (const digest of shipment.digests) {
      hours.set(digest, Math.min(shipment.hours, hours.get(digest) ?? Number.POSITIVE_INFINITY))
    }
  }
  return hours
}

/**
 * Begins to expect what the shipped lists have, from `now` (Unix milliseconds) on, and forgets what they no
 * longer have; what is expected already keeps its deadline. To be called when the watch file is read.
 */
export function expectShipped(
  documents: Documents,
  origin: string,
  watch: Watch,
  now: number,
): void {
  const shipped = shippedTo(watch, origin)
  for (const [digest, hours] of shipped) {
    const known = find(documents, place(origin, digest))
    if (known?.deadline !== undefined) continue
    put(documents, place(origin, digest), { ...known, deadline: now + hours * HOUR })
  }
  for (const [key, text] of documents.list("expectation")) {
    const digest = digestIn(key, origin)
    if (digest === undefined || shipped.has(digest)) continue
    if (read(text).deadline !== undefined) documents.remove("expectation", key)
  }
}

function digestIn(key: string, origin: string): string | undefined {
  return key.startsWith(`${origin} `) ? key.slice(origin.length + 1) : undefined
}

/** Whether the digest was expected and is not logged yet. */
export function isAwaited(documents: DocumentReads, origin: string, digest: string): boolean {
  const known = find(documents, place(origin, digest))
  return known !== undefined && known.index === undefined
}

/** Notes that the entry at `index` is about the digest; the lowest index stays. */
export function noteLogged(
  documents: Documents,
  origin: string,
  digest: string,
  index: number,
): void {
  const known = find(documents, place(origin, digest))
  if (known?.index === undefined) put(documents, place(origin, digest), { ...known, index })
}

/** What was logged of one log and is not shipped, by the key of its document. */
function loggedOnly(
  documents: DocumentReads,
  origin: string,
): readonly (readonly [string, number])[] {
  return documents.list("expectation").flatMap(([key, text]) => {
    const { index, deadline } = read(text)
    const isMeant = digestIn(key, origin) !== undefined && deadline === undefined
    return isMeant && index !== undefined ? [[key, index] as const] : []
  })
}

/**
 * Makes room for what is logged: beyond {@link MOST_LOGGED} digests that are not shipped, the tenth with the
 * lowest indices is forgotten. Gives how many are left.
 */
export function makeRoom(documents: Documents, origin: string): number {
  const logged = loggedOnly(documents, origin)
  if (logged.length < MOST_LOGGED) return logged.length
  const oldest = logged.toSorted(([, a], [, b]) => a - b).slice(0, MOST_LOGGED / 10)
  for (const [key] of oldest) documents.remove("expectation", key)
  return logged.length - oldest.length
}

/**
 * What should be logged and is not at `now` (Unix milliseconds). Only to be believed once the whole tree
 * was read; each is a finding `not-logged` of grade ATTESTED until it is logged after all.
 */
export function overdueExpectations(
  documents: DocumentReads,
  origin: string,
  now: number,
): readonly OverdueExpectation[] {
  return documents.list("expectation").flatMap(([key, text]) => {
    const digest = digestIn(key, origin)
    const { index, deadline } = read(text)
    const isOverdue = index === undefined && deadline !== undefined && deadline <= now
    return digest !== undefined && isOverdue ? [{ digest, deadline }] : []
  })
}
