import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Request, Response } from "express"
import { expect, test } from "vitest"
import { loadContract } from "../../../src/http/door/contract.ts"
import { createApp } from "../../../src/http/log/app.ts"
import type { Serving } from "../../../src/http/log/serving.ts"
import { askUnchecked } from "../client.ts"

test("requests and responses are born with the prototypes of the application", async () => {
  const born: object[] = []
  const found: unknown[] = []
  const serving: Serving = {
    async serve(request, response) {
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
    serveDoor: () => Promise.reject(new Error("no door is tried")),
    turnAway: (_request, response) => void response.end(),
  }
  const created = createApp(loadContract(), serving)
  const { IncomingMessage, ServerResponse } = created
  const server = createServer({ IncomingMessage, ServerResponse }, (request, response) => {
    born.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response))
    created.handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const reply = await askUnchecked((server.address() as AddressInfo).port, "/livez")
  server.close()
  server.closeAllConnections()
  expect(reply.text()).toBe("served")
  expect(found).toEqual([true, true, true, true, true])
  expect(born).toEqual([created.app.request, created.app.response])
})
