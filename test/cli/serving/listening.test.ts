import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { listen } from "../../../src/cli/serving/listening.ts"

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "[::1]"],
])("a server that listens on %s is reached at a URL with the host %s", async (host, name) => {
  const server = createServer()
  const url = await listen(server, { host, port: 0 })
  const { port } = server.address() as AddressInfo
  server.close()
  expect(url).toBe(`http://${name}:${port}`)
  expect(new URL(url).hostname).toBe(name)
})
