// A web page cannot write, at any door, nor reach a server of this machine by a name of its own; what other programs
// send, and what pages may read, goes on.
import { request } from "node:http"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ask, askUnchecked } from "../client.ts"
import { openMonitorDoor } from "../monitor/door.ts"
import { V1, V2 } from "../rekor-client.ts"
import { hashedrekordV1, hashedrekordV2 } from "../rekor-v1/submissions.ts"
import { fill, openServedLog, signedRequest } from "../served-log.ts"
import { openRaw } from "../serving/raw-connection.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "../witness/served-witness.ts"

type Server = "log" | "witness" | "monitor"

const ports = new Map<Server, number>()
const closers: (() => Promise<void>)[] = []
const portOf = (server: Server) => ports.get(server) ?? 0

beforeAll(async () => {
  const publicUrl = "https://public.example:8443/log"
  const allowedHosts = ["proxy.internal"]
  const log = await openServedLog({ config: { publicUrl }, allowedHosts })
  const logs = [createTestLog("log.example").vkey]
  const witness = await openServedWitness({ logs, allowedHosts, publicUrl })
  const monitor = await openMonitorDoor({ allowedHosts }, () => {})
  await fill(log.log, 1)
  ports.set("log", log.port).set("witness", witness.port).set("monitor", monitor.port)
  closers.push(log.close, witness.close, monitor.close)
})
afterAll(async () => {
  for (const close of closers) await close()
})

const json = "application/json"
const text = "text/plain"

const writes: readonly (readonly [Server, path: string, type: string, body: string])[] = [
  ["log", "/v1/entries", json, JSON.stringify(signedRequest("page"))],
  ["log", "/v1/entries/batch", "application/x-ndjson", JSON.stringify(signedRequest("page"))],
  ["log", "/v1/entries/0/message", "application/octet-stream", "x"],
  ["log", V1, json, JSON.stringify(hashedrekordV1("page"))],
  ["log", V2, json, JSON.stringify(hashedrekordV2("page"))],
  ["witness", "/add-checkpoint", text, "old 0\n"],
  ["witness", "/evidence", text, "x"],
  ["monitor", "/heads", text, "x"],
  ["monitor", "/receipts", json, "{}"],
  ["monitor", "/ledger?signer=ci", text, "x"],
  ["monitor", "/messages?index=0", "application/octet-stream", "x"],
]

const foreign: readonly (readonly [string, Record<string, string>])[] = [
  ["a page of another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
  ["a page of a neighbour", { "sec-fetch-site": "same-site", origin: "http://localhost:8080" }],
  ["a page of an older browser", { origin: "https://evil.example" }],
  ["a page of nowhere", { origin: "null" }],
  ["a page of another port", { origin: "http://127.0.0.1:1" }],
  ["a page of another port of the log's", { origin: "https://public.example" }],
  ["an extension", { origin: "chrome-extension://abcdefghijklmnop" }],
  ["a form without an origin", { "sec-fetch-site": "cross-site" }],
  ["a value of the future", { "sec-fetch-site": "other" }],
]

describe.each(writes)("%s: POST %s", (server, path, type, body) => {
  const post = (headers: Record<string, string>) =>
    ask(portOf(server), path, {
      method: "POST",
      body,
      headers: { "content-type": type, ...headers },
    })

  test.each(foreign)("%s is refused", async (_who, headers) => {
    const reply = await post(headers)
    expect(reply.status).toBe(403)
    expect(reply.text()).toMatch(/(?:Origin|Sec-Fetch-Site): expected none/)
  })

  test.each([
    ["a program", {}],
    ["a person's own page", { "sec-fetch-site": "same-origin", origin: "https://evil.example" }],
    ["a program of a browser's", { "sec-fetch-site": "none" }],
  ])("%s is heard", async (_who, headers) => {
    // A monitor says 403 of what it does not take.
    expect((await post(headers)).text()).not.toMatch(/Origin|Sec-Fetch-Site/)
  })

  test("a page of the server's own is heard", async () => {
    const own = `127.0.0.1:${portOf(server)}`
    for (const origin of [
      `http://${own}`,
      ...(server === "monitor" ? [] : ["https://public.example:8443"]),
    ]) {
      expect((await post({ origin, host: own })).text()).not.toMatch(/Origin/)
    }
  })

  test("no form of a page has its type, or no page may send it", async () => {
    if (path === "/add-checkpoint" || type === text) return
    for (const form of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "",
    ]) {
      const headers = form === "" ? {} : { "content-type": form }
      const reply = await askUnchecked(portOf(server), path, { method: "POST", body, headers })
      // A monitor that takes no messages says so before it looks.
      expect([403, 415]).toContain(reply.status)
    }
  })

  test("a page that asks before it sends is not let", async () => {
    const headers = { origin: "https://evil.example", "access-control-request-method": "POST" }
    const reply = await askUnchecked(portOf(server), path, { method: "OPTIONS", headers })
    expect(reply.headers["access-control-allow-methods"] ?? "").not.toMatch(/POST/)
  })
})

