// The Rekor v2 API (rekor-tiles, POST /api/v2/log/entries) on this log. Its read side is the tile
// interface, which log/server.ts leads to the same handlers as at the root. Differs from rekor-tiles on
// purpose: a duplicate is answered with the entry that is there, and a refusal says why.
import type { Proposal } from "../../entry/entry.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import type { Receipt } from "../../log/ports/log.ts"
import { logEntryToJson } from "../../sigstore/transparency-log-entry.ts"
import { logIdOf } from "../../sigstore/trusted-root.ts"
import { awaitWitnesses, type Surroundings } from "../door/handler.ts"
import { createSubmitter, type Submitted, senderOf } from "../door/submitting.ts"
import { logKey } from "../door/trust.ts"
import { base64 } from "../door/views.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { type Problem, refusalHeaders } from "../serving/problem.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Door, post, type WriteCall } from "../serving/route.ts"
import { requestReader } from "./request.ts"

/** Where the API has others than {@link Problem}. Clients send again on 408, 429 and 5xx. */
const statuses: ReadonlyMap<number, number> = new Map([
  [422, 400],
  [408, 400],
  [405, 404],
])

/** The gRPC code of each status; `INVALID_ARGUMENT` of the others. */
const codes: ReadonlyMap<number, number> = new Map([
  [404, 5],
  [409, 6],
  [401, 16],
  [403, 7],
  [429, 8],
  [500, 13],
  [503, 14],
])
const INVALID_ARGUMENT = 3

function errorAnswer(status: number, message: string): Answer {
  const code = codes.get(status) ?? INVALID_ARGUMENT
  return jsonAnswer(status, { code, message, details: [] }, refusalHeaders(status))
}

function refusalAnswer({ detail, status }: Problem): Answer {
  return errorAnswer(statuses.get(status) ?? status, detail)
}

/** Reads a submission. */
export function rekorV2Proposer({
  contract,
  proposal,
}: Pick<Surroundings, "contract" | "proposal">): (bytes: Buffer) => Proposal {
  const read = requestReader(contract)
  return (bytes) => proposeEntry(read(bytes), proposal)
}

export function rekorV2Door(surroundings: Surroundings): Door {
  const { log, config, contract } = surroundings
  const submit = createSubmitter(surroundings, "rekor-v2", rekorV2Proposer(surroundings))
  const logId = logIdOf(logKey(log))

  function entryAnswer(receipt: Receipt, { kind, version }: Submitted["proposal"]): Answer {
    const { index, body, head, hashes, isNew } = receipt
    const { size, root, checkpoint } = head
    const proof = { index, root, size, hashes, checkpoint }
    const entry = logEntryToJson({ index, logId, kind, version, proof, body }, base64)
    const headers = isNew ? undefined : { "x-log-index": String(index) }
    // SPEC: a promise that is there but empty would be verified by clients, so it is null.
    return jsonAnswer(201, { ...entry, inclusionPromise: null }, headers)
  }

  async function addEntry(call: WriteCall): Promise<Answer> {
    const sender = senderOf(call)
    const { receipt, proposal } = await call.withBody((bytes) => submit(bytes, sender))
    if (!config.waitForWitnesses) return entryAnswer(receipt, proposal)
    return entryAnswer((await awaitWitnesses(surroundings, receipt)).receipt, proposal)
  }

  const mediaType = "application/json"
  const body: BodyRule = { limit: config.requestLimit, group: "submission", mediaType }
  return {
    below: "/api/v2/",
    words: refusalAnswer,
    nowhere: errorAnswer(404, "Not Found"),
    isHot: true,
    routes: contract.bind([
      post("rekorV2AddEntry", "/api/v2/log/entries", body, addEntry, {
        ...{ scope: "submit", weight: "submit" },
      }),
    ]),
  }
}
