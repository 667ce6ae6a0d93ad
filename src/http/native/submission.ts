// POST /v1/entries and /v1/entries/batch: from the bytes of a request to receipts.
import type { IncomingMessage, ServerResponse } from "node:http"
import { setImmediate } from "node:timers/promises"
import { refuse } from "../../core/base/errors.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import type { Receipt } from "../../log/ports/log.ts"
import { attachmentOf } from "../door/attestation.ts"
import type { Handlers, Surroundings } from "../door/handler.ts"
import { type AnsweredReceipt, awaitWitnesses } from "../door/receipts.ts"
import { receiptStatus, receiptText } from "../door/views.ts"
import { jsonTextAnswer } from "../serving/answer.ts"
import { parseJsonBody } from "../serving/json-body.ts"

const NEWLINE = 0x0a
/** Lines that are parsed before other requests get a turn. */
const LINES_A_TURN = 32

/** The lines of NDJSON without their line feeds; one at the end of the last line may be missing. */
function linesOf(bytes: Buffer, limit: number): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    if (lines.length === limit) {
      refuse("too-large", `batch: expected up to ${limit} lines, found more`)
    }
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  if (lines.length === 0) refuse("malformed", "batch: expected a request a line, found no line")
  return lines
}

/** What became of one line of a batch. */
type Outcome =
  | { readonly receipt: Receipt }
  | { readonly problem: ReturnType<Surroundings["report"]> }

export function submissionHandlers(
  surroundings: Surroundings,
): Pick<Handlers, "addEntry" | "addEntries"> {
  const { log, config, contract, meter, report, proposal, bodies } = surroundings
  const single = { limit: config.requestLimit, mediaType: "application/json" }
  const batch = { limit: config.batchLimit, mediaType: "application/x-ndjson" }

  /** Parameters say whether to wait; the configuration does where they do not. */
  const waits = ({ witnessed }: { readonly witnessed?: boolean }): boolean =>
    witnessed ?? config.waitForWitnesses

  async function answerOf(receipt: Receipt, isToWait: boolean): Promise<AnsweredReceipt> {
    return isToWait ? await awaitWitnesses(surroundings, receipt) : { receipt }
  }

  async function submit(bytes: Buffer): Promise<Receipt> {
    if (bytes.length > config.requestLimit) {
      refuse("too-large", `request: expected up to ${config.requestLimit} bytes, found more`)
    }
    const request = contract.entryRequest(parseJsonBody(bytes))
    const receipt = await log.add(proposeEntry(request, proposal), () => attachmentOf(request))
    meter.logged(receipt.isNew)
    return receipt
  }

  async function submitBody(request: IncomingMessage, response: ServerResponse): Promise<Receipt> {
    const body = await bodies.read(request, response, single)
    try {
      return await submit(body.bytes)
    } finally {
      body.release()
    }
  }

  /** What becomes of one line of a batch; never rejects. */
  async function outcomeOf(receipt: Promise<Receipt>): Promise<Outcome> {
    try {
      return { receipt: await receipt }
    } catch (error) {
      return { problem: report(error, "addEntries") }
    }
  }

  /** All lines are under way together, so that they share the log's own batches. */
  async function submitLines(lines: readonly Buffer[]): Promise<readonly Outcome[]> {
    const outcomes: Promise<Outcome>[] = []
    for (const [i, line] of lines.entries()) {
      if (i > 0 && i % LINES_A_TURN === 0) await setImmediate()
      outcomes.push(outcomeOf(submit(line)))
    }
    return await Promise.all(outcomes)
  }

  async function submitBatch(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<readonly Outcome[]> {
    const body = await bodies.read(request, response, batch)
    try {
      return await submitLines(linesOf(body.bytes, config.batchLines))
    } finally {
      body.release()
    }
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

  return {
    async addEntry({ request, response, parameters }) {
      const receipt = await submitBody(request, response)
      const answer = await answerOf(receipt, waits(parameters))
      return jsonTextAnswer(receiptStatus(receipt), receiptText(answer), {
        location: `/v1/entries/${receipt.index}`,
      })
    },
    async addEntries({ request, response, parameters }) {
      // Who waits for witnesses holds up no others by the bytes of a body.
      const outcomes = await submitBatch(request, response)
      const isToWait = waits(parameters)
      const lines = await Promise.all(outcomes.map((outcome) => lineOf(outcome, isToWait)))
      const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store" }
      return { status: 200, headers, body: lines.join("") }
    },
  }
}
