// The monitor's test of itself and of the log, end to end: every hour it submits an entry that must appear
// at the promised index and must raise the alarm through the real sinks. A test that does not come back in
// time is the finding `canary-missing`: either the log does not merge, or the monitor would not tell.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { given } from "../../core/base/given.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import { absent, type Case } from "../findings/case.ts"
import type { Documents } from "../state/documents.ts"
import type { TreeView } from "../state/tree-view.ts"
import type { Change } from "./alert.ts"
import {
  type Canary,
  type CanaryState,
  canaryState,
  forgetCanary,
  forgetDeliveriesBefore,
  keepCanary,
  keepCanaryState,
  storedCanaries,
  storedCanary,
  takeTestDelivery,
} from "./canary-record.ts"

export { isCanaryEntry } from "./canary-record.ts"

/** What the log answered; the submitter has verified it. */
export interface CanaryReceipt {
  readonly index: number
  readonly leafHash: Hash
  /** The signed note that covers the entry. */
  readonly checkpoint: string
}

/** An entry over a fresh digest, signed by a key of its own, that is not submitted yet. */
export interface PreparedCanary {
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
export interface CanaryTiming {
  /** Between two canaries. */
  readonly interval: number
  /** From the submission until the alert must have been delivered. */
  readonly deadline: number
}

const defaultCanaryTiming: CanaryTiming = { interval: 3_600_000, deadline: 900_000 }

export interface CanarySubmission {
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
  const canary = storedCanary(documents, hash)
  if (canary === undefined) return
  keepCanary(documents, { ...canary, index })
  const state = canaryState(documents, canary.origin)
  if (state === undefined) return
  const { failingSince: _, failure: __, ...rest } = state
  keepCanaryState(documents, rest)
}

function noteFailure(documents: Documents, origin: string, reason: string, now: number): void {
  const state = canaryState(documents, origin) ?? { origin, triedAt: now }
  const failure = reason.slice(0, LONGEST_FAILURE).toWellFormed()
  keepCanaryState(documents, { ...state, failingSince: state.failingSince ?? now, failure })
}

/** There may be no room for the promise; the canary itself is still waited for at its index. */
function hold(
  documents: Documents,
  receipt: CanaryReceipt,
  { keepPromise }: CanarySubmission,
): void {
  try {
    keepPromise?.(documents, receipt)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

/** Submits a canary if one is due. Does not reject for what is wrong with the log: that is remembered. */
export async function submitCanary(submission: CanarySubmission): Promise<void> {
  const { origin, submitter, change, now, timing = defaultCanaryTiming } = submission
  const isWanted = await change((documents) => {
    const state = canaryState(documents, origin)
    if (!isDue(state, timing, now)) return false
    keepCanaryState(documents, { ...state, origin, triedAt: now })
    return true
  })
  if (!isWanted) return
  const prepared = await submitter.prepare()
  const leafHash = formatHex(prepared.leafHash)
  await change((documents) => keepCanary(documents, { origin, leafHash, announcedAt: now }))
  try {
    const receipt = await prepared.submit()
    await change((documents) => {
      noteReceipt(documents, leafHash, receipt.index)
      hold(documents, receipt, submission)
    })
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    await change((documents) => noteFailure(documents, origin, error.message, now))
  }
}

export interface CanaryReview {
  readonly documents: Documents
  readonly origin: string
  readonly tree: TreeView
  /** Unix milliseconds. */
  readonly now: number
  readonly timing?: CanaryTiming
  /** Not all that the log shows was read. */
  readonly isBehind?: boolean
}

async function isInPlace(canary: Canary, tree: TreeView): Promise<boolean> {
  const { index, leafHash } = canary
  if (index === undefined || index >= tree.head.size) return false
  return formatHex(await tree.leafHash(index)) === leafHash
}

function missingCase(origin: string, summary: string): Case {
  const key = missingKey(origin)
  return { key, kind: "canary-missing", grade: "ATTESTED", origin, summary }
}

function missingKey(origin: string): string {
  return `canary-missing ${origin}`
}

function completed(documents: Documents, canary: Canary, deliveredAt: number): Case {
  const { origin, announcedAt, seenAt } = canary
  const state = canaryState(documents, origin) ?? { origin, triedAt: announcedAt }
  const came = { submittedAt: announcedAt, deliveredAt, ...given({ seenAt }) }
  const isNewest = announcedAt >= (state.submittedAt ?? 0)
  keepCanaryState(documents, isNewest ? { ...state, ...came } : state)
  forgetCanary(documents, canary)
  return absent(missingKey(origin))
}

function missing(documents: Documents, canary: Canary, now: number): readonly Case[] {
  const { origin, index, seenAt } = canary
  keepCanary(documents, { ...canary, missedAt: now })
  // Without a receipt nothing was promised; a submission that fails is told of by itself.
  if (index === undefined) return []
  const fate =
    seenAt === undefined
      ? `was promised at index ${index} and is not there`
      : `is at index ${index}, but not every sink has its alert`
  return [missingCase(origin, `a test entry ${fate}`)]
}

async function reviewOne(review: CanaryReview, known: Canary): Promise<readonly Case[]> {
  const { documents, origin, tree, now, timing = defaultCanaryTiming } = review
  let canary = known
  if (canary.seenAt === undefined && (await isInPlace(canary, tree))) {
    canary = { ...canary, seenAt: now }
    keepCanary(documents, canary)
  }
  const { index, seenAt, missedAt, announcedAt } = canary
  if (index !== undefined && seenAt !== undefined) {
    const deliveredAt = takeTestDelivery(documents, origin, index)
    if (deliveredAt !== undefined) return [completed(documents, canary, deliveredAt)]
  }
  const age = Math.abs(now - announcedAt)
  // A monitor that was off, or runs once a day, sees its entry late, and tells of it after that.
  const waited = seenAt === undefined ? age : Math.abs(now - seenAt)
  const isDue = waited >= timing.deadline && (seenAt !== undefined || review.isBehind !== true)
  if (missedAt === undefined && isDue) return missing(documents, canary, now)
  if (age >= RETENTION) forgetCanary(documents, canary)
  return []
}

/** Looks what became of the canaries of a log; to be called in every round, after the tree has grown. */
export async function reviewCanaries(review: CanaryReview): Promise<readonly Case[]> {
  const { documents, origin, now, timing = defaultCanaryTiming } = review
  const cases: Case[] = []
  for (const canary of storedCanaries(documents, origin)) {
    cases.push(...(await reviewOne(review, canary)))
  }
  forgetDeliveriesBefore(documents, now - RETENTION)
  const { failingSince, failure = "unknown" } = canaryState(documents, origin) ?? {}
  if (failingSince === undefined || now - failingSince < timing.deadline) return cases
  return [...cases, missingCase(origin, `no test entry can be submitted: ${failure}`)]
}
