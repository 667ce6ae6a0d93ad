// What the commands of signers do with what becomes of a submission: verify the receipt, write the bundle, print the
// result, or say why there is none and how to get it. One artifact's failure does not stop the others.
import type { BatchOutcome, LogClient } from "../../client/log-client.ts"
import { type Receipt, verifyReceiptUnder } from "../../client/receipt.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { exitCodeOf, provenAnswer } from "../command/exit-code.ts"
import { writeWhole } from "../command/file.ts"
import { openLog } from "../command/log-options.ts"
import type { Called } from "../command/options.ts"
import { createProgress, type Progress } from "../command/progress.ts"
import { needsWitnesses } from "../command/trust-options.ts"
import { createCheckpoints } from "./checkpoints.ts"
import type { Job } from "./places.ts"
import { explainRefusal } from "./signature-file.ts"
import { bundleOfSigned, type Signed } from "./signed.ts"

export interface Submission {
  readonly log: LogClient
  /** Whether to wait for witnesses; undefined leaves it to the log. */
  readonly waiting: { readonly witnessed?: boolean }
  /** Taken away before anything is printed; it comes back with the next step. */
  readonly progress: Progress
  /** Looks at a bundle that is there already; gives why it does not hold, or undefined if it is kept. */
  judgeKept(job: Job, signed: Signed): Promise<string | undefined>
  /** Gives whether a bundle was written; says why not otherwise. */
  keep(job: Job, signed: Signed, outcome: BatchOutcome): Promise<boolean>
  /** Says why a job has no bundle and remembers it for the exit code; a bug is thrown on. */
  fail(job: Job, error: unknown): void
}

/** The command that fetches a bundle, for messages. */
type HowToFetch = () => Promise<string>

/** Refuses `try-later` for an entry that is in the log, but not yet under a witnessed checkpoint. */
async function assertWitnessed({ index, witnessed }: Receipt, howToFetch: HowToFetch) {
  if (witnessed !== false) return
  refuse(
    "try-later",
    `entry ${index} is in the log, but witnesses have not cosigned its checkpoint in time; run the same ` +
      `command again for the same index, or fetch its bundle later: ${await howToFetch()}`,
  )
}

/** Writes a bundle; trouble with that says how to get it again. */
async function writeBundle(path: string, text: string, index: number, howToFetch: HowToFetch) {
  try {
    await writeWhole(path, `${text}\n`, "bundle")
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    const message = `entry ${index} is in the log, but its bundle could not be written: ${error.message}`
    throw new Trouble("disk", `${message}; get it with: ${await howToFetch()}`, { cause: error })
  }
}

/** `wantsWitnesses` says that a receipt is no good before witnesses have cosigned. */
export async function openSubmission(
  called: Called,
  { what, total }: { readonly what: string; readonly total: number },
  wantsWitnesses = false,
): Promise<Submission> {
  const { log, trust, terminal, output } = await openLog(called)
  const { stderr: stream, now } = terminal
  const progress = createProgress({ stream, now, what, total })
  // Who verifies with a quorum can only use what witnesses have cosigned, and so waits for that.
  const isWitnessed = wantsWitnesses || needsWitnesses(trust)
  const checkpoints = createCheckpoints(log, trust, output)

  function print(
    { artifact, bundlePath }: Job,
    receipt: Receipt,
    isPinned: boolean,
    isKept = false,
  ) {
    progress.end()
    const { index, leafHash, proof, isNew } = receipt
    const before = isKept ? " (logged before; its bundle is there and is kept)" : " (logged before)"
    output.result(
      `${artifact}: entry ${index}${isNew === false ? before : ""}`,
      [
        ["tree size", proof.size],
        ["leaf hash", formatHex(leafHash)],
        ["bundle", bundlePath],
      ],
      {
        ...{ artifact, index, isNew, size: proof.size, leafHash, isPinned, bundle: bundlePath },
        ...(isKept && { isKept }),
      },
    )
  }

  function fail({ artifact }: Job, error: unknown): void {
    const code = exitCodeOf(error)
    if (code === undefined || !(error instanceof Error)) throw error
    progress.end()
    output.remark(`${artifact}: ${error.message}`)
    terminal.fail(code)
  }

  return {
    log,
    waiting: isWitnessed ? { witnessed: true } : {},
    progress,
    fail,
    async judgeKept(job, signed) {
      const { keptBundle } = await import("./kept-bundles.ts")
      const kept = await keptBundle(job.bundlePath, signed, checkpoints)
      if (typeof kept === "string") return kept
      print(job, { ...kept.receipt, isNew: false }, kept.head.isPinned, true)
      return undefined
    },
    async keep(job, signed, outcome) {
      const { request } = signed
      try {
        if ("error" in outcome) throw await explainRefusal(outcome.error, request, job.artifact)
        const { receipt } = outcome
        const howToFetch = async () => {
          const { fetchCommand } = await import("./fetch-command.ts")
          return fetchCommand(called.command, receipt.index, job.bundlePath, signed)
        }
        if (isWitnessed) await assertWitnessed(receipt, howToFetch)
        const { head, logId } = await checkpoints.open(receipt.checkpoint)
        provenAnswer(() => verifyReceiptUnder(head, request, receipt))
        const text = formatSigstoreBundle(bundleOfSigned(signed, receipt, logId))
        await writeBundle(job.bundlePath, text, receipt.index, howToFetch)
        print(job, receipt, head.isPinned)
        return true
      } catch (error) {
        fail(job, error)
        return false
      }
    },
  }
}
