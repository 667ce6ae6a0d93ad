// What the handlers of the log's doors are made of, and receipts under the checkpoint that witnesses have
// cosigned, for submitters who would rather wait.
import type { IncomingMessage } from "node:http"
import { assertMayWrite } from "../../entry/kinds/write-rule.ts"
import type { ProposalOptions } from "../../entry/signature.ts"
import type { Log, Receipt, ServedLog } from "../../log/ports/log.ts"
import type { Publisher } from "../../log/ports/publishing.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import { writerOf } from "../access/writer.ts"
import type { HttpConfig, Meter } from "../serving/config.ts"
import type { ServerState } from "../serving/serving.ts"
import type { Contract } from "./contract.ts"
import type { EntrySearch } from "./entry-search.ts"
import type { LargeRequests } from "./large.ts"

/** As `Log.add`, for the writer of a request. Refuses `not-allowed` what that writer may not add. */
type AddFor = (request: IncomingMessage, ...entry: Parameters<Log["add"]>) => Promise<Receipt>

/** Adds entries for writers, each held to the keys and identities of its own. */
export function addingFor(log: Log): AddFor {
  return async (request, proposal, attach) => {
    const allow = writerOf(request)?.allow
    if (allow !== undefined) assertMayWrite(proposal, allow)
    return await log.add(proposal, attach)
  }
}

export interface Surroundings extends ServerState {
  readonly log: ServedLog
  readonly add: AddFor
  readonly publisher: Publisher
  readonly config: HttpConfig
  readonly contract: Contract
  readonly meter: Meter
  readonly proposal: ProposalOptions
  /** Without it there is no Rekor v1 API. */
  readonly rekorSigner?: RekorSigner | undefined
  /** Without it a search is answered with 501. */
  readonly search?: EntrySearch | undefined
  /** Without it large requests are read where all others are. */
  readonly large?: LargeRequests | undefined
  /** By whom requests take turns where they have to. */
  readonly addressOf: (request: IncomingMessage) => string
}

/** A receipt whose submitter may have waited. */
export interface AnsweredReceipt {
  readonly receipt: Receipt
  /** Whether witnesses cosigned its checkpoint; undefined if nobody waited for that. */
  readonly isWitnessed?: boolean
}

/**
 * Waits for a witnessed checkpoint over the entry and proves it under that one. If there is none in time
 * the receipt stays as it is: the entry is in the log either way.
 */
export async function awaitWitnesses(
  { log, publisher }: Pick<Surroundings, "log" | "publisher">,
  receipt: Receipt,
): Promise<AnsweredReceipt> {
  const witnessed = await publisher.witnessed(receipt.index + 1)
  if (witnessed === undefined) return { receipt, isWitnessed: false }
  const { hashes, head } = await log.inclusion(receipt.index, witnessed)
  return { receipt: { ...receipt, hashes, head }, isWitnessed: true }
}
