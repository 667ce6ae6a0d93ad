// The Rekor v2 API (rekor-tiles, POST /api/v2/log/entries) on this log. Its read side is the tile
// interface, which hot-routes.ts leads to the same handlers as at the root. Differs from rekor-tiles on
// purpose: a duplicate is answered with the entry that is there, and a refusal says why.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Proposal } from "../../entry/entry.ts"
import { proposeEntry } from "../../entry/kinds/request.ts"
import type { Receipt } from "../../log/ports/log.ts"
import { logIdOf } from "../../sigstore/log-id.ts"
import { readRekorV2Request } from "../../sigstore/rekor-v2-request.ts"
import { logEntryToJson } from "../../sigstore/transparency-log-entry.ts"
import { attachmentOf } from "../door/attestation.ts"
import type { Door, DoorCall, Surroundings } from "../door/handler.ts"
import { awaitWitnesses } from "../door/receipts.ts"
import { logKey } from "../door/trust.ts"
import { base64 } from "../door/views.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { parseJsonBody } from "../serving/json-body.ts"
import type { Problem, ProblemCode } from "../serving/problem.ts"

const GRPC = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  internal: 13,
  unavailable: 14,
}

/** HTTP status and gRPC code of each refusal. Clients send again on 408, 429 and 5xx. */
const statuses = {
  malformed: [400, GRPC.invalidArgument],
  unsupported: [400, GRPC.invalidArgument],
  "too-large": [413, GRPC.invalidArgument],
  "bad-signature": [400, GRPC.invalidArgument],
  "bad-proof": [400, GRPC.invalidArgument],
  mismatch: [400, GRPC.invalidArgument],
  untrusted: [400, GRPC.invalidArgument],
  "not-allowed": [403, GRPC.permissionDenied],
  "not-found": [404, GRPC.notFound],
  "beyond-tree": [404, GRPC.notFound],
  conflict: [409, GRPC.alreadyExists],
  "wrong-media-type": [400, GRPC.invalidArgument],
  "wrong-method": [404, GRPC.notFound],
  "too-slow": [400, GRPC.invalidArgument],
  "try-later": [503, GRPC.unavailable],
  trouble: [500, GRPC.internal],
  bug: [500, GRPC.internal],
} satisfies Record<ProblemCode, readonly [status: number, code: number]>

function errorAnswer(status: number, code: number, message: string): Answer {
  const headers = status === 503 ? { "retry-after": "1" } : undefined
  return jsonAnswer(status, { code, message, details: [] }, headers)
}

function refusal(_error: unknown, { code, detail, status }: Problem): Answer {
  // Trouble that passes is 503 in every protocol.
  const [ownStatus, grpcCode] = status === 503 ? statuses["try-later"] : statuses[code]
  return errorAnswer(ownStatus, grpcCode, detail)
}

export function rekorV2Door(surroundings: Surroundings): Door {
  const { log, config, meter, proposal: options, bodies } = surroundings
  const logId = logIdOf(logKey(log))
  const rule = { limit: config.requestLimit }

  function entryAnswer(receipt: Receipt, { kind, version }: Proposal): Answer {
    const { index, body, head, path, isNew } = receipt
    const { size, root, checkpoint } = head
    const proof = { index, root, size, hashes: path, checkpoint }
    const entry = logEntryToJson({ index, logId, kind, version, proof, body }, base64)
    const headers = isNew ? undefined : { "x-log-index": String(index) }
    // SPEC: a promise that is there but empty would be verified by clients, so it is null.
    return jsonAnswer(201, { ...entry, inclusionPromise: null }, headers)
  }

  async function submit(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ readonly receipt: Receipt; readonly proposal: Proposal }> {
    const body = await bodies.read(request, response, rule)
    try {
      const submission = readRekorV2Request(parseJsonBody(body.bytes))
      const proposal = proposeEntry(submission, options)
      const receipt = await log.add(proposal, () => attachmentOf(submission))
      meter.logged(receipt.isNew)
      return { receipt, proposal }
    } finally {
      body.release()
    }
  }

  async function addEntry(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { receipt, proposal } = await submit(request, response)
    if (!config.waitForWitnesses) return entryAnswer(receipt, proposal)
    return entryAnswer((await awaitWitnesses(surroundings, receipt)).receipt, proposal)
  }

  const nothing: DoorCall = {
    operation: "other",
    handle: () => errorAnswer(404, GRPC.notFound, "Not Found"),
    refusal,
  }

  return {
    prefix: "/api/v2/",
    call(request, response, path) {
      if (path !== "log/entries" || request.method !== "POST") return nothing
      return { operation: "rekorV2AddEntry", handle: () => addEntry(request, response), refusal }
    },
  }
}
