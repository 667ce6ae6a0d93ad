// How often a client may ask: at every door, by every name that it can give itself, and what is never limited. The test
// is a trusted proxy that names the clients.
import { afterEach, describe, expect, test } from "vitest"
import type { LimitedWriter } from "../../../src/http/limits/rate-gate.ts"
import type { Rates } from "../../../src/http/limits/rates.ts"
import { createMetrics } from "../../../src/http/log/metrics.ts"
import { ask, askUnchecked } from "../client.ts"
import { openMonitorDoor } from "../monitor/door.ts"
import { V1, V2 } from "../rekor-client.ts"
import { hashedrekordV1, hashedrekordV2 } from "../rekor-v1/submissions.ts"
import { fill, openServedLog, type ServedLogOptions, signedRequest } from "../served-log.ts"
import { openRaw } from "../serving/raw-connection.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "../witness/served-witness.ts"

const few = { perMinute: 60, burst: 3 }
const many = { perMinute: 60_000, burst: 60_000 }
const all: Rates = {
  ...{ submit: few, search: few, proof: few, evidence: few },
  ...{ heads: few, cosign: few, key: many },
}
const config = { trustedProxies: ["127.0.0.1"] }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A log whose clients are who the test says, and its clock. */
async function openLimited(options: Omit<ServedLogOptions, "now"> = {}) {
  const clock = { now: 0 }
  const now = () => clock.now
  const served = await openServedLog({ config, rates: all, now, ...options })
  closers.push(served.close)
  const from = (client: string, path: string, method = "GET") =>
    ask(served.port, path, { method, headers: { "x-forwarded-for": client } })
  function post(client: string, path: string, body: object | string, type = "application/json") {
    const headers = { "content-type": type, "x-forwarded-for": client }
    const text = typeof body === "string" ? body : JSON.stringify(body)
    return ask(served.port, path, { method: "POST", headers, body: text })
  }
  return { ...served, clock, from, post }
}

const A = "203.0.113.1"
const B = "203.0.113.2"

test("a client is turned away after its burst, is told when to come back, and may then", async () => {
  const { post, clock, log } = await openLimited()
  for (const artifact of ["1", "2", "3"]) {
    const reply = await post(A, "/v1/entries", signedRequest(artifact))
    expect(reply.status).toBe(201)
    expect(reply.headers["ratelimit-policy"]).toBe('"submit";q=3;w=3')
    expect(reply.headers["ratelimit"]).toBe(`"submit";r=${3 - Number(artifact)};t=${artifact}`)
  }
  const late = await post(A, "/v1/entries", signedRequest("4"))
  expect(late.status).toBe(429)
  expect(late.headers["retry-after"]).toBe("1")
  expect(late.headers["ratelimit"]).toBe('"submit";r=0;t=3')
  expect(late.json()).toMatchObject({
    code: "rate-limited",
    detail: expect.stringMatching(
      /^submit: expected up to 60 a minute after the first 3, found more/,
    ),
  })
  expect(log.head().size).toBe(3)
  expect((await post(B, "/v1/entries", signedRequest("4"))).status).toBe(201)
  clock.now += 1_000
  expect((await post(A, "/v1/entries", signedRequest("5"))).status).toBe(201)
  expect((await post(A, "/v1/entries", signedRequest("6"))).status).toBe(429)
})

test("every door says it in its own words", async () => {
  const { post } = await openLimited({ rates: { ...all, submit: { perMinute: 1, burst: 1 } } })
  expect((await post(A, V1, hashedrekordV1("1"))).status).toBe(201)
  const v1 = await post(A, V1, hashedrekordV1("2"))
  expect([v1.status, v1.headers["retry-after"]]).toEqual([429, "60"])
  expect(v1.json()).toEqual({ code: 429, message: expect.stringMatching(/^submit: /) })
  const v2 = await post(A, V2, hashedrekordV2("2"))
  expect([v2.status, v2.headers["retry-after"]]).toEqual([429, "60"])
  expect(v2.json()).toEqual({ code: 8, message: expect.stringMatching(/^submit: /), details: [] })
})

