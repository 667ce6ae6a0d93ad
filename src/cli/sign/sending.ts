// Logs what artifacts were signed with, one after the other or in batches: places are looked at first, bundles that are
// there and hold are kept, everything else is sent, and in the end it is said what is missing.
import type { BatchOutcome } from "../../client/log-client.ts"
import { bug, Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import type { Called } from "../command/options.ts"
import { type Job, preparePlaces } from "./places.ts"
import { explainRefusal } from "./signature-file.ts"
import type { Signed } from "./signed.ts"
import { openSubmission, type Submission } from "./submission.ts"

/** Signs one artifact, or reads what was signed of it. */
export type Signing = (artifact: string) => Promise<Signed>

interface Prepared {
  readonly job: Job
  readonly signed: Signed
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

async function prepare(job: Job, make: Signing, { fail }: Submission) {
  try {
    return { job, signed: await make(job.artifact) }
  } catch (error) {
    fail(job, error)
    return undefined
  }
}

/** Gives the jobs that are still to be done. Refuses `conflict` before anything is logged. */
async function withoutKept(
  jobs: readonly Job[],
  there: readonly Job[],
  make: Signing,
  submission: Submission,
): Promise<{ readonly left: readonly Job[]; readonly kept: readonly Job[] }> {
  const conflicts: string[] = []
  const kept: Job[] = []
  for (const job of there) {
    const prepared = await prepare(job, make, submission)
    if (prepared === undefined) continue
    const why = await submission.judgeKept(job, prepared.signed)
    if (why === undefined) kept.push(job)
    else conflicts.push(`${job.bundlePath} is there already, and is no bundle for this: ${why}`)
  }
  if (conflicts.length > 0) refuseConflicts(conflicts)
  submission.progress.advance(there.length)
  return { left: jobs.filter((job) => !there.includes(job)), kept }
}

/** What is sent at once, with the jobs whose files cannot be read left out. */
async function* batchesOf(jobs: readonly Job[], make: Signing, submission: Submission) {
  let batch: Prepared[] = []
  let bytes = 0
  for (const job of jobs) {
    const prepared = await prepare(job, make, submission)
    if (prepared === undefined) continue
    const length = JSON.stringify(prepared.signed.request).length + 1
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

interface Submitted {
  /** One for each request. */
  readonly outcomes: readonly BatchOutcome[]
  /** Whether the log answers, so that it is worth sending more. */
  readonly isAnswering: boolean
}

/** What was lost on the way is looked for. */
async function submitted(
  { log, waiting }: Submission,
  requests: readonly EntryRequest[],
  form: "single" | "batch",
): Promise<Submitted> {
  const [only] = requests
  try {
    if (form === "single" && only !== undefined) {
      return { outcomes: [{ receipt: await log.submit(only, waiting) }], isAnswering: true }
    }
    return { outcomes: await log.submitBatch(requests, waiting), isAnswering: true }
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    const { recovered } = await import("./recovery.ts")
    const outcomes = await recovered(log, requests, waiting, error)
    return { outcomes, isAnswering: outcomes.some((outcome) => "receipt" in outcome) }
  }
}

/** Gives the jobs whose bundles were written; throws trouble if the log is out of reach. */
async function sendBatch(
  batch: readonly Prepared[],
  form: "single" | "batch",
  submission: Submission,
) {
  const { keep, progress } = submission
  const requests = batch.map(({ signed }) => signed.request)
  const { outcomes, isAnswering } = await submitted(submission, requests, form)
  const written: Job[] = []
  for (const [i, { job, signed }] of batch.entries()) {
    const outcome = outcomes[i] ?? bug("a batch answer is too short")
    if (await keep(job, signed, outcome)) written.push(job)
  }
  progress.advance(batch.length)
  return { written, isAnswering }
}

/** The jobs behind those of a batch were not sent: each would only wait for the same. */
function failUnsent(
  jobs: readonly Job[],
  batch: readonly Prepared[],
  { fail }: Pick<Submission, "fail">,
): void {
  const last = batch.at(-1)
  const unsent = last === undefined ? [] : jobs.slice(jobs.indexOf(last.job) + 1)
  const why = new Trouble("network", "not sent, since the log did not answer for those before it")
  for (const job of unsent) fail(job, why)
}

/** Sends everything; a batch is signed while nothing else is under way. */
async function sendAll(jobs: readonly Job[], make: Signing, submission: Submission) {
  const form = jobs.length === 1 ? "single" : "batch"
  const written: Job[] = []
  for await (const batch of batchesOf(jobs, make, submission)) {
    let goesOn: boolean
    try {
      const sent = await sendBatch(batch, form, submission)
      written.push(...sent.written)
      goesOn = sent.isAnswering
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      for (const { job, signed } of batch) {
        submission.fail(job, await explainRefusal(error, signed.request, job.artifact))
      }
      goesOn = error instanceof Refusal
    }
    if (goesOn) continue
    failUnsent(jobs, batch, submission)
    break
  }
  return written
}

function remarkMissing(
  jobs: readonly Job[],
  done: readonly Job[],
  { progress }: Submission,
  { output }: Called,
): void {
  if (jobs.length === 1 || done.length === jobs.length) return
  progress.end()
  output.remark(
    `${done.length} of ${jobs.length} have their bundles, those that are listed; run the same command again for the others: nothing is logged twice`,
  )
}

/**
 * Logs all jobs and writes their bundles; gives those that have one. Refuses `conflict` and throws trouble before
 * anything is sent.
 */
export async function submitAll(
  called: Called,
  jobs: readonly Job[],
  open: () => Promise<Signing>,
  { witnessed, force }: { readonly witnessed?: true; readonly force?: true },
): Promise<readonly Job[]> {
  const work = { what: called.command.name(), total: jobs.length }
  const submission = await openSubmission(called, work, witnessed)
  try {
    const make = await open()
    const there = await preparePlaces(jobs)
    const { left, kept } = force
      ? { left: jobs, kept: [] }
      : await withoutKept(jobs, there, make, submission)
    const done = [...kept, ...(await sendAll(left, make, submission))]
    remarkMissing(jobs, done, submission, called)
    return done
  } finally {
    submission.progress.end()
  }
}
