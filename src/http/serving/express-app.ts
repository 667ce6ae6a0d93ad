// The routes that are not hot, as an Express application that leaves requests as they came. Its prototypes of
// requests and responses are given to the HTTP server: Express then need not exchange them for each request,
// which costs more than all else it does.
import { IncomingMessage, type ServerOptions, ServerResponse } from "node:http"
import express, { type Express, type Request, type Response } from "express"
import { bug } from "../../core/base/errors.ts"
import type { PathValues } from "./route.ts"
import type { Doorway } from "./router.ts"
import { askedOf, type Serving } from "./serving.ts"

type Classes = Required<Pick<ServerOptions, "IncomingMessage" | "ServerResponse">>

/** Gives the classes that `app` will find to be its own already. Holds for one application only. */
function adoptedClasses(app: Express): Classes {
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

/**
 * The application, and the classes for `createServer`: what they make is born with its prototypes. Paths are
 * case-sensitive and strict about a final slash; nothing is parsed or added unasked.
 */
export function createExpressApp(doorways: readonly Doorway[], { serve }: Pick<Serving, "serve">) {
  const app = express()
  app.disable("x-powered-by")
  app.disable("etag")
  app.disable("query parser")
  app.enable("case sensitive routing")
  app.enable("strict routing")
  for (const doorway of doorways) {
    const { method, path, where, isTree } = doorway.route
    if (where !== undefined || isTree) bug(`${method} ${path} has a form that only hot routes have`)
    const handle = (request: Request, response: Response): Promise<void> =>
      serve(askedOf(request, response), doorway, request.params as PathValues)
    app[method === "GET" ? "get" : "post"](path.replaceAll(/\{(\w+)\}/g, ":$1"), handle)
  }
  return { app, ...adoptedClasses(app) }
}