describe("another spelling is the same request", () => {
  test.each([
    ["HEAD", "/v1/entries/0"],
    ["GET", "//v1/entries/0"],
    ["GET", "/v1/entries/0/"],
    ["GET", "http://other.example/v1/entries/0"],
    ["GET", "HTTP://203.0.113.7:80/v1/entries/0"],
    ["GET", "/v1/entries/1/proof"],
    ["GET", "/v1/entries/%30"],
    ["GET", "/api/v1/log/entries?logIndex=0"],
  ])("%s %s", async (method, path) => {
    const { from, port, log } = await openLimited()
    await fill(log, 2)
    for (let i = 0; i < 3; i++) expect((await from(A, "/v1/entries/0")).status).toBe(200)
    const headers = { "x-forwarded-for": A }
    expect((await askUnchecked(port, path, { method, headers })).status).toBe(429)
  })

  test("of the client: a /64, a mapped address, what it writes in front, other headers", async () => {
    const { from, port, log } = await openLimited()
    await fill(log, 1)
    const spend = async (client: string) => {
      for (let i = 0; i < 3; i++) await from(client, "/v1/entries/0")
    }
    const statusOf = async (headers: Record<string, string>) =>
      (await askUnchecked(port, "/v1/entries/0", { headers })).status
    await spend("2001:db8:1:2::1")
    expect(await statusOf({ "x-forwarded-for": "2001:db8:1:2:ffff::9" })).toBe(429)
    expect(await statusOf({ "x-forwarded-for": "2001:db8:1:3::1" })).toBe(200)
    await spend(A)
    expect(await statusOf({ "x-forwarded-for": `::ffff:${A}` })).toBe(429)
    expect(await statusOf({ "x-forwarded-for": `${B}, ${A}` })).toBe(429)
    expect(await statusOf({ "x-forwarded-for": A, forwarded: `for=${B}` })).toBe(429)
    expect(await statusOf({ "x-forwarded-for": A, "x-real-ip": B, via: B })).toBe(429)
  })

  test("of a protocol: an upgrade is passed over", async () => {
    const { port, from, log } = await openLimited()
    await fill(log, 1)
    for (let i = 0; i < 3; i++) await from(A, "/v1/entries/0")
    const raw = await openRaw(port)
    raw.write(
      "GET /v1/entries/0 HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\n" +
        `http2-settings: AAMAAABk\r\nx-forwarded-for: ${A}\r\n\r\n`,
    )
    expect(await raw.ended()).toMatch(/^HTTP\/1\.1 429 /)
  })
})

test("all /64 of a /48 together get eight times what one gets", async () => {
  const { from, log } = await openLimited()
  await fill(log, 1)
  const statuses: number[] = []
  for (let i = 0; i < 30; i++) {
    statuses.push((await from(`2001:db8:7:${i.toString(16)}::1`, "/v1/entries/0")).status)
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(24)
  expect((await from("2001:db8:8::1", "/v1/entries/0")).status).toBe(200)
})

test("tiles, checkpoints, keys, heads, probes and the interface are never limited", async () => {
  const { from, log } = await openLimited()
  await fill(log, 2)
  const paths = ["/checkpoint", "/tile/0/000.p/2", "/tile/entries/000.p/2", "/v1/head"]
  for (const path of [...paths, "/v1/trusted-root.json", "/livez", "/healthz", "/openapi.yaml"]) {
    for (let i = 0; i < 8; i++) {
      const { status, headers } = await from(A, path)
      expect([path, status, headers["ratelimit"]]).toEqual([path, 200, undefined])
    }
  }
})

test("who asks from this machine itself is not limited, whatever it says of others", async () => {
  const { port, log } = await openLimited({ config: {} })
  await fill(log, 1)
  for (let i = 0; i < 8; i++) {
    const headers = { "x-forwarded-for": A }
    const reply = await ask(port, "/v1/entries/0", { headers })
    expect([reply.status, reply.headers["ratelimit"]]).toEqual([200, undefined])
  }
})

test("a batch is charged by its lines, and may go into a debt that is waited for", async () => {
  const { post, clock, log } = await openLimited()
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => JSON.stringify(signedRequest(`${from + i}`))).join("\n")
  const batch = (text: string) => post(A, "/v1/entries/batch", text, "application/x-ndjson")
  expect((await batch(lines(0, 10))).status).toBe(200)
  expect(log.head().size).toBe(10)
  const late = await batch(lines(10, 1))
  expect([late.status, late.headers["retry-after"]]).toEqual([429, "8"])
  clock.now += 8_000
  expect((await batch(lines(10, 1))).status).toBe(200)
  expect(log.head().size).toBe(11)
})

