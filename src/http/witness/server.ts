// The HTTP server of a witness (C2SP tlog-witness). Any web origin may read all of it, as nothing here is private; what
// logs and verifiers bring comes from no web page. Here are the words of the protocol: which status each refusal has, and the one answer with a media
// type of its own.
import { Trouble } from "../../core/base/errors.ts"
import { formatTlogSize, TLOG_SIZE_TYPE } from "../../core/note/add-checkpoint.ts"
import { OldSizeConflict } from "../../witness/witness.ts"
import { createGates, type LimitOptions } from "../limits/gates.ts"
import { referenceRoutes } from "../reference/routes.ts"
import { type Answer, preflightAnswer, textAnswer } from "../serving/answer.ts"
import { noMeter } from "../serving/config.ts"
import { type HttpServer, type ServerOptions, serveDoors } from "../serving/http-server.ts"
import { type Problem, type ProblemCode, plainProblemAnswer } from "../serving/problem.ts"
import { type ServedWitness, witnessRoutes } from "./handlers.ts"

/** Where they are others than a log's. */
const statuses: Partial<Record<ProblemCode, number>> = {
  unsupported: 400,
  // SPEC: 403 where no key that is trusted for the origin has signed.
  "bad-signature": 403,
  untrusted: 403,
  "not-allowed": 422,
  "beyond-tree": 422,
}

/** The answer to anything that was thrown; nothing internal ever gets into it. */
function refusalAnswer(problem: Problem, error: unknown): Answer {
  if (error instanceof OldSizeConflict) {
    // SPEC: the body is the size, of exactly this media type; charset or any parameter is too much.
    return textAnswer(409, formatTlogSize(error.size), { "content-type": TLOG_SIZE_TYPE })
  }
  const isClock = error instanceof Trouble && error.code === "clock"
  if (isClock || (error instanceof Trouble && problem.status === 503)) {
    const detail = "the witness cannot do this now; try again in a second"
    return plainProblemAnswer({ ...problem, status: 503, detail })
  }
  return plainProblemAnswer({ ...problem, status: statuses[problem.code] ?? problem.status })
}

export interface WitnessServerOptions extends ServedWitness, ServerOptions, LimitOptions {}

const preflight = preflightAnswer("GET, HEAD", "content-type")

/** Makes the server; the caller lets it listen. */
export function createWitnessServer(options: WitnessServerOptions): HttpServer {
  const { name, publicUrl, meter = noMeter, now } = options
  return serveDoors({
    ...options,
    gates: createGates({ ...options, origin: name, publicUrl, meter, now }),
    doors({ isClosing }) {
      const obstacle = () => (isClosing() ? "the witness is shutting down" : options.obstacle())
      const routes = [...witnessRoutes({ ...options, obstacle }), ...referenceRoutes()]
      return [{ below: "/", routes, words: refusalAnswer }]
    },
    preflight: () => preflight,
  })
}
