// The routes of the Rekor v1 API (sigstore/rekor, openapi.yaml) on this log: what is asked for at which
// path. All are found by their path as it came. Leaves out the kinds of entries (entry/rekor-v1.ts).
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Call, type Door, get, post } from "../serving/route.ts"
import { ENTRIES, entryHandlers } from "./entries.ts"
import { refusalAnswer } from "./errors.ts"
import { logHandlers } from "./log.ts"
import { searchHandler } from "./search.ts"

const RETRIEVE = `${ENTRIES}/retrieve`
const SEARCH = "/api/v1/index/retrieve"

/** Paths that are read by POST: browsers may, as they may everything that is read. */
export const readByPost: ReadonlySet<string> = new Set([RETRIEVE, SEARCH])

export function rekorV1Door(surroundings: Surroundings, signer: RekorSigner): Door {
  const entries = entryHandlers(surroundings, signer)
  const log = logHandlers(surroundings, signer)
  const json = { limit: surroundings.config.requestLimit, mediaType: "application/json" }
  // To read it is to ask for an entry of this name, which is no entry ID and refused as one.
  const getNothing = (call: Call) => entries.getById({ ...call, parameters: { id: "retrieve" } })
  const search = searchHandler(surroundings)
  const hot = { isHot: true } as const
  const shared = { isHot: true, isShared: true } as const
  return {
    below: "/api/v1/",
    words: refusalAnswer,
    routes: [
      get("rekorV1GetLog", "/api/v1/log", log.getLog, hot),
      get("rekorV1GetPublicKey", "/api/v1/log/publicKey", log.getPublicKey, hot),
      get("rekorV1GetProof", "/api/v1/log/proof", log.getProof, hot),
      get("rekorV1GetEntryByIndex", ENTRIES, entries.getByIndex, hot),
      post("rekorV1AddEntry", ENTRIES, json, entries.addEntry, hot),
      get("rekorV1GetEntry", `${ENTRIES}/{id}`, entries.getById, hot),
      get("rekorV1GetEntry", RETRIEVE, getNothing, hot),
      post("rekorV1Retrieve", RETRIEVE, json, entries.retrieve, shared),
      post("rekorV1Search", SEARCH, json, search, shared),
    ],
  }
}
