// The routes of the Rekor v1 API (sigstore/rekor, openapi.yaml) on this log: what is asked for at which
// path. All are found by their path as it came. Leaves out the kinds of entries (entry/rekor-v1.ts).
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import type { Call, Door, ReadRoute, Route, WriteRoute } from "../serving/route.ts"
import { entryHandlers } from "./entries.ts"
import { refusalAnswer } from "./errors.ts"
import { logHandlers } from "./log.ts"
import { searchHandler } from "./search.ts"

const PREFIX = "/api/v1/"

/** Paths that are read by POST: browsers may, as they may everything that is read. */
export const readByPost: ReadonlySet<string> = new Set([
  `${PREFIX}log/entries/retrieve`,
  `${PREFIX}index/retrieve`,
])

export function rekorV1Door(surroundings: Surroundings, signer: RekorSigner): Door {
  const entries = entryHandlers(surroundings, signer)
  const log = logHandlers(surroundings, signer)
  const body = { limit: surroundings.config.requestLimit, mediaType: "application/json" }

  function get(operation: string, name: string, handle: ReadRoute["handle"]): Route {
    return { operation, method: "GET", path: PREFIX + name, isHot: true, handle }
  }

  function post(operation: string, name: string, handle: WriteRoute["handle"]): Route {
    const path = PREFIX + name
    const shared = readByPost.has(path) ? { isShared: true as const } : {}
    return { operation, method: "POST", path, isHot: true, ...shared, body, handle }
  }

  return {
    below: PREFIX,
    words: refusalAnswer,
    routes: [
      get("rekorV1GetLog", "log", log.getLog),
      get("rekorV1GetPublicKey", "log/publicKey", log.getPublicKey),
      get("rekorV1GetProof", "log/proof", log.getProof),
      get("rekorV1GetEntryByIndex", "log/entries", entries.getByIndex),
      post("rekorV1AddEntry", "log/entries", entries.addEntry),
      post("rekorV1Retrieve", "log/entries/retrieve", entries.retrieve),
      // What is no entry ID is refused as one.
      get("rekorV1GetEntry", "log/entries/retrieve", () => entries.getById("retrieve")),
      get("rekorV1GetEntry", "log/entries/{id}", ({ parameters }: Call<{ readonly id: string }>) =>
        entries.getById(parameters.id),
      ),
      post("rekorV1Search", "index/retrieve", searchHandler(surroundings)),
    ],
  }
}
