// The routes of the Rekor v1 API (sigstore/rekor, openapi.yaml) on this log: what is asked for at which
// path, and what becomes of everything else. Leaves out the kinds of entries (entry/rekor-v1.ts).
import type { IncomingMessage } from "node:http"
import { refuse, shown } from "../../core/base/errors.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Door, DoorCall, Surroundings } from "../door/handler.ts"
import { type Answer, isRead } from "../serving/answer.ts"
import { entryHandlers } from "./entries.ts"
import { refusalAnswer } from "./errors.ts"
import { logHandlers } from "./log.ts"
import type { RekorV1Call } from "./request.ts"
import { searchHandler } from "./search.ts"

const PREFIX = "/api/v1/"
const ENTRY = /^log\/entries\/[^/]+$/

interface Operation {
  readonly name: string
  handle(call: RekorV1Call): Answer | Promise<Answer>
}

/** What can be done at a path; GET includes HEAD. */
type Operations = Partial<Record<"GET" | "POST", Operation>>

/** Paths that are read by POST: browsers may, as they may everything that is read. */
export const readByPost: ReadonlySet<string> = new Set([
  `${PREFIX}log/entries/retrieve`,
  `${PREFIX}index/retrieve`,
])

function makeRoutes(
  surroundings: Surroundings,
  signer: RekorSigner,
): (path: string) => Operations | undefined {
  const entries = entryHandlers(surroundings, signer)
  const log = logHandlers(surroundings, signer)
  const byId: Operations = { GET: { name: "rekorV1GetEntry", handle: entries.getById } }
  const routes: ReadonlyMap<string, Operations> = new Map([
    ["log", { GET: { name: "rekorV1GetLog", handle: log.getLog } }],
    ["log/publicKey", { GET: { name: "rekorV1GetPublicKey", handle: log.getPublicKey } }],
    ["log/proof", { GET: { name: "rekorV1GetProof", handle: log.getProof } }],
    [
      "log/entries",
      {
        GET: { name: "rekorV1GetEntryByIndex", handle: entries.getByIndex },
        POST: { name: "rekorV1AddEntry", handle: entries.addEntry },
      },
    ],
    [
      "log/entries/retrieve",
      { ...byId, POST: { name: "rekorV1Retrieve", handle: entries.retrieve } },
    ],
    ["index/retrieve", { POST: { name: "rekorV1Search", handle: searchHandler(surroundings) } }],
  ])
  return (path) => routes.get(path) ?? (ENTRY.test(path) ? byId : undefined)
}

function operationOf(request: IncomingMessage, operations: Operations): Operation | undefined {
  if (isRead(request)) return operations.GET
  return request.method === "POST" ? operations.POST : undefined
}

/** Adds the leave for browsers to what is read by POST. */
function shared(answer: Answer, path: string): Answer {
  if (!readByPost.has(PREFIX + path)) return answer
  return { ...answer, headers: { ...answer.headers, "access-control-allow-origin": "*" } }
}

function refusalCall(refuseCall: () => never, headers: Answer["headers"] = {}): DoorCall {
  return {
    operation: "other",
    handle: refuseCall,
    refusal(error, problem) {
      const answer = refusalAnswer(error, problem)
      return { ...answer, headers: { ...answer.headers, ...headers } }
    },
  }
}

export function rekorV1Door(surroundings: Surroundings, signer: RekorSigner): Door {
  const operationsAt = makeRoutes(surroundings, signer)
  return {
    prefix: PREFIX,
    call(request, response, path, query) {
      const operations = operationsAt(path)
      if (operations === undefined) {
        return refusalCall(() => refuse("not-found", `there is nothing at ${shown(PREFIX + path)}`))
      }
      const operation = operationOf(request, operations)
      if (operation === undefined) {
        const allow = Object.keys(operations).join(", ").replace("GET", "GET, HEAD")
        const why = `expected ${allow}, found ${request.method}`
        return refusalCall(() => refuse("wrong-method", why), { allow })
      }
      return {
        operation: operation.name,
        handle: async () =>
          shared(await operation.handle({ request, response, path, query }), path),
        refusal: (error, problem) => shared(refusalAnswer(error, problem), path),
      }
    },
  }
}
