// The monitor's test of itself and of the log, end to end: every hour it submits an entry that must appear
// at the promised index and must raise the alarm through the real sinks. A test that does not come back in
// time is the finding `canary-missing`: either the log does not merge, or the monitor would not tell. Each test is
// remembered until its round trip is over, and how the last round trips went.
import { Refusal, Trouble, unlessRefused } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { formatHex } from "../../core/base/text.ts"
import { originWord } from "../../core/note/origin.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { absent, type Case } from "../findings/case.ts"
import { attested, keyOf } from "../findings/finding.ts"
import type { Alert } from "../findings/outbox.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { Change, DocumentReads, Documents, Moment } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import type { TreeView } from "../state/tree.ts"

/** What the log answered; the submitter has verified it. */
export interface CanaryReceipt {
  readonly index: number
  readonly leafHash: Hash
  /** The signed note that covers the entry. */
  readonly checkpoint: string
}

/** An entry over a fresh digest, signed by a key of its own, that is not submitted yet. */
interface PreparedCanary {
  /** Known before, so that the entry is known for a test whoever sees it first. */
  readonly leafHash: Hash
  /** Rejects with Refusal or Trouble; settles within a bounded time. */
  submit(): Promise<CanaryReceipt>
}

/** The port to the log's write side. */
export interface CanarySubmitter {
  prepare(): Promise<PreparedCanary>
}

/** In milliseconds. */
interface CanaryTiming {
  /** Between two canaries. */
  readonly interval: number
  /** From the submission until the alert must have been delivered. */
  readonly deadline: number
}

const defaultCanaryTiming: CanaryTiming = { interval: 3_600_000, deadline: 900_000 }

interface CanarySubmission {
  readonly origin: string
  readonly submitter: CanarySubmitter
  readonly change: Change
  /** Unix milliseconds. */
  readonly now: number
  readonly timing?: CanaryTiming
  /** Told of the receipt in the edit that remembers it, to hold the log to it; may refuse. */
  readonly keepPromise?: (documents: Documents, receipt: CanaryReceipt) => void
}

/** How soon a submission that failed is tried again, in milliseconds. */
const RETRY = 300_000
/** How long a canary that was missed is still known for one, in milliseconds. */
const RETENTION = 7 * 86_400_000
const LONGEST_FAILURE = 300

function isDue(state: CanaryState | undefined, { interval }: CanaryTiming, now: number): boolean {
  if (state === undefined || now < state.triedAt) return true
  const wait = state.failingSince === undefined ? interval : Math.min(RETRY, interval)
  return now - state.triedAt >= wait
}

function noteReceipt(documents: Documents, hash: string, index: number): void {
  const canary = documents.get(canaries, hash)
  if (canary === undefined) return
  documents.put(canaries, hash, { ...canary, index })
  const state = documents.get(canaryStates, canary.origin)
  if (state === undefined) return
  const { failingSince: _, failure: __, ...rest } = state
  documents.put(canaryStates, canary.origin, rest)
}

function noteFailure(documents: Documents, origin: string, reason: string, now: number): void {
  const state = documents.get(canaryStates, origin) ?? { origin, triedAt: now }
  const failure = reason.slice(0, LONGEST_FAILURE).toWellFormed()
  const failingSince = state.failingSince ?? now
  documents.put(canaryStates, origin, { ...state, failingSince, failure })
}

/** Submits a canary if one is due. Does not reject for what is wrong with the log: that is remembered. */
export async function submitCanary(submission: CanarySubmission): Promise<void> {
  const { origin, submitter, change, now, timing = defaultCanaryTiming, keepPromise } = submission
  const isWanted = await change((documents) => {
    const state = documents.get(canaryStates, origin)
    if (!isDue(state, timing, now)) return false
    documents.put(canaryStates, origin, { ...state, origin, triedAt: now })
    return true
  })
  if (!isWanted) return
  const prepared = await submitter.prepare()
  const leafHash = formatHex(prepared.leafHash)
  await change((documents) => documents.put(canaries, leafHash, { origin, announcedAt: now }))
  try {
    const receipt = await prepared.submit()
    await change((documents) => {
      noteReceipt(documents, leafHash, receipt.index)
      // There may be no room for the promise; the canary itself is still waited for at its index.
      unlessRefused(() => keepPromise?.(documents, receipt))
    })
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    await change((documents) => noteFailure(documents, origin, error.message, now))
  }
}

