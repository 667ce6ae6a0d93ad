// What is remembered of the monitor's own test entries (canaries): each of them until its round trip is
// over, and how the last round trips went. Leaves out when canaries are made and missed (canary.ts).
import { shown } from "../../core/base/errors.ts"
import { asInteger, asText, optional } from "../../core/base/json-value.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Alert } from "../findings/outbox.ts"
import { placeOf } from "../findings/stored.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"

/** A test entry on its way. All times are Unix milliseconds. */
export interface Canary {
  readonly origin: string
  /** Lower-case hex. */
  readonly leafHash: string
  /** Before it was submitted. */
  readonly announcedAt: number
  /** What the log's receipt says. */
  readonly index?: number
  readonly seenAt?: number
  readonly missedAt?: number
}

/** How the canaries of a log fare. */
export interface CanaryState {
  readonly origin: string
  readonly triedAt: number
  /** Since when every submission failed. */
  readonly failingSince?: number
  readonly failure?: string
  /** The newest one that came all the way back. */
  readonly submittedAt?: number
  readonly seenAt?: number
  readonly deliveredAt?: number
}

const ENTRY = "entry "
const STATE = "state "
const TOLD = "told "

type Numbers<Name extends string> = { readonly [Each in Name]?: number }

function integers<Name extends string>(
  members: Readonly<Partial<Record<Name, unknown>>>,
  what: string,
  names: readonly Name[],
): Numbers<Name> {
  const pairs = names.flatMap((name) => {
    const value = optional(members[name], (it) => asInteger(it, `${what}.${name}`))
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs) as Numbers<Name>
}

function readCanary(leafHash: string, text: string): Canary {
  const what = `canary ${shown(leafHash)}`
  const times = ["index", "seenAt", "missedAt"] as const
  const members = parseDocument(text, what, ["origin", "announcedAt", ...times])
  return {
    origin: asText(members.origin, `${what}.origin`),
    leafHash,
    announcedAt: asInteger(members.announcedAt, `${what}.announcedAt`),
    ...integers(members, what, times),
  }
}

/** Whether this is the leaf hash of a test entry by this monitor, so that what it raises is a test. */
export function isCanaryEntry(reads: DocumentReads, leafHash: Hash): boolean {
  return reads.get("canary", ENTRY + formatHex(leafHash)) !== undefined
}

export function storedCanary(reads: DocumentReads, leafHash: string): Canary | undefined {
  const text = reads.get("canary", ENTRY + leafHash)
  return text === undefined ? undefined : readCanary(leafHash, text)
}

/** The canaries of a log that are remembered. */
export function storedCanaries(reads: DocumentReads, origin: string): readonly Canary[] {
  return reads
    .list("canary")
    .filter(([place]) => place.startsWith(ENTRY))
    .map(([place, text]) => readCanary(place.slice(ENTRY.length), text))
    .filter((canary) => canary.origin === origin)
}

export function keepCanary(documents: Documents, { leafHash, ...canary }: Canary): void {
  documents.put("canary", ENTRY + leafHash, formatDocument(canary))
}

export function forgetCanary(documents: Documents, { leafHash }: Canary): void {
  documents.remove("canary", ENTRY + leafHash)
}

/** Undefined before the first canary of this log. */
export function canaryState(reads: DocumentReads, origin: string): CanaryState | undefined {
  const place = placeOf(STATE + origin)
  const text = reads.get("canary", place)
  if (text === undefined) return undefined
  const times = ["failingSince", "submittedAt", "seenAt", "deliveredAt"] as const
  const members = parseDocument(text, place, ["origin", "triedAt", "failure", ...times])
  const failure = optional(members.failure, (it) => asText(it, `${place}.failure`))
  return {
    origin: asText(members.origin, `${place}.origin`),
    triedAt: asInteger(members.triedAt, `${place}.triedAt`),
    ...integers(members, place, times),
    ...(failure !== undefined && { failure }),
  }
}

export function keepCanaryState(documents: Documents, state: CanaryState): void {
  documents.put("canary", placeOf(STATE + state.origin), formatDocument({ ...state }))
}

function toldPlace(origin: string, index: number): string {
  return placeOf(`${TOLD}${origin} ${index}`)
}

/** Remembers that every sink has the alert about a test entry; without effect on any other alert. */
export function noteTestDelivered(documents: Documents, alert: Alert, now: number): void {
  const { isCanary, origin, index } = alert
  if (!isCanary || index === undefined) return
  documents.put("canary", toldPlace(origin, index), formatDocument({ at: now }))
}

/** When the alert about the entry at `index` was delivered; forgotten once it was asked for. */
export function takeTestDelivery(
  documents: Documents,
  origin: string,
  index: number,
): number | undefined {
  const place = toldPlace(origin, index)
  const text = documents.get("canary", place)
  if (text === undefined) return undefined
  documents.remove("canary", place)
  return asInteger(parseDocument(text, place, ["at"]).at, place)
}

/** Forgets deliveries that no canary asks for any more. */
export function forgetDeliveriesBefore(documents: Documents, time: number): void {
  for (const [place, text] of documents.list("canary")) {
    if (!place.startsWith(TOLD)) continue
    if (asInteger(parseDocument(text, place, ["at"]).at, place) < time) {
      documents.remove("canary", place)
    }
  }
}
