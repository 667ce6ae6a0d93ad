// `countersign submit`: logs signatures, verifies the receipts and writes a bundle for each.
import { Command } from "commander"
import type { LogClient } from "../../client/log-client.ts"
import type { Trust } from "../../client/trust.ts"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { EntryRequest } from "../../entry/request.ts"
import {
  jsonOption,
  logOption,
  openLogClient,
  readTrust,
  trustOptions,
} from "../command/log-options.ts"
import { createOutput } from "../command/output.ts"
import { createProgress, type Progress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { createReceiptKeeper, type Job, type ReceiptKeeper } from "./receipt-keeping.ts"
import {
  bundlePaths,
  planSubmission,
  type SubmissionPlan,
  type SubmitOptions,
} from "./submission-plan.ts"
import {
  detachedRequest,
  envelopeRequest,
  openPrivateKey,
  signedRequest,
} from "./submission-request.ts"

type RequestMaker = (job: Job) => Promise<EntryRequest>

/** Opens what the plan needs only once. */
async function createRequestMaker(plan: SubmissionPlan): Promise<RequestMaker> {
  if (plan.form === "signature") {
    return ({ artifact }) => detachedRequest(artifact, plan.signature, plan.publicKey)
  }
  if (plan.form === "envelope") return ({ artifact }) => envelopeRequest(artifact, plan.publicKey)
  const key = await openPrivateKey(plan.key, plan.passphraseFile)
  return ({ artifact }) => signedRequest(artifact, key)
}

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
    return { job, request: await make(job) }
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
  const request = await make(job)
  await keeper.keep(job, request, { receipt: await log.submit(request, waiting) })
}

/** Who verifies with a quorum can only use what witnesses have cosigned, and so waits for that. */
function waitingOf({ witnessed }: SubmitOptions, trust: Trust | undefined): Submission["waiting"] {
  const needsQuorum = trust !== undefined && "policy" in trust && trust.policy.quorum !== "none"
  return witnessed === true || needsQuorum ? { witnessed: true } : {}
}

async function submitAll(
  options: SubmitOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const plan = planSubmission(options, command)
  const paths = bundlePaths(plan.artifacts, options, command)
  const jobs = plan.artifacts.map((artifact, i) => ({ artifact, bundlePath: paths[i] ?? artifact }))
  const trust = await readTrust(command)
  const make = await createRequestMaker(plan)
  const log = openLogClient(options.log, terminal)
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what: "submit", total: jobs.length })
  const output = createOutput(terminal, options.json)
  const waiting = waitingOf(options, trust)
  const needsWitnesses = waiting.witnessed === true
  const keeper = createReceiptKeeper({ log, trust, needsWitnesses, output, terminal, progress })
  const submission = { log, waiting, keeper, progress }
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

export function submitCommand(terminal: Terminal): Command {
  const command = new Command("submit")
    .description("log signatures, verify the receipts and write bundles")
    .addOption(logOption())
    .option("--artifact <file...>", "what is to be signed, or was")
    .option("--key <file>", "PEM private key to sign the artifacts with")
    .option("--passphrase-file <file>", "first line: the passphrase of the private key")
    .option("--signature <file>", "signature over the artifact, DER or base64")
    .option("--public-key <file>", "public key or certificate that the signature holds under")
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
  for (const option of trustOptions) command.addOption(option)
  return command
}
