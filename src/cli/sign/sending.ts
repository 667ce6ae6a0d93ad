// Logs what artifacts were signed with, one after the other or in batches: places are looked at first, bundles that are
// there and hold are kept, everything else is sent, and in the end it is said what is missing.
import { bug, Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import type { Called } from "../command/options.ts"
import { type Job, preparePlaces } from "./places.ts"
import { submitPatiently } from "./recovery.ts"
import { explainRefusal } from "./signature-file.ts"
import { openSubmission, type Submission } from "./submission.ts"

/** Makes the request for one artifact. */
export type RequestMaker = (artifact: string) => Promise<EntryRequest>

interface Prepared {
  readonly job: Job
  readonly request: EntryRequest
}

/** How many of the conflicts are named. */
const MOST_SHOWN = 5

function refuseConflicts(conflicts: readonly string[]): never {
  const more = conflicts.length - MOST_SHOWN
  const rest = more > 0 ? `; and ${more} more` : ""
  return refuse(
    "conflict",
    `${conflicts.slice(0, MOST_SHOWN).join("; ")}${rest}. Nothing was logged: move them away, or overwrite them with --force`,
  )
}

async function prepare(job: Job, make: RequestMaker, { fail }: Submission) {
  try {
    return { job, request: await make(job.artifact) }
  } catch (error) {
    fail(job, error)
    return undefined
  }
}

/** Gives the jobs that are still to be done. Refuses `conflict` before anything is logged. */
async function withoutKept(
  jobs: readonly Job[],
  there: readonly Job[],
  make: RequestMaker,
  submission: Submission,
): Promise<{ readonly left: readonly Job[]; readonly kept: number }> {
  const conflicts: string[] = []
  let kept = 0
  for (const job of there) {
    const prepared = await prepare(job, make, submission)
    if (prepared === undefined) continue
    const why = await submission.judgeKept(job, prepared.request)
    if (why === undefined) kept++
    else conflicts.push(`${job.bundlePath} is there already, and is no bundle for this: ${why}`)
  }
  if (conflicts.length > 0) refuseConflicts(conflicts)
  submission.progress.advance(there.length)
  return { left: jobs.filter((job) => !there.includes(job)), kept }
}

/** What is sent at once, with the jobs whose files cannot be read left out. */
async function* batchesOf(jobs: readonly Job[], make: RequestMaker, submission: Submission) {
  let batch: Prepared[] = []
  let bytes = 0
  for (const job of jobs) {
    const prepared = await prepare(job, make, submission)
    if (prepared === undefined) continue
    const length = JSON.stringify(prepared.request).length + 1
    if (batch.length === MOST_IN_BATCH || bytes + length > LONGEST_BATCH) {
      if (batch.length > 0) yield batch
      batch = []
      bytes = 0
    }
    batch.push(prepared)
    bytes += length
  }
  if (batch.length > 0) yield batch
}

/** Gives how many bundles were written; throws trouble if the log is out of reach. */
async function sendBatch(
  batch: readonly Prepared[],
  form: "single" | "batch",
  submission: Submission,
) {
  const { log, waiting, keep, progress } = submission
  const requests = batch.map(({ request }) => request)
  const outcomes = await submitPatiently(log, requests, waiting, form)
  let written = 0
  for (const [i, { job, request }] of batch.entries()) {
    const outcome = outcomes[i] ?? bug("a batch answer is too short")
    if (await keep(job, request, outcome)) written++
  }
  progress.advance(batch.length)
  return written
}

/** Sends everything; a batch is signed while nothing else is under way. */
async function sendAll(jobs: readonly Job[], make: RequestMaker, submission: Submission) {
  const form = jobs.length === 1 ? "single" : "batch"
  let written = 0
  for await (const batch of batchesOf(jobs, make, submission)) {
    try {
      written += await sendBatch(batch, form, submission)
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      for (const { job, request } of batch) {
        submission.fail(job, await explainRefusal(error, request, job.artifact))
      }
      // The others would only wait for the same.
      if (error instanceof Trouble) break
    }
  }
  return written
}

/** Logs all jobs and writes their bundles. Refuses `conflict`, throws trouble, before anything is sent. */
export async function submitAll(
  called: Called,
  jobs: readonly Job[],
  open: () => Promise<RequestMaker>,
  { witnessed, force }: { readonly witnessed?: true; readonly force?: true },
): Promise<void> {
  const what = called.command.name()
  const submission = await openSubmission(called, { what, total: jobs.length }, witnessed)
  try {
    const make = await open()
    const there = await preparePlaces(jobs)
    const { left, kept } = force
      ? { left: jobs, kept: 0 }
      : await withoutKept(jobs, there, make, submission)
    const written = await sendAll(left, make, submission)
    const [all, done] = [jobs.length, kept + written]
    submission.progress.end()
    if (all > 1 && done < all) {
      called.output.remark(
        `${done} of ${all} have their bundles, as listed; run the same command again for the others: nothing is logged twice`,
      )
    }
  } finally {
    submission.progress.end()
  }
}
