// The HTTP server of a witness (C2SP tlog-witness). Any web origin may use all of it, as nothing here is
// private.
import { preflightAnswer } from "../serving/answer.ts"
import { type HttpServer, type ServerOptions, serveDoors } from "../serving/http-server.ts"
import { refusalAnswer } from "./answers.ts"
import { type ServedWitness, witnessRoutes } from "./handlers.ts"

export interface WitnessServerOptions extends ServedWitness, ServerOptions {}

const preflight = preflightAnswer("GET, HEAD, POST", "content-type")

/** Makes the server; the caller lets it listen. */
export function createWitnessServer(options: WitnessServerOptions): HttpServer {
  return serveDoors({
    ...options,
    doors({ isClosing }) {
      const obstacle = () => (isClosing() ? "the witness is shutting down" : options.obstacle())
      const routes = witnessRoutes({ ...options, obstacle })
      return [{ below: "/", routes, words: refusalAnswer, isShared: true }]
    },
    preflight: () => preflight,
  })
}