interface CanaryReview extends Moment {
  readonly origin: string
  readonly tree: TreeView
  readonly timing?: CanaryTiming
  /** Not all that the log shows was read. */
  readonly isBehind?: boolean
}

function completed(
  documents: Documents,
  { origin, announcedAt, seenAt }: Canary,
  deliveredAt: number,
): Case {
  const state = documents.get(canaryStates, origin) ?? { origin, triedAt: announcedAt }
  const came = { submittedAt: announcedAt, deliveredAt, ...present({ seenAt }) }
  const isNewest = announcedAt >= (state.submittedAt ?? 0)
  documents.put(canaryStates, origin, isNewest ? { ...state, ...came } : state)
  return absent(keyOf("canary-missing", origin))
}

/** Without a receipt nothing was promised; a submission that fails is told of by itself. */
function missing({ origin, index, seenAt }: Canary): readonly Case[] {
  if (index === undefined) return []
  const fate =
    seenAt === undefined
      ? `was promised at index ${index} and is not there`
      : `is at index ${index}, but not every sink has its alert`
  return [attested("canary-missing", origin, `a test entry ${fate}`)]
}

async function reviewOne(review: CanaryReview, leafHash: string, known: Canary) {
  const { documents, origin, tree, now, timing = defaultCanaryTiming } = review
  const { index, missedAt, announcedAt } = known
  const isNew = known.seenAt === undefined && index !== undefined && index < tree.head.size
  const isSeen = isNew && formatHex(await tree.leafHash(index)) === leafHash
  const canary = isSeen ? { ...known, seenAt: now } : known
  const { seenAt } = canary
  if (canary !== known) documents.put(canaries, leafHash, canary)
  if (index !== undefined && seenAt !== undefined) {
    const deliveredAt = takeTestDelivery(documents, origin, index)
    if (deliveredAt !== undefined) {
      documents.remove(canaries, leafHash)
      return [completed(documents, canary, deliveredAt)]
    }
  }
  const age = Math.abs(now - announcedAt)
  // A monitor that was off, or runs once a day, sees its entry late, and tells of it after that.
  const waited = seenAt === undefined ? age : Math.abs(now - seenAt)
  const isDue = waited >= timing.deadline && (seenAt !== undefined || review.isBehind !== true)
  if (missedAt === undefined && isDue) {
    documents.put(canaries, leafHash, { ...canary, missedAt: now })
    return missing(canary)
  }
  if (age >= RETENTION) documents.remove(canaries, leafHash)
  return []
}

/** Looks what became of the canaries of a log; to be called in every round, after the tree has grown. */
export async function reviewCanaries(review: CanaryReview): Promise<readonly Case[]> {
  const { documents, origin, now, timing = defaultCanaryTiming } = review
  const cases: Case[] = []
  for (const [leafHash, canary] of documents.list(canaries)) {
    if (canary.origin === origin) cases.push(...(await reviewOne(review, leafHash, canary)))
  }
  forgetDeliveriesBefore(documents, now - RETENTION)
  const { failingSince, failure = "unknown" } = documents.get(canaryStates, origin) ?? {}
  if (failingSince === undefined || now - failingSince < timing.deadline) return cases
  const summary = `no test entry can be submitted: ${failure}`
  return [...cases, attested("canary-missing", origin, summary)]
}

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

type Canary = ValueOf<typeof canaries>

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
  if (isCanary && index !== undefined)
    documents.put(testDeliveries, `${originWord(origin)} ${index}`, { at })
}

/** When the alert about the entry at `index` was delivered; forgotten once it was asked for. */
function takeTestDelivery(documents: Documents, origin: string, index: number) {
  const key = `${originWord(origin)} ${index}`
  const delivery = documents.get(testDeliveries, key)
  if (delivery !== undefined) documents.remove(testDeliveries, key)
  return delivery?.at
}

/** Forgets deliveries that no canary asks for any more. */
function forgetDeliveriesBefore(documents: Documents, time: number): void {
  const old = documents.list(testDeliveries).filter(([, { at }]) => at < time)
  for (const [key] of old) documents.remove(testDeliveries, key)
}
