// What `countersign submit` does with what became of a request: verifies the receipt, writes the bundle,
// prints the result, or says why there is none. One artifact's failure does not stop the others.
import type { BatchOutcome, LogClient } from "../client/log-client.ts"
import { bundleOfReceipt, type Receipt, verifyReceipt } from "../client/receipt.ts"
import { formatSigstoreBundle } from "../client/sigstore-bundle.ts"
import { signingLog, type Trust } from "../client/trust.ts"
import { type PinnedLog, parseTrustedRoot } from "../client/trusted-root.ts"
import { formatHex } from "../core/text.ts"
import type { EntryRequest } from "../entry/request.ts"
import { exitCodeOf, proven } from "./exit-code.ts"
import { writeWhole } from "./file.ts"
import { remarkPinning } from "./log-options.ts"
import type { Output } from "./output.ts"
import type { Terminal } from "./terminal.ts"

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

export interface ReceiptKeeperOptions {
  readonly log: LogClient
  readonly trust: Trust | undefined
  readonly output: Output
  readonly terminal: Terminal
}

/** The logs by which bundles name the log's key; asked of the log itself unless they are pinned. */
async function bundleLogs(log: LogClient, trust: Trust | undefined): Promise<readonly PinnedLog[]> {
  if (trust !== undefined && "trustedRoot" in trust) return trust.trustedRoot
  return parseTrustedRoot(await log.trustedRoot())
}

export function createReceiptKeeper(options: ReceiptKeeperOptions): ReceiptKeeper {
  const { log, trust, output, terminal } = options
  let logs: readonly PinnedLog[] | undefined

  async function writeBundle(job: Job, request: EntryRequest, receipt: Receipt): Promise<void> {
    logs ??= await bundleLogs(log, trust)
    const known = logs
    const { logId } = proven(() => signingLog(receipt.checkpoint, known))
    const text = formatSigstoreBundle(bundleOfReceipt(request, receipt, logId))
    await writeWhole(job.bundlePath, `${text}\n`, "bundle")
  }

  function print({ artifact, bundlePath }: Job, receipt: Receipt, isPinned: boolean): void {
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
    output.remark(`${artifact}: ${error.message}`)
    terminal.fail(code)
  }

  return {
    fail,
    async keep(job, request, outcome) {
      try {
        if ("error" in outcome) throw outcome.error
        const { receipt } = outcome
        const { isPinned } = proven(() => verifyReceipt(request, receipt, trust))
        if (!isPinned && logs === undefined) remarkPinning(output, isPinned)
        await writeBundle(job, request, receipt)
        print(job, receipt, isPinned)
      } catch (error) {
        fail(job, error)
      }
    },
  }
}
