// Entries for a log, and writers that submit them until the log is gone.
import { createHash, randomBytes } from "node:crypto"
import type { BatchOutcome, LogClient } from "../../../src/client/log-client.ts"
import type { Receipt } from "../../../src/client/receipt.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { base64, makeSigner, signMessage } from "../../entry/signers.ts"

const signer = makeSigner("ecdsa-p256")

/** A request for an entry that no log has. */
export function newRequest(): EntryRequest {
  const artifact = randomBytes(32)
  return {
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: base64(signMessage(signer, "PKIX_ECDSA_P256_SHA_256", artifact)),
    publicKey: base64(signer.spki),
  }
}

export function newRequests(count: number): EntryRequest[] {
  return Array.from({ length: count }, newRequest)
}

export type Keep = (request: EntryRequest, receipt: Receipt) => void

/** Submits new entries in one batch; rejects unless all of them are logged. */
export async function grow(client: LogClient, count: number, keep: Keep = () => {}): Promise<void> {
  const requests = newRequests(count)
  const outcomes = await client.submitBatch(requests)
  for (const [i, outcome] of outcomes.entries()) {
    if ("error" in outcome) throw outcome.error
    keep(requests[i] as EntryRequest, outcome.receipt)
  }
}

/** Whether an error only says that nothing is taken any more, or that the connection has ended. */
function isRefusedOrCut(error: unknown): boolean {
  if (error instanceof Refusal) return error.code === "try-later"
  const isNetwork = error instanceof Trouble && error.code === "network"
  return isNetwork && !error.message.startsWith("the log answers")
}

interface Sent {
  readonly request: EntryRequest
  readonly outcome: BatchOutcome
}

async function send(client: LogClient, count: number): Promise<readonly Sent[]> {
  const requests = newRequests(count)
  const [only] = requests
  if (only !== undefined && count === 1) {
    return [{ request: only, outcome: { receipt: await client.submit(only) } }]
  }
  const outcomes = await client.submitBatch(requests)
  return outcomes.map((outcome, i) => ({ request: requests[i] as EntryRequest, outcome }))
}

async function writeUntilGone(client: LogClient, count: number, keep: Keep): Promise<void> {
  try {
    for (;;) {
      for (const { request, outcome } of await send(client, count)) {
        if ("error" in outcome) throw outcome.error
        keep(request, outcome.receipt)
      }
    }
  } catch (error) {
    if (!isRefusedOrCut(error)) throw error
  }
}

/**
 * Writers that submit side by side, each as many entries at once as its number in `counts` says, until
 * the log refuses with `try-later` or cuts the connection; any other error rejects.
 */
export async function writeAll(
  client: LogClient,
  counts: readonly number[],
  keep: Keep,
): Promise<void> {
  await Promise.all(counts.map((count) => writeUntilGone(client, count, keep)))
}

/** Passes on to `keep`; `over` resolves at the call with this number. */
export function countdown(
  count: number,
  keep: Keep,
): { readonly keep: Keep; readonly over: Promise<void> } {
  let left = count
  let end = (): void => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  return {
    over,
    keep(request, receipt) {
      keep(request, receipt)
      left -= 1
      if (left === 0) end()
    },
  }
}
