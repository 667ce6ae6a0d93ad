// Connections of one client: beyond the limit they end, and others are served.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { limitConnections } from "../../../src/http/flow/crowd.ts"
import { openRaw, rawRequest } from "../serving/raw-connection.ts"

test("a client has so many connections and no more, until one of them ends", async () => {
  const server = createServer((_, response) => response.end("served"))
  let client: string | undefined = "a"
  limitConnections(server, 2, () => client)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const isServed = async () => {
    const raw = await openRaw(port)
    raw.write(rawRequest("GET", "/"))
    return await raw.until("served").then(
      () => raw,
      () => undefined,
    )
  }
  const first = await isServed()
  expect(first).toBeDefined()
  expect(await isServed()).toBeDefined()
  expect(await isServed()).toBeUndefined()
  client = "b"
  expect(await isServed()).toBeDefined()
  client = undefined
  for (let i = 0; i < 5; i++) expect(await isServed()).toBeDefined()
  client = "a"
  expect(await isServed()).toBeUndefined()
  first?.socket.destroy()
  await expect.poll(isServed).toBeDefined()
})
