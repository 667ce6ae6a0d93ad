// The Express application: every operation of the contract that is not hot, 405 for the methods that a
// path does not have, 404 for the rest.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Express, Request, Response } from "express"
import { bug, Refusal } from "../../core/base/errors.ts"
import type { Contract } from "../door/contract.ts"
import { type AdoptedApp, createExpressApp } from "../serving/express-app.ts"
import { hotOperations } from "./hot-routes.ts"
import type { Serving } from "./serving.ts"

export interface App extends AdoptedApp {
  /** Answers a request that is no hot one, whatever it is. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
}

/** `/v1/entries/{index}` as Express writes it; below `/tile/` everything is one path. */
function expressPath(path: string): string {
  return path.startsWith("/tile/") ? "/tile/*rest" : path.replaceAll(/\{(\w+)\}/g, ":$1")
}

/** The value of `Allow` for each path. */
function allowedMethods(contract: Contract): ReadonlyMap<string, string> {
  const allowed = new Map<string, string>()
  for (const { method, path } of contract.operations) {
    const names = method === "get" ? "GET, HEAD" : method.toUpperCase()
    const route = expressPath(path)
    const others = allowed.get(route)
    allowed.set(route, others === undefined || others === names ? names : `${others}, ${names}`)
  }
  return allowed
}

function queryOf({ url }: Request): string {
  const mark = url.indexOf("?")
  return mark < 0 ? "" : url.slice(mark + 1)
}

function addRoutes(app: Express, contract: Contract, serving: Serving): void {
  for (const { id, method, path } of contract.operations) {
    if (hotOperations.has(id)) continue
    if (method !== "get") bug(`operation ${id} has no route`)
    app.get(expressPath(path), (request, response) =>
      serving.serve(request, response, {
        id,
        path: request.params as Readonly<Record<string, string>>,
        query: queryOf(request),
      }),
    )
  }
  for (const [path, allow] of allowedMethods(contract)) {
    app.all(path, (request, response) => {
      const refusal = new Refusal("wrong-method", `expected ${allow}, found ${request.method}`)
      serving.turnAway(request, response, refusal, { allow })
    })
  }
}

/** What no route has answered: Express calls this in place of its own pages. */
function turnAway(serving: Serving, request: Request, response: Response, error: unknown): void {
  // Express throws this for a percent sign that stands for nothing.
  const isMalformed = error instanceof URIError
  const refusal = isMalformed
    ? new Refusal("malformed", "path: expected valid percent-encoding")
    : new Refusal("not-found", "there is nothing at this path")
  const isOther = error !== undefined && error !== null && !isMalformed
  serving.turnAway(request, response, isOther ? error : refusal)
}

export function createApp(contract: Contract, serving: Serving): App {
  const adopted = createExpressApp()
  const { app } = adopted
  addRoutes(app, contract, serving)
  return {
    ...adopted,
    handle(request, response) {
      const [asked, answering] = [request as Request, response as Response]
      app(asked, answering, (error: unknown) => turnAway(serving, asked, answering, error))
    },
  }
}
