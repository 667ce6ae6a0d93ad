// The HTTP server of a log: the native API, tiles, and both Rekor APIs. Talks to nothing but the log it is
// given.
import type { IncomingMessage } from "node:http"
import type { Log } from "../../log/ports/log.ts"
import { publishAtOnce } from "../../log/ports/publishing.ts"
import { type Access, createAccessGate } from "../access/gate.ts"
import { takePathToken } from "../access/path-token.ts"
import { writerOf } from "../access/writer.ts"
import { loadContract } from "../door/contract.ts"
import { addingFor, type Surroundings } from "../door/handler.ts"
import { proposalOptions } from "../door/proposal-options.ts"
import { createGates, type LimitOptions } from "../limits/gates.ts"
import { messageRoutes } from "../native/messages.ts"
import { probeRoutes } from "../native/probes.ts"
import { readingRoutes } from "../native/reading.ts"
import { searchRoutes } from "../native/search.ts"
import { submissionRoutes } from "../native/submission.ts"
import { tileRoutes } from "../native/tiles.ts"
import { referenceRoutes } from "../reference/routes.ts"
import { rekorV1Door } from "../rekor-v1/door.ts"
import { rekorV2Door } from "../rekor-v2/door.ts"
import { preflightAnswer } from "../serving/answer.ts"
import { createClientReader } from "../serving/client.ts"
import { defaultHttpConfig, type HttpConfig, noMeter } from "../serving/config.ts"
import { type HttpServer, type ServerOptions, serveDoors } from "../serving/http-server.ts"
import { plainProblemAnswer, problemAnswer } from "../serving/problem.ts"
import type { Door } from "../serving/route.ts"

type Optional = "publisher" | "meter" | "proposal" | "rekorSigner" | "search" | "large"

/**
 * Without a publisher what is signed is published. What is absent of `proposal` is as by default: every
 * algorithm is taken, 4,096 verifier keys are remembered.
 */
export interface HttpServerOptions
  extends Omit<ServerOptions, "config" | "meter">,
    Partial<Pick<Surroundings, Optional>>,
    LimitOptions {
  readonly log: Log
  readonly config?: Partial<HttpConfig>
  /** Who may do what now; without it anyone may do everything. */
  readonly access?: (() => Access) | undefined
}

const REMEMBERED_KEYS = 4_096

const V2 = "/api/v2"
const TILES_OF_V2 = /^\/api\/v2(?=\/tile\/|\/checkpoint(?:\?|$))/

/** The read side of Rekor v2 is the tile interface at the root, with a token in front of it or not. */
function takeRekorPath(request: IncomingMessage): void {
  takePathToken(request)
  const { url = "" } = request
  if (url.startsWith(V2)) request.url = url.replace(TILES_OF_V2, "")
}

const readPreflight = preflightAnswer("GET, HEAD", "accept, if-none-match")
const postPreflight = preflightAnswer("POST", "accept, content-type")

function openDoors(surroundings: Surroundings): readonly Door[] {
  const { contract, rekorSigner } = surroundings
  const native = [
    ...submissionRoutes(surroundings),
    ...readingRoutes(surroundings),
    ...searchRoutes(surroundings),
    ...messageRoutes(surroundings),
    ...probeRoutes(surroundings),
    ...referenceRoutes(),
  ]
  const tiles = tileRoutes(surroundings)
  return [
    { below: "/", routes: contract.bind(native), words: problemAnswer },
    { below: "/tile/", routes: contract.bind(tiles), words: plainProblemAnswer, isHot: true },
    rekorV2Door(surroundings),
    ...(rekorSigner === undefined ? [] : [rekorV1Door(surroundings, rekorSigner)]),
  ]
}

/** Makes the server; the caller lets it listen. Loads the contract, which takes about 50 ms. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { log, meter = noMeter, rekorSigner, search, large } = options
  const config = { ...defaultHttpConfig, ...options.config }
  const readClient = createClientReader(config.trustedProxies)
  const surroundings = {
    ...{ log, add: addingFor(log), meter, rekorSigner, search, large, config },
    publisher: options.publisher ?? publishAtOnce(log),
    contract: loadContract(),
    proposal: proposalOptions(REMEMBERED_KEYS, options.proposal),
    addressOf: (request: IncomingMessage) => readClient(request).address,
  }
  const { publicUrl } = surroundings.config
  const { access } = options
  return serveDoors({
    ...options,
    gates: createGates({
      ...options,
      ...{ origin: log.origin, publicUrl, meter, now: options.now },
      ...(access !== undefined && { accessGates: [createAccessGate(access, Date.now)], writerOf }),
    }),
    doors: (state) => openDoors({ ...surroundings, ...state }),
    rewrite: takeRekorPath,
    // Browsers ask before a conditional read from another origin; writes stay forbidden to them.
    preflight: (isShared) => (isShared ? postPreflight : readPreflight),
  })
}
