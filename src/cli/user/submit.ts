// `countersign submit`: logs signatures, verifies the receipts and writes a bundle for each. What is logged is
// decided from the flags before any file is read.
import { basename, join } from "node:path"
import type { Command } from "commander"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_BATCH, MOST_IN_BATCH } from "../../core/base/limits.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { logOption } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  type Called,
  defineCommand,
  jsonOption,
  optional,
  type ValuesOf,
} from "../command/options.ts"
import { trustOptions } from "../command/trust-options.ts"
import {
  detachedRequest,
  envelopeRequest,
  hashedrekordRequest,
  type Job,
  openPrivateKey,
  openSubmission,
  type Submission,
} from "./submission.ts"

const submitOptions = [
  logOption(),
  optional("--artifact <file...>", "the file to sign, or the file that was signed"),
  optional("--key <file>", "PEM private key to sign the artifacts with"),
  optional("--passphrase-file <file>", "first line: the passphrase of the private key"),
  optional("--signature <file>", "signature over the artifact, DER or base64"),
  optional("--public-key <file>", "public key or certificate that verifies the signature"),
  optional("--envelope <file>", "signed DSSE envelope instead of an artifact"),
  optional("--bundle <file>", "where the bundle goes (default: ARTIFACT.sigstore.json)"),
  optional("--bundle-dir <dir>", "directory for the bundles of several artifacts"),
  optional("--witnessed", "wait until witnesses have cosigned (default with a policy's quorum)"),
  jsonOption(),
  ...trustOptions,
  ...networkOptions,
] as const

type SubmitOptions = ValuesOf<typeof submitOptions>

/** Makes the request for one artifact, or for one envelope. */
type RequestMaker = (artifact: string) => Promise<EntryRequest>

const USAGE =
  "error: give --artifact with --key, or --artifact with --signature and --public-key, or --envelope with --public-key"

/** What the flags mean, opening what is needed only once; a usage error if they mean none or several. */
function requestsFor(
  artifacts: readonly string[],
  options: SubmitOptions,
  command: Command,
): () => Promise<RequestMaker> {
  const { key = "", signature = "", publicKey = "", passphraseFile } = options
  const inputs = ["artifact", "key", "signature", "publicKey", "envelope"] as const
  switch (inputs.filter((name) => options[name] !== undefined).join()) {
    case "artifact,key":
      return async () => {
        const { verifier, signFile } = await openPrivateKey(key, passphraseFile)
        return async (path) => hashedrekordRequest(verifier, await signFile(path))
      }
    case "artifact,signature,publicKey":
      if (artifacts.length > 1) command.error("error: one signature is over one artifact")
      return async () => (path) => detachedRequest(path, signature, publicKey)
    case "publicKey,envelope":
      return async () => (path) => envelopeRequest(path, publicKey)
    default:
      return command.error(USAGE)
  }
}

/** The artifacts with where their bundles go; a usage error if two go to one place. */
function jobsOf(
  artifacts: readonly string[],
  { bundle, bundleDir }: SubmitOptions,
  command: Command,
): readonly Job[] {
  if (bundle !== undefined && (bundleDir !== undefined || artifacts.length > 1)) {
    command.error("error: --bundle names the bundle of one artifact; for several use --bundle-dir")
  }
  const written = new Set<string>()
  return artifacts.map((artifact) => {
    const name = `${artifact}.sigstore.json`
    const bundlePath = bundle ?? (bundleDir === undefined ? name : join(bundleDir, basename(name)))
    if (written.has(bundlePath)) {
      command.error(`error: two bundles would be written to ${bundlePath}`)
    }
    written.add(bundlePath)
    return { artifact, bundlePath }
  })
}

interface Prepared {
  readonly job: Job
  readonly request: EntryRequest
}

async function sendBatch(batch: readonly Prepared[], submission: Submission): Promise<void> {
  const { log, waiting, keep, progress } = submission
  const requests = batch.map(({ request }) => request)
  const outcomes = await log.submitBatch(requests, waiting)
  for (const [i, { job, request }] of batch.entries()) {
    await keep(job, request, outcomes[i] ?? bug("a batch answer is too short"))
  }
  progress.advance(batch.length)
}

async function prepare(job: Job, make: RequestMaker, { fail }: Submission) {
  try {
    return { job, request: await make(job.artifact) }
  } catch (error) {
    fail(job, error)
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
    const prepared = await prepare(job, make, submission)
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

async function submitAll(options: SubmitOptions, called: Called): Promise<void> {
  const artifacts = options.artifact ?? [options.envelope ?? ""]
  const open = requestsFor(artifacts, options, called.command)
  const jobs = jobsOf(artifacts, options, called.command)
  const work = { what: "submit", total: jobs.length }
  const submission = await openSubmission(called, work, options.witnessed)
  const make = await open()
  const [only, ...more] = jobs
  try {
    if (only === undefined || more.length > 0) return await submitMany(jobs, make, submission)
    const { log, waiting, keep } = submission
    const request = await make(only.artifact)
    await keep(only, request, { receipt: await log.submit(request, waiting) })
  } finally {
    submission.progress.end()
  }
}

export const submitCommand = defineCommand({
  options: submitOptions,
  help: `
Examples:
  countersign submit --log https://log.example.com --artifact app.tar.gz --key signer.pem
  countersign submit --log https://log.example.com --artifact dist/* --key signer.pem \\
    --bundle-dir bundles --trusted-root trusted_root.json
  countersign submit --log https://log.example.com --artifact app.tar.gz \\
    --signature app.sig --public-key signer.pub --bundle app.sigstore.json
  countersign submit --log https://log.example.com --envelope att.json --public-key signer.pub

A bundle is written only if the receipt holds. Exits with 1 if an artifact was not logged, or was
not witnessed in time with --witnessed, with 3 if a receipt is false.`,
  run: submitAll,
})
