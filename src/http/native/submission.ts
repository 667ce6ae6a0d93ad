// POST /v1/entries and /v1/entries/batch: from the bytes of a request to receipts.
import { setImmediate } from "node:timers/promises"
import { refuse } from "../../core/base/errors.ts"
import type { Proposal } from "../../entry/entry.ts"
import type { EntryRequest } from "../../entry/kinds/registry.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import type { Receipt } from "../../log/ports/log.ts"
import { placeBelow } from "../access/path-token.ts"
import { type AnsweredReceipt, awaitWitnesses, type Surroundings } from "../door/handler.ts"
import { createSubmitter, type Sender, type Submitted, senderOf } from "../door/submitting.ts"
import { receiptStatus, receiptText } from "../door/views.ts"
import { type Answer, jsonTextAnswer } from "../serving/answer.ts"
import type { HttpConfig } from "../serving/config.ts"
import type { Problem } from "../serving/problem.ts"
import { publicPrefix } from "../serving/public-url.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { post, type Route, type WriteCall } from "../serving/route.ts"

const NEWLINE = 0x0a
/** Lines that are parsed before other requests get a turn. */
const LINES_A_TURN = 32
/** Bytes of them; a line may be longer. */
const BYTES_A_TURN = 32_768

/** The lines of NDJSON without their line feeds; one at the end of the last line may be missing. */
function linesOf(bytes: Buffer, limit: number): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    if (lines.length === limit) {
      const most = `up to ${limit} lines`
      refuse("too-large", `batch: expected ${most}, found more; make several batches of it`)
    }
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  if (lines.length === 0) refuse("malformed", "batch: expected a request a line, found no line")
  return lines
}

/** What became of one line of a batch. */
type Outcome = { readonly receipt: Receipt } | { readonly problem: Problem }

interface Parameters {
  readonly witnessed?: boolean
}

/** Reads a submission. */
export function nativeProposer({
  config: { requestLimit },
  contract,
  proposal,
}: {
  readonly config: Pick<HttpConfig, "requestLimit">
} & Pick<Surroundings, "contract" | "proposal">): (bytes: Buffer) => Proposal {
  const read = contract.bodyReader<EntryRequest>("addEntry")
  return (bytes) => {
    if (bytes.length > requestLimit) {
      refuse("too-large", `request: expected up to ${requestLimit} bytes, found more`)
    }
    return proposeEntry(read(bytes), proposal)
  }
}

export function submissionRoutes(surroundings: Surroundings): readonly Route[] {
  const { config, report } = surroundings
  const submit = createSubmitter(surroundings, "native", nativeProposer(surroundings))
  const places = `${publicPrefix(config.publicUrl)}/v1/entries/`

  /** Parameters say whether to wait; the configuration does where they do not. */
  const waits = ({ witnessed }: Parameters): boolean => witnessed ?? config.waitForWitnesses

  async function answerOf(receipt: Receipt, isToWait: boolean): Promise<AnsweredReceipt> {
    return isToWait ? await awaitWitnesses(surroundings, receipt) : { receipt }
  }

  /** What becomes of one line of a batch; never rejects. */
  async function outcomeOf(submitted: Promise<Submitted>): Promise<Outcome> {
    try {
      return { receipt: (await submitted).receipt }
    } catch (error) {
      return { problem: report(error, "addEntries") }
    }
  }

  /** All lines are under way together, so that they share the log's own batches. */
  async function submitLines(
    lines: readonly Buffer[],
    sender: Sender,
  ): Promise<readonly Outcome[]> {
    const outcomes: Promise<Outcome>[] = []
    let bytes = 0
    for (const [i, line] of lines.entries()) {
      const isTurnOver = i % LINES_A_TURN === 0 || bytes + line.length > BYTES_A_TURN
      if (i > 0 && isTurnOver) {
        await setImmediate()
        bytes = 0
      }
      bytes += line.length
      outcomes.push(outcomeOf(submit(line, sender)))
    }
    return await Promise.all(outcomes)
  }

  /** One line of the answer to a batch; never rejects. */
  async function lineOf(outcome: Outcome, isToWait: boolean): Promise<string> {
    if ("problem" in outcome) {
      const { problem } = outcome
      return `${JSON.stringify({ status: problem.status, problem })}\n`
    }
    const { receipt } = outcome
    try {
      return `${receiptText(await answerOf(receipt, isToWait), receiptStatus(receipt))}\n`
    } catch (error) {
      return await lineOf({ problem: report(error, "addEntries") }, false)
    }
  }

  async function addEntry(call: WriteCall<Parameters>): Promise<Answer> {
    const sender = senderOf(call)
    const { receipt } = await call.withBody((bytes) => submit(bytes, sender))
    const text = receiptText(await answerOf(receipt, waits(call.parameters)))
    return jsonTextAnswer(receiptStatus(receipt), text, {
      location: placeBelow(call.request, "/v1/entries", places, String(receipt.index)),
    })
  }

  async function addEntries(call: WriteCall<Parameters>): Promise<Answer> {
    const sender = senderOf(call)
    // Who waits for witnesses holds up no others by the bytes of a body.
    const outcomes = await call.withBody((bytes) => {
      const lines = linesOf(bytes, config.batchLines)
      call.charge(lines.length - 1)
      return submitLines(lines, sender)
    })
    const isToWait = waits(call.parameters)
    const lines = await Promise.all(outcomes.map((outcome) => lineOf(outcome, isToWait)))
    const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store" }
    return { status: 200, headers, body: lines.join("") }
  }

  const submits = { scope: "submit", weight: "submit" } as const
  const { requestLimit, batchLimit } = config
  const json = "application/json"
  const single: BodyRule = { limit: requestLimit, group: "submission", mediaType: json }
  const lines = "application/x-ndjson"
  const batch: BodyRule = { limit: batchLimit, group: "batch", mediaType: lines }
  return [
    post("addEntry", "/v1/entries", single, addEntry, { isHot: true, ...submits }),
    post("addEntries", "/v1/entries/batch", batch, addEntries, { isHot: true, ...submits }),
  ]
}
