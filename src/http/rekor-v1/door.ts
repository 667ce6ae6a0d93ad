// The Rekor v1 API (sigstore/rekor, openapi.yaml) on this log. All of it is found by its path as it came.
// Leaves out the kinds of entries (entry/rekor-v1.ts).
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Door, post } from "../serving/route.ts"
import { entryRoutes } from "./entries.ts"
import { refusalAnswer } from "./errors.ts"
import { logRoutes } from "./log.ts"
import { searchHandler } from "./search.ts"

export function rekorV1Door(surroundings: Surroundings, signer: RekorSigner): Door {
  const json = { limit: surroundings.config.requestLimit, mediaType: "application/json" }
  const search = searchHandler(surroundings)
  return {
    below: "/api/v1/",
    words: refusalAnswer,
    isHot: true,
    routes: [
      ...logRoutes(surroundings, signer),
      ...entryRoutes(surroundings, signer),
      post("rekorV1Search", "/api/v1/index/retrieve", json, search, { isShared: true }),
    ],
  }
}
