// Submissions whose answer was lost. The log gives an equal entry the same index, so its client has sent the very same
// request again as often as it may; in the end the entry is looked for by its leaf hash. Nobody is told that something
// is logged unless the log has proven it.
import type { BatchOutcome, LogClient, SubmitOptions } from "../../client/log-client.ts"
import { proposedBody, type Receipt } from "../../client/receipt.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"

/** What says that no connection was made, so that nothing can have arrived. */
const NEVER_SENT: readonly string[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]

function codeIn(error: unknown): string {
  if (!(error instanceof Error)) return ""
  const { code } = error as Error & { readonly code?: unknown }
  return typeof code === "string" && NEVER_SENT.includes(code) ? code : codeIn(error.cause)
}

/** Whether the request may have arrived although no answer came. */
function isLost(error: unknown): boolean {
  return error instanceof Trouble && error.code === "network" && codeIn(error) === ""
}

function doubted(error: Trouble): Trouble {
  const advice =
    "whether it was logged is not known; run the same command again, nothing is logged twice"
  return new Trouble("network", `${error.message}; ${advice}`, { cause: error })
}

type LookUp = "absent" | "unreachable" | { readonly receipt: Receipt }

/** What says that a log has no such entry; every other refusal says that it does not answer. */
const ABSENT: readonly string[] = ["not-found", "beyond-tree"]

/** Nobody waited for witnesses, so with `witnessed` the receipt counts as one that they have not cosigned. */
async function lookedUp(
  log: LogClient,
  request: EntryRequest,
  { witnessed }: SubmitOptions,
): Promise<LookUp> {
  const body = proposedBody(request)
  const leafHash = portableHasher.leaf(body)
  try {
    const { proof, checkpoint } = await log.inclusionOf(leafHash)
    if (checkpoint === undefined) return "absent"
    const unwitnessed = witnessed === true ? { witnessed: false } : {}
    const { index } = proof
    return {
      receipt: { index, leafHash, body, isNew: false, proof, checkpoint, ...unwitnessed },
    }
  } catch (error) {
    if (error instanceof Refusal && ABSENT.includes(error.code)) return "absent"
    if (error instanceof Refusal || error instanceof Trouble) return "unreachable"
    throw error
  }
}

/**
 * Looks for the entry of each request whose answer was lost, until the log does not answer that either. Gives one outcome
 * for each, in the same order; rejects with `error` if nothing can have arrived.
 */
export async function recovered(
  log: LogClient,
  requests: readonly EntryRequest[],
  options: SubmitOptions,
  error: Trouble,
): Promise<readonly BatchOutcome[]> {
  if (!isLost(error)) throw error
  const outcomes: BatchOutcome[] = []
  let isReachable = true
  for (const request of requests) {
    const found: LookUp = isReachable ? await lookedUp(log, request, options) : "unreachable"
    isReachable &&= found !== "unreachable"
    outcomes.push(typeof found === "string" ? { error: doubted(error) } : found)
  }
  return outcomes
}