test("a key is limited whoever sends its entries, and nobody else can use its points up", async () => {
  const { post } = await openLimited({ rates: { ...all, submit: many, key: few } })
  const forged = { ...signedRequest("forged"), digest: signedRequest("other").digest }
  for (let i = 0; i < 5; i++) expect((await post(B, "/v1/entries", forged)).status).toBe(422)
  for (const artifact of ["1", "2", "3"]) {
    const request = signedRequest(artifact)
    expect((await post(`203.0.113.${artifact}`, "/v1/entries", request)).status).toBe(201)
    // What is there already takes no point.
    if (artifact !== "3") expect((await post(B, "/v1/entries", request)).status).toBe(200)
  }
  const late = await post("203.0.113.9", "/v1/entries", signedRequest("4"))
  expect(late.status).toBe(429)
  expect(late.json()).toMatchObject({ detail: expect.stringMatching(/^key: /) })
  // Keys of its own each.
  expect((await post(A, V1, hashedrekordV1("5"))).status).toBe(201)
})

test("a writer who is known is limited by name and by a rate of their own, wherever they are", async () => {
  const writers: Record<string, LimitedWriter> = {
    [A]: { id: "token:ci" },
    [B]: { id: "token:ci" },
    "203.0.113.3": { id: "token:big", perMinute: 5 },
    "203.0.113.4": { id: "anonymous" },
  }
  const writerOf: NonNullable<ServedLogOptions["writerOf"]> = ({ headers }) =>
    writers[String(headers["x-forwarded-for"])]
  const { post } = await openLimited({ writerOf })
  const codes = async (client: string, count: number) => {
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      found.push((await post(client, "/v1/entries", signedRequest(`${client} ${i}`))).status)
    }
    return found
  }
  expect(await codes(A, 2)).toEqual([201, 201])
  expect(await codes(B, 2)).toEqual([201, 429])
  expect(await codes("203.0.113.3", 6)).toEqual([201, 201, 201, 201, 201, 429])
  expect(await codes("203.0.113.4", 4)).toEqual([201, 201, 201, 429])
})

test("an operator can take a limit away, and counts whom limits turn away", async () => {
  const metrics = createMetrics({ head: () => ({ size: 0 }), status: () => ({}) } as never)
  const lines: object[] = []
  const logger = { debug: (fields: object) => void lines.push(fields), error() {} }
  const rates = { ...all, proof: undefined }
  const { from, log } = await openLimited({ rates, meter: metrics, logger })
  await fill(log, 1)
  for (let i = 0; i < 8; i++) expect((await from(A, "/v1/entries/0")).status).toBe(200)
  const search = `/v1/entries?digest=sha256:${"0".repeat(64)}`
  for (let i = 0; i < 3; i++) expect((await from(A, search)).status).toBe(200)
  expect((await from(A, search)).status).toBe(429)
  expect(await metrics.text()).toContain('countersign_rate_limited_total{class="search"} 1')
  expect(lines).toMatchObject([{ operation: "searchEntries", code: "rate-limited", client: A }])
})

describe("other servers", () => {
  test("a witness limits checkpoints and evidence apart from each other", async () => {
    const test = createTestLog("log.example")
    const witness = await openServedWitness({ logs: [test.vkey], config, rates: all, now: () => 0 })
    closers.push(witness.close)
    const send = (path: string) =>
      ask(witness.port, path, {
        method: "POST",
        headers: { "content-type": "text/plain", "x-forwarded-for": A },
        body: "old 0\n",
      })
    for (const path of ["/evidence", "/add-checkpoint"]) {
      for (let i = 0; i < 3; i++) expect((await send(path)).status).toBe(400)
      const late = await send(path)
      expect([late.status, late.headers["retry-after"]]).toEqual([429, "1"])
      expect(late.text()).toMatch(/^rate-limited: (?:evidence|cosign): expected up to 60 a minute/)
    }
    const headers = { "x-forwarded-for": A }
    expect((await ask(witness.port, "/", { headers })).status).toBe(200)
  })

  test("a monitor limits what is posted to it", async () => {
    const monitor = await openMonitorDoor({ config, rates: all, stopwatch: () => 0 })
    closers.push(monitor.close)
    const headers = { "content-type": "text/plain", "x-forwarded-for": A }
    const post = (body: string) => ask(monitor.port, "/heads", { method: "POST", headers, body })
    for (let i = 0; i < 3; i++) expect((await post("x")).status).toBe(400)
    const late = await post("x")
    expect([late.status, late.text().slice(0, 13)]).toEqual([429, "rate-limited:"])
    expect((await ask(monitor.port, "/status.json", { headers })).status).toBe(200)
  })
})
