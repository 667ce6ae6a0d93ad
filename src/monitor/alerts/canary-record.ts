// What is remembered of the monitor's own test entries (canaries): each of them until its round trip is
// over, and how the last round trips went. Leaves out when canaries are made and missed (canary.ts).
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Alert } from "../findings/outbox.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"

/** Test entries on their way, by leaf hash in lower-case hex. All times are Unix milliseconds. */
export const canaries = collection(
  "canary",
  message({
    origin: text,
    /** Before it was submitted. */
    announcedAt: integer,
    /** What the log's receipt says. */
    index: optional(integer),
    seenAt: optional(integer),
    missedAt: optional(integer),
  }),
  { under: "entry " },
)

export type Canary = ValueOf<typeof canaries>

/** How the canaries of a log fare, by origin. */
export const canaryStates = collection(
  "canary",
  message({
    origin: text,
    triedAt: integer,
    /** Since when every submission failed. */
    failingSince: optional(integer),
    failure: optional(text),
    /** The newest one that came all the way back. */
    submittedAt: optional(integer),
    seenAt: optional(integer),
    deliveredAt: optional(integer),
  }),
  { under: "state " },
)

export type CanaryState = ValueOf<typeof canaryStates>

/** When every sink had the alert about a test entry, by origin and index. */
export const testDeliveries = collection("canary", message({ at: integer }), { under: "told " })

/** Whether this is the leaf hash of a test entry by this monitor, so that what it raises is a test. */
export function isCanaryEntry(reads: DocumentReads, leafHash: Hash): boolean {
  return reads.get(canaries, formatHex(leafHash)) !== undefined
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
