// What is remembered of the monitor's own test entries (canaries): each of them until its round trip is
// over, and how the last round trips went. Leaves out when canaries are made and missed (canary.ts).
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Alert } from "../findings/outbox.ts"
import { collection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"

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

/** By leaf hash. */
export const canaries = collection(
  "canary",
  message<Omit<Canary, "leafHash">>({
    origin: text,
    announcedAt: integer,
    index: optional(integer),
    seenAt: optional(integer),
    missedAt: optional(integer),
  }),
  { under: "entry " },
)

/** By origin. */
export const canaryStates = collection(
  "canary",
  message<CanaryState>({
    origin: text,
    triedAt: integer,
    failingSince: optional(integer),
    failure: optional(text),
    submittedAt: optional(integer),
    seenAt: optional(integer),
    deliveredAt: optional(integer),
  }),
  { under: "state " },
)

/** When every sink had the alert about a test entry, by origin and index. */
export const testDeliveries = collection(
  "canary",
  message<{ readonly at: number }>({ at: integer }),
  { under: "told " },
)

/** Whether this is the leaf hash of a test entry by this monitor, so that what it raises is a test. */
export function isCanaryEntry(reads: DocumentReads, leafHash: Hash): boolean {
  return storedCanary(reads, formatHex(leafHash)) !== undefined
}

export function storedCanary(reads: DocumentReads, leafHash: string): Canary | undefined {
  const found = reads.get(canaries, leafHash)
  return found && { ...found, leafHash }
}

/** The canaries of a log that are remembered. */
export function storedCanaries(reads: DocumentReads, origin: string): readonly Canary[] {
  return reads
    .list(canaries)
    .map(([leafHash, canary]) => ({ ...canary, leafHash }))
    .filter((canary) => canary.origin === origin)
}

export function keepCanary(documents: Documents, { leafHash, ...canary }: Canary): void {
  documents.put(canaries, leafHash, canary)
}

export function forgetCanary(documents: Documents, { leafHash }: Canary): void {
  documents.remove(canaries, leafHash)
}

/** Undefined before the first canary of this log. */
export function canaryState(reads: DocumentReads, origin: string): CanaryState | undefined {
  return reads.get(canaryStates, origin)
}

export function keepCanaryState(documents: Documents, state: CanaryState): void {
  documents.put(canaryStates, state.origin, state)
}

/** Remembers that every sink has the alert about a test entry; without effect on any other alert. */
export function noteTestDelivered(documents: Documents, alert: Alert, at: number): void {
  const { isCanary, origin, index } = alert
  if (isCanary && index !== undefined) documents.put(testDeliveries, `${origin} ${index}`, { at })
}

/** When the alert about the entry at `index` was delivered; forgotten once it was asked for. */
export function takeTestDelivery(
  documents: Documents,
  origin: string,
  index: number,
): number | undefined {
  const key = `${origin} ${index}`
  const delivery = documents.get(testDeliveries, key)
  if (delivery !== undefined) documents.remove(testDeliveries, key)
  return delivery?.at
}

/** Forgets deliveries that no canary asks for any more. */
export function forgetDeliveriesBefore(documents: Documents, time: number): void {
  const old = documents.list(testDeliveries).filter(([, { at }]) => at < time)
  for (const [key] of old) documents.remove(testDeliveries, key)
}
