// From the bytes of a submission to its receipt, at every door: small ones are read at once, large ones in another
// thread; what a submission costs beyond others is charged as soon as it is known.
import type { IncomingMessage } from "node:http"
import type { Proposal } from "../../entry/entry.ts"
import { effortOf, isOrdinary } from "../../entry/signature-cost.ts"
import type { Receipt } from "../../log/ports/log.ts"
import type { WriteCall } from "../serving/route.ts"
import { attachmentOf } from "./attestation.ts"
import type { Surroundings } from "./handler.ts"
import type { SubmissionDoor } from "./large.ts"

/** Whoever sends submissions in one request. */
export interface Sender {
  readonly request: IncomingMessage
  /** Charges for so much effort, in points; fractions add up. */
  charge(effort: number): void
  readonly admitKey: WriteCall["admitKey"]
}

/**
 * By what the entries of one signer are counted: the key that it names, or all of them together, since nobody has shown
 * that a key among several is theirs.
 */
function keysOf({ terms }: Pick<Proposal, "terms">): string {
  return terms.flatMap(({ name, value }) => (name === "key" ? value : [])).join(" ")
}

/** The sender of a request, who has paid one point by it. */
export function senderOf({
  request,
  charge,
  admitKey,
}: Pick<WriteCall, "request" | "charge" | "admitKey">): Sender {
  let effort = 0
  let charged = 0
  return {
    request,
    admitKey,
    charge(more) {
      effort += more
      const points = Math.floor(effort) - charged
      if (points < 1) return
      charged += points
      charge(points)
    },
  }
}

/** What was logged, and as what. */
export interface Submitted {
  readonly receipt: Receipt
  readonly proposal: Pick<Proposal, "kind" | "version">
}

async function atOnce<T>(work: () => T | Promise<T>): Promise<T> {
  return await work()
}

type Needed = Pick<Surroundings, "add" | "meter" | "large" | "addressOf">

/**
 * A submitter for one door. `propose` reads a body on the calling thread; `processing` is how the door has an entry
 * refused, if it has a way of its own.
 */
export function createSubmitter(
  { add: addFor, meter, large, addressOf }: Needed,
  door: SubmissionDoor,
  propose: (bytes: Buffer) => Proposal,
  processing: <T>(work: () => T | Promise<T>) => Promise<T> = atOnce,
): (bytes: Buffer, sender: Sender) => Promise<Submitted> {
  async function add(proposal: Proposal, { admitKey, request }: Sender): Promise<Submitted> {
    // Counted when it is logged: what anyone sends in the name of a key takes nothing from it.
    const count = admitKey?.(keysOf(proposal))
    const attach = (envelope?: Uint8Array) => attachmentOf(proposal, envelope)
    const receipt = await addFor(request, proposal, attach)
    if (receipt.isNew) count?.()
    meter.logged(receipt.isNew)
    return { receipt, proposal }
  }

  /** Signatures that cost more than most take turns by who sends them. */
  function weighed(proposal: Proposal, bytes: number, { request, charge }: Sender): Proposal {
    charge(effortOf(bytes, proposal.claims))
    return isOrdinary(proposal) ? proposal : { ...proposal, by: addressOf(request) }
  }

  async function submitLarge(
    bytes: Buffer,
    sender: Sender,
    { propose: proposeElsewhere }: NonNullable<Needed["large"]>,
  ): Promise<Submitted> {
    sender.charge(effortOf(bytes.length, []))
    const by = addressOf(sender.request)
    const held = await proposeElsewhere(door, bytes, by)
    try {
      return await processing(() => {
        sender.charge(effortOf(0, held.claims))
        return add({ ...held, by }, sender)
      })
    } finally {
      held.release()
    }
  }

  return async (bytes, sender) => {
    if (large !== undefined && bytes.length >= large.from) {
      return await submitLarge(bytes, sender, large)
    }
    const proposal = propose(bytes)
    const added = () => add(weighed(proposal, bytes.length, sender), sender)
    return await (processing === atOnce ? added() : processing(added))
  }
}
