// Receipts under the checkpoint that witnesses have cosigned, for submitters who would rather wait.
import type { Receipt } from "../../log/ports/log.ts"
import type { Surroundings } from "./handler.ts"

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
