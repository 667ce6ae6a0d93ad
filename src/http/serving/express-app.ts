// An Express application that leaves requests as they came, and whose request and response prototypes are
// given to the HTTP server: Express then need not exchange them for each request, which costs more than all
// else it does.
import { IncomingMessage, ServerResponse } from "node:http"
import express, { type Express } from "express"

export interface AdoptedApp {
  readonly app: Express
  /** For `createServer`: what they make is born with the prototypes of the application. */
  readonly IncomingMessage: typeof IncomingMessage
  readonly ServerResponse: typeof ServerResponse
}

/** Gives the classes that `app` will find to be its own already. Holds for one application only. */
function adoptedClasses(app: Express): Omit<AdoptedApp, "app"> {
  class AppRequest extends IncomingMessage {}
  class AppResponse<
    Answered extends IncomingMessage = IncomingMessage,
  > extends ServerResponse<Answered> {}
  const pairs = [
    [AppRequest.prototype, express.request],
    [AppResponse.prototype, express.response],
  ] as const
  for (const [prototype, methods] of pairs) {
    Object.setPrototypeOf(prototype, methods)
    Object.defineProperty(prototype, "app", { value: app, writable: true, configurable: true })
  }
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}

/** Paths are case-sensitive and strict about a final slash; nothing is parsed or added unasked. */
export function createExpressApp(): AdoptedApp {
  const app = express()
  app.disable("x-powered-by")
  app.disable("etag")
  app.disable("query parser")
  app.enable("case sensitive routing")
  app.enable("strict routing")
  return { app, ...adoptedClasses(app) }
}
