// `countersign submit`: logs signatures, verifies the receipts and writes a bundle for each.
import type { Command } from "commander"
import type { LogClient } from "../../client/log-client.ts"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { logOption, openLog } from "../command/log-options.ts"
import { addOptions, jsonOption } from "../command/options.ts"
import { createProgress, type Progress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { needsWitnesses, trustOptions } from "../command/trust-options.ts"
import { createReceiptKeeper, type Job, type ReceiptKeeper } from "./receipt-keeping.ts"
import {
  bundlePaths,
  planSubmission,
  type RequestMaker,
  type SubmitOptions,
} from "./submission-plan.ts"

interface Prepared {
  readonly job: Job
  readonly request: EntryRequest
}

interface Submission {
  readonly log: LogClient
  /** Whether to wait for witnesses; undefined leaves it to the log. */
  readonly waiting: { readonly witnessed?: boolean }
  readonly keeper: ReceiptKeeper
  readonly progress: Progress
}

async function sendBatch(batch: readonly Prepared[], submission: Submission): Promise<void> {
  const { log, waiting, keeper, progress } = submission
  const requests = batch.map(({ request }) => request)
  const outcomes = await log.submitBatch(requests, waiting)
  for (const [i, { job, request }] of batch.entries()) {
    await keeper.keep(job, request, outcomes[i] ?? bug("a batch answer is too short"))
  }
  progress.advance(batch.length)
}

async function prepare(job: Job, make: RequestMaker, keeper: ReceiptKeeper) {
  try {
    return { job, request: await make(job.artifact) }
  } catch (error) {
    keeper.fail(job, error)
    return undefined
  }
}

/** Sends batches as large as the log takes; a batch is signed while nothing else is under way. */
async function submitMany(
  jobs: readonly Job[],
  make: RequestMaker,
  submission: Submission,
): Promise<void> {
  let batch: Prepared[] = []
  let bytes = 0
  for (const job of jobs) {
    const prepared = await prepare(job, make, submission.keeper)
    if (prepared === undefined) continue
    const length = JSON.stringify(prepared.request).length + 1
    if (batch.length === MOST_IN_BATCH || bytes + length > LONGEST_BATCH) {
      await sendBatch(batch, submission)
      batch = []
      bytes = 0
    }
    batch.push(prepared)
    bytes += length
  }
  if (batch.length > 0) await sendBatch(batch, submission)
}

async function submitOne(job: Job, make: RequestMaker, submission: Submission): Promise<void> {
  const { log, waiting, keeper } = submission
  const request = await make(job.artifact)
  await keeper.keep(job, request, { receipt: await log.submit(request, waiting) })
}

async function submitAll(
  options: SubmitOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const plan = planSubmission(options, command)
  const paths = bundlePaths(plan.artifacts, options, command)
  const jobs = plan.artifacts.map((artifact, i) => ({ artifact, bundlePath: paths[i] ?? artifact }))
  const named = await openLog(command, terminal)
  const make = await plan.open()
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "submit", total: jobs.length })
  // Who verifies with a quorum can only use what witnesses have cosigned, and so waits for that.
  const isWitnessed = options.witnessed === true || needsWitnesses(named.trust)
  const waiting = isWitnessed ? { witnessed: true } : {}
  const keeper = createReceiptKeeper({ ...named, isWitnessed, terminal, progress })
  const submission = { log: named.log, waiting, keeper, progress }
  const [only] = jobs
  try {
    if (only !== undefined && jobs.length === 1) {
      await submitOne(only, make, submission)
    } else {
      await submitMany(jobs, make, submission)
    }
  } finally {
    progress.end()
  }
}

export function submitCommand(command: Command, terminal: Terminal): void {
  command
    .addOption(logOption())
    .option("--artifact <file...>", "the file to sign, or the file that was signed")
    .option("--key <file>", "PEM private key to sign the artifacts with")
    .option("--passphrase-file <file>", "first line: the passphrase of the private key")
    .option("--signature <file>", "signature over the artifact, DER or base64")
    .option("--public-key <file>", "public key or certificate that verifies the signature")
    .option("--envelope <file>", "signed DSSE envelope instead of an artifact")
    .option("--bundle <file>", "where the bundle goes (default: ARTIFACT.sigstore.json)")
    .option("--bundle-dir <dir>", "directory for the bundles of several artifacts")
    .option("--witnessed", "wait until witnesses have cosigned (default with a policy's quorum)")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  countersign submit --log https://log.example.com --artifact app.tar.gz --key signer.pem
  countersign submit --log https://log.example.com --artifact dist/* --key signer.pem \\
    --bundle-dir bundles --trusted-root trusted_root.json
  countersign submit --log https://log.example.com --artifact app.tar.gz \\
    --signature app.sig --public-key signer.pub --bundle app.sigstore.json
  countersign submit --log https://log.example.com --envelope att.json --public-key signer.pub

A bundle is written only if the receipt holds. Exits with 1 if an artifact was not logged, or was
not witnessed in time with --witnessed, with 3 if a receipt is false.`,
    )
    .action((options: SubmitOptions) => submitAll(options, command, terminal))
  addOptions(command, trustOptions)
}
