// The admin server keeps what every server keeps: limits on headers and slow clients, answers to what is no HTTP.
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { createHostCheck } from "../../../src/http/limits/host-gate.ts"
import { createAdminServer } from "../../../src/http/serving/admin-server.ts"
import { defaultHttpConfig } from "../../../src/http/serving/config.ts"
import { openRaw, rawRequest } from "./raw-connection.ts"

async function openAdmin() {
  const metrics = { contentType: "text/plain", text: async () => "all_is_well 1\n" }
  const admin = createAdminServer(metrics, createHostCheck(["log.example", "metrics.example"]))
  await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    admin.close()
    admin.closeAllConnections()
  })
  return { admin, port: (admin.address() as AddressInfo).port }
}

test("metrics are answered, and nothing else is", async () => {
  const { port } = await openAdmin()
  const raw = await openRaw(port)
  raw.write(rawRequest("GET", "/metrics"))
  await raw.until("all_is_well 1")
  raw.write(rawRequest("POST", "/metrics"))
  await raw.until("404 Not Found")
  raw.socket.destroy()
})

test("headers of more than 8 KiB are refused in the words of every server", async () => {
  const { port } = await openAdmin()
  const raw = await openRaw(port)
  raw.write(rawRequest("GET", "/metrics", `x-long: ${"a".repeat(9_000)}\r\n`))
  const answer = await raw.ended()
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  expect(answer).toContain("application/problem+json")
})

test("slow clients have no more time than elsewhere", async () => {
  const { admin } = await openAdmin()
  const { headersTimeout, requestTimeout, keepAliveTimeout, idleTimeout } = defaultHttpConfig
  expect(admin).toMatchObject({ headersTimeout, requestTimeout, keepAliveTimeout })
  expect(admin.timeout).toBe(idleTimeout)
})

test.each([
  ["attacker.example", 421],
  ["169.254.1.1:3001", 421],
  ["metrics.example:3001", 200],
  ["localhost", 200],
  ["one.example\r\nHost: two.example", 400],
])("over loopback, metrics for the host %s are answered %i", async (host, status) => {
  const { port } = await openAdmin()
  const raw = await openRaw(port)
  raw.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const answer = await raw.ended()
  expect(answer).toContain(`HTTP/1.1 ${status} `)
  expect(answer.includes("all_is_well")).toBe(status === 200)
})
