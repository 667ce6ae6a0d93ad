import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Request, Response } from "express"
import { expect, test } from "vitest"
import { createExpressApp } from "../../../src/http/serving/express-app.ts"
import type { Doorway } from "../../../src/http/serving/router.ts"
import type { Serving } from "../../../src/http/serving/serving.ts"
import { askUnchecked } from "../client.ts"

test("requests and responses are born with the prototypes of the application", async () => {
  const born: object[] = []
  const found: unknown[] = []
  const serving: Pick<Serving, "serve"> = {
    async serve({ request, response }) {
      const { app } = created
      found.push(
        Object.getPrototypeOf(request) === app.request,
        Object.getPrototypeOf(response) === app.response,
        typeof (request as Request).get === "function",
        (request as Request).app === app,
        (response as Response).req === request,
      )
      response.end("served")
    },
  }
  const handle = () => ({ status: 200, headers: {} })
  const doorway: Doorway = {
    route: { operation: "getLiveness", method: "GET", path: "/livez", handle },
    door: { below: "/", routes: [], words: handle },
  }
  const created = createExpressApp([doorway], serving)
  const { IncomingMessage, ServerResponse } = created
  const server = createServer({ IncomingMessage, ServerResponse }, (request, response) => {
    born.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response))
    created.app(request as Request, response as Response, () => response.end("not found"))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const reply = await askUnchecked((server.address() as AddressInfo).port, "/livez")
  server.close()
  server.closeAllConnections()
  expect(reply.text()).toBe("served")
  expect(found).toEqual([true, true, true, true, true])
  expect(born).toEqual([created.app.request, created.app.response])
})
