// The HTTP server: hot routes on node:http in front of Express, limits on slow clients, an orderly end.
// Talks to nothing but the log it is given.
import { createHash } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { ProposalOptions } from "../../entry/signature.ts"
import { createVerifierKeyCache } from "../../entry/verifier-key.ts"
import type { Log } from "../../log/ports/log.ts"
import { type Publisher, publishAtOnce } from "../../log/ports/publishing.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import { loadContract } from "../door/contract.ts"
import type { EntrySearch } from "../door/entry-search.ts"
import type { Door, Handlers, Surroundings } from "../door/handler.ts"
import { probeHandlers } from "../native/probes.ts"
import { readingHandlers } from "../native/reading.ts"
import { searchHandlers } from "../native/search.ts"
import { submissionHandlers } from "../native/submission.ts"
import { tileHandlers } from "../native/tiles.ts"
import { readByPost, rekorV1Door } from "../rekor-v1/door.ts"
import { rekorV2Door } from "../rekor-v2/door.ts"
import { send } from "../serving/answer.ts"
import {
  defaultHttpConfig,
  type HttpConfig,
  type HttpLogger,
  type Meter,
} from "../serving/config.ts"
import { createGuardedServer, drain, takeOriginForm } from "../serving/connections.ts"
import type { HttpServer } from "../serving/http-server.ts"
import { createBodyReader } from "../serving/request-body.ts"
import { createApp } from "./app.ts"
import { callAtDoor, routeHot, takeRekorPath } from "./hot-routes.ts"
import { createReport, createServing } from "./serving.ts"

export interface HttpServerOptions {
  readonly log: Log
  /** Without it what is signed is published. */
  readonly publisher?: Publisher
  readonly config?: Partial<HttpConfig>
  readonly logger?: HttpLogger
  readonly meter?: Meter
  /** What is absent is as by default: every algorithm is taken, 4,096 verifier keys are remembered. */
  readonly proposal?: ProposalOptions
  /** Without it there is no Rekor v1 API. */
  readonly rekorSigner?: RekorSigner
  /** Without it the search of Rekor v1 is answered with 501. */
  readonly search?: EntrySearch
  /** Milliseconds on a monotonic clock, for the metrics. */
  readonly now?: () => number
}

const silentLogger: HttpLogger = { debug: () => {}, error: () => {} }
const noMeter: Meter = { answered: () => {}, logged: () => {}, refused: () => {} }
const REMEMBERED_KEYS = 4_096

function defaultProposal(): ProposalOptions {
  return {
    readKey: createVerifierKeyCache(REMEMBERED_KEYS),
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  }
}

/** Browsers ask before a conditional read from another origin; writes stay forbidden to them. */
function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  const isByPost = readByPost.has(request.url ?? "")
  send(request, response, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": isByPost ? "POST" : "GET, HEAD",
      "access-control-allow-headers": isByPost ? "accept, content-type" : "accept, if-none-match",
      "access-control-max-age": "86400",
    },
  })
}

/** The protocols beside the contract, which have hot routes too and so are tried before Express. */
function openDoors(surroundings: Surroundings): readonly Door[] {
  const { rekorSigner } = surroundings
  const v2 = rekorV2Door(surroundings)
  return rekorSigner === undefined ? [v2] : [v2, rekorV1Door(surroundings, rekorSigner)]
}

/** Makes the server; the caller lets it listen. Loads the contract, which takes about 50 ms. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { log, logger = silentLogger, meter = noMeter } = options
  const { now = () => performance.now() } = options
  const proposal = { ...defaultProposal(), ...options.proposal }
  const config: HttpConfig = { ...defaultHttpConfig, ...options.config }
  const contract = loadContract()
  const report = createReport(meter, logger)
  let closing = false
  const isClosing = (): boolean => closing
  const { rekorSigner, search } = options
  const surroundings: Surroundings = {
    log,
    publisher: options.publisher ?? publishAtOnce(log),
    config,
    contract,
    meter,
    report,
    proposal,
    isClosing,
    bodies: createBodyReader(config.bodyBudget),
    ...(rekorSigner && { rekorSigner }),
    ...(search && { search }),
  }
  const handlers: Handlers = {
    ...submissionHandlers(surroundings),
    ...readingHandlers(surroundings),
    ...searchHandlers(surroundings),
    ...tileHandlers(surroundings),
    ...probeHandlers(surroundings),
  }
  const serving = createServing({ handlers, contract, meter, report, now, isClosing })
  const doors = openDoors(surroundings)
  const { handle, IncomingMessage, ServerResponse } = createApp(contract, serving)

  const listener: RequestListener = (request, response) => {
    takeOriginForm(request)
    takeRekorPath(request)
    const routed = routeHot(request)
    if (routed !== undefined) return void serving.serve(request, response, routed)
    if (request.method === "OPTIONS") return answerPreflight(request, response)
    const call = callAtDoor(doors, request, response)
    if (call !== undefined) return void serving.serveDoor(request, response, call)
    return handle(request, response)
  }
  const server = createGuardedServer({ IncomingMessage, ServerResponse, config, listener })
  return {
    server,
    close() {
      closing = true
      return drain(server, config.drainTimeout)
    },
  }
}