test("pages of any site may read a log, and search it by POST", async () => {
  const headers = { origin: "https://search.example", "sec-fetch-site": "cross-site" }
  for (const path of ["/checkpoint", "/v1/entries/0", "/v1/entries/0/proof", "/tile/0/000.p/1"]) {
    const reply = await ask(portOf("log"), path, { headers })
    expect([reply.status, reply.headers["access-control-allow-origin"]]).toEqual([200, "*"])
  }
  const reply = await ask(portOf("log"), `${V1}/retrieve`, {
    method: "POST",
    headers: { ...headers, "content-type": json },
    body: '{"logIndexes":[0]}',
  })
  expect([reply.status, reply.headers["access-control-allow-origin"]]).toEqual([200, "*"])
})

test("pages of other sites see nothing of a monitor", async () => {
  for (const path of [
    "/",
    "/status.json",
    "/metrics",
    "/evidence",
    "/livez",
    "/nowhere",
    "/openapi.yaml",
  ]) {
    const headers = { origin: "https://evil.example" }
    const reply = await askUnchecked(portOf("monitor"), path, { headers })
    expect([path, reply.headers["access-control-allow-origin"]]).toEqual([path, undefined])
  }
})

function statusFor(server: Server, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: portOf(server), host: "127.0.0.1", path, headers: { host } })
    sent.on("error", reject).on("response", (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.end()
  })
}

describe("Host over loopback", () => {
  const own: Readonly<Record<Server, readonly string[]>> = {
    log: ["log.example", "public.example", "public.example:8443", "LOG.example."],
    witness: ["witness.example", "Public.Example:1"],
    monitor: [],
  }
  const local = [
    "localhost",
    "LOCALHOST:3000",
    "localhost.",
    "a.localhost",
    "127.0.0.1",
    "127.1.2.3:1",
  ]

  test.each(["log", "witness", "monitor"] as const)("of a %s is one of its own", async (server) => {
    for (const host of [
      ...local,
      "[::1]:3000",
      "proxy.internal",
      "proxy.internal:80",
      ...own[server],
    ]) {
      expect([host, await statusFor(server, host, "/livez")]).toEqual([host, 200])
    }
  })

  test.each([
    ...["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example"],
    ...[
      "evil.example.",
      "user@localhost",
      "localhost@evil.example",
      "0.0.0.0",
      "192.0.2.1",
      "[::2]",
    ],
    ...[
      "localhost:3000:1",
      "evillocalhost",
      "127.0.0.1:x",
      "2130706433",
      "log.example.evil.example",
    ],
  ])("%s is none", async (host) => {
    for (const server of ["log", "witness", "monitor"] as const) {
      expect([server, await statusFor(server, host, "/livez")]).toEqual([server, 421])
    }
  })

  test("is held against every route, in the words of its door", async () => {
    const headers = { host: "evil.example" }
    for (const path of ["/v1/head", "/checkpoint", "/api/v1/log", "/tile/0/000", "/docs"]) {
      const reply = await ask(portOf("log"), path, { headers })
      expect([path, reply.status]).toEqual([path, 421])
      expect(reply.text()).toMatch(/Host: expected .*evil\.example.*--allow-host/)
    }
  })

  test("counts where the target names another", async () => {
    const headers = { host: "localhost" }
    for (const [target, status] of [
      ["http://evil.example/livez", 421],
      ["http://evil.example:3000/livez", 421],
      ["http://localhost/livez", 200],
    ] as const) {
      const reply = await askUnchecked(portOf("log"), target, { headers })
      expect([target, reply.status]).toEqual([target, status])
    }
  })

  test("is given once", async () => {
    for (const server of ["log", "witness", "monitor"] as const) {
      for (const second of ["host: localhost", "Host: evil.example", "HOST:"]) {
        const raw = await openRaw(portOf(server))
        raw.write(
          `GET /livez HTTP/1.1\r\nhost: localhost\r\n${second}\r\nconnection: close\r\n\r\n`,
        )
        expect(await raw.ended()).toMatch(
          /^HTTP\/1\.1 400 [\s\S]*Host: expected one, found several/,
        )
      }
    }
  })

  test("is not missed by HTTP/1.0", async () => {
    const raw = await openRaw(portOf("log"))
    raw.write("GET /livez HTTP/1.0\r\n\r\n")
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 200 /)
  })
})
