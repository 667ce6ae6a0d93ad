import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, test, vi } from "vitest"
import { parseAddress } from "../../../src/cli/command/options.ts"
import { remarkExposure } from "../../../src/cli/serving/exposure.ts"
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

test("as many connections may wait as the system allows, and not Node's 511", async () => {
  const server: Server = createServer()
  const asked = vi.spyOn(server, "listen")
  await listen(server, { host: "127.0.0.1", port: 0 })
  server.close()
  expect(asked.mock.calls[0]?.[0]).toMatchObject({ backlog: 4_096 })
})

test("a port that is taken is told, with the address", async () => {
  const first = createServer()
  await listen(first, { host: "127.0.0.1", port: 0 })
  const { port } = first.address() as AddressInfo
  await expect(listen(createServer(), { host: "127.0.0.1", port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}`,
  )
  first.close()
})

describe("an address to listen at", () => {
  test.each([
    ["127.0.0.1:3000", { host: "127.0.0.1", port: 3000 }],
    ["[fe80::1%eth0]:80", { host: "fe80::1%eth0", port: 80 }],
    ["systemd-host:80", { host: "systemd-host", port: 80 }],
    ["unix:/run/countersign/log.sock", { path: "/run/countersign/log.sock" }],
    ["unix:///run//log.sock", { path: "/run/log.sock" }],
    ["systemd", { activated: "" }],
    ["systemd:admin", { activated: "admin" }],
  ])("%s", (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  test.each(["unix:", "unix:log.sock", "systemd:", "systemd:a b", "/run/log.sock", "localhost"])(
    "%s is none",
    (text) => {
      expect(() => parseAddress(text)).toThrow(/expected/)
    },
  )
})

describe("what is said of listeners", () => {
  function told(url: string, admin?: string, more: object = {}): readonly string[] {
    const words: string[] = []
    remarkExposure(
      { url, admin, ...more },
      { warn: (...said: unknown[]) => void words.push(String(said[1])) },
    )
    return words.map((text) => text.split(/[ :]/, 3).join(" "))
  }

  test.each([
    ["http://127.0.0.1:3000"],
    ["http://127.8.0.1:3000"],
    ["http://[::1]:3000"],
    ["http://localhost:3000"],
    ["https://0.0.0.0:3000"],
    ["unix:/run/log.sock"],
  ])("nothing of %s", (url) => {
    expect(told(url)).toEqual([])
  })

  test.each([
    ["http://0.0.0.0:3000"],
    ["http://[::]:3000"],
    ["http://[fe80::1%25eth0]:3000"],
    ["http://10.0.0.7:3000"],
    ["http://127.example:3000"],
  ])("that %s is HTTP without TLS", (url) => {
    expect(told(url)).toEqual(["HTTP without TLS"])
    expect(told(url, undefined, { publicUrl: "http://log.example" })).toHaveLength(1)
    expect(told(url, undefined, { publicUrl: "https://log.example" })).toEqual([])
    expect(told(url, undefined, { trustProxy: ["10.0.0.0/8"] })).toEqual([])
  })

  test("that others reach the metrics", () => {
    const local = "unix:/run/log.sock"
    expect(told(local, "http://0.0.0.0:3001")).toEqual(["the metrics are"])
    expect(told(local, "http://127.0.0.1:3001")).toEqual([])
    expect(told(local, "unix:/run/admin.sock")).toEqual([])
  })
})
