// What `countersign submit` and `countersign revoke` do with what became of a request: verifies the receipt, writes the bundle,
// prints the result, or says why there is none. One artifact's failure does not stop the others.

import type { BatchOutcome, LogClient } from "../../client/log-client.ts"
import { type Receipt, verifyReceiptUnder } from "../../client/receipt.ts"
import { type OpenedHead, openHead, signingLog, type Trust } from "../../client/trust.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfSubmission } from "../../sigstore/submission-bundle.ts"
import { type PinnedLog, parseTrustedRoot } from "../../sigstore/trusted-root.ts"
import { exitCodeOf, proven } from "../command/exit-code.ts"
import { writeWhole } from "../command/file.ts"
import type { NamedLog } from "../command/log-options.ts"
import type { Progress } from "../command/progress.ts"
import type { Terminal } from "../command/terminal.ts"
import { remarkPinning } from "../command/trust-options.ts"

/** One artifact (or envelope) and where its bundle goes. */
export interface Job {
  readonly artifact: string
  readonly bundlePath: string
}

export interface ReceiptKeeper {
  keep(job: Job, request: EntryRequest, outcome: BatchOutcome): Promise<void>
  /** Says why a job has no bundle and remembers it for the exit code; a bug is thrown on. */
  fail(job: Job, error: unknown): void
}

interface ReceiptKeeperOptions extends NamedLog {
  /** Whether a receipt is no good before witnesses have cosigned. */
  readonly isWitnessed: boolean
  readonly terminal: Terminal
  /** Taken away before anything is printed; it comes back with the next step. */
  readonly progress: Progress
}

/** A checkpoint that holds, and the log ID that its bundles bear. */
interface OpenedCheckpoint {
  readonly checkpoint: string
  readonly head: OpenedHead
  readonly logId: Hash
  readonly logs: readonly PinnedLog[]
}

/** The logs by which bundles name the log's key; asked of the log itself unless they are pinned. */
async function bundleLogs(log: LogClient, trust: Trust | undefined): Promise<readonly PinnedLog[]> {
  if (trust !== undefined && "trustedRoot" in trust) return trust.trustedRoot
  return parseTrustedRoot(await log.trustedRoot())
}

/** Refuses `try-later` for an entry that is in the log, but not yet under a witnessed checkpoint. */
function assertWitnessed({ index, witnessed }: Receipt): void {
  if (witnessed !== false) return
  refuse(
    "try-later",
    `entry ${index} is in the log, but witnesses have not cosigned its checkpoint in time; submit it ` +
      `again for the same index, or fetch its bundle later`,
  )
}

export function createReceiptKeeper(options: ReceiptKeeperOptions): ReceiptKeeper {
  const { log, trust, isWitnessed, output, terminal, progress } = options
  let last: OpenedCheckpoint | undefined
  let hasRemarked = false

  async function open(checkpoint: string): Promise<OpenedCheckpoint> {
    if (last?.checkpoint === checkpoint) return last
    const head = proven(() => openHead(checkpoint, trust))
    if (!hasRemarked) remarkPinning(output, head.isPinned)
    hasRemarked = true
    const logs = last?.logs ?? (await bundleLogs(log, trust))
    const { logId } = proven(() => signingLog(checkpoint, logs))
    last = { checkpoint, head, logId, logs }
    return last
  }

  function print({ artifact, bundlePath }: Job, receipt: Receipt, isPinned: boolean): void {
    progress.end()
    const { index, leafHash, proof, isNew } = receipt
    output.result(
      `${artifact}: entry ${index}${isNew === false ? " (logged before)" : ""}`,
      [
        ["tree size", proof.size],
        ["leaf hash", formatHex(leafHash)],
        ["bundle", bundlePath],
      ],
      { artifact, index, isNew, size: proof.size, leafHash, isPinned, bundle: bundlePath },
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
    fail,
    async keep(job, request, outcome) {
      try {
        if ("error" in outcome) throw outcome.error
        const { receipt } = outcome
        if (isWitnessed) assertWitnessed(receipt)
        const { head, logId } = await open(receipt.checkpoint)
        proven(() => verifyReceiptUnder(head, request, receipt))
        const text = formatSigstoreBundle(bundleOfSubmission(request, receipt, logId))
        await writeWhole(job.bundlePath, `${text}\n`, "bundle")
        print(job, receipt, head.isPinned)
      } catch (error) {
        fail(job, error)
      }
    },
  }
}
