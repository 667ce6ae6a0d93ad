import { afterEach, describe, expect, test } from "vitest"
import { defaultBodyBudgets, type HttpConfig } from "../../../src/http/serving/config.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import { ask, askUnchecked, submit } from "../client.ts"
import { document, mismatch } from "../door/contract-check.ts"
import { fill, openServedLog, type ServedLog, signedRequest } from "../served-log.ts"
import { openRaw, rawRequest } from "./raw-connection.ts"

const JSON_TYPE = "content-type: application/json\r\n"
const quick: Partial<HttpConfig> = {
  headersTimeout: 100,
  requestTimeout: 200,
  slownessInterval: 20,
  keepAliveTimeout: 60_000,
}

let served: ServedLog | undefined

async function open(config: Partial<HttpConfig> = {}, log?: (log: Log) => Log): Promise<ServedLog> {
  served = await openServedLog({ config, ...(log && { log }) })
  return served
}

afterEach(async () => {
  await served?.close()
  served = undefined
})

/** The problem document of a raw answer, held against the contract. */
function problemOf(raw: string): unknown {
  expect(raw).toContain("content-type: application/problem+json")
  const problem: unknown = JSON.parse(raw.slice(raw.indexOf("\r\n\r\n") + 4))
  expect(mismatch(document.components.schemas.Problem, problem)).toBeUndefined()
  return problem
}

/** A gate that a test opens. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let release: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    release = resolve
  })
  return { opened, open: () => release() }
}

describe("connections", () => {
  test("one connection carries many requests", async () => {
    const { port, server } = await open()
    let connections = 0
    server.on("connection", () => {
      connections += 1
    })
    const raw = await openRaw(port)
    for (let i = 1; i <= 20; i++) {
      raw.write(rawRequest("GET", i % 2 === 0 ? "/livez" : "/checkpoint"))
      await raw.until("HTTP/1.1 200 OK", i)
    }
    raw.socket.destroy()
    expect(connections).toBe(1)
  })

  test("pipelined requests are answered in their order", async () => {
    const { port, log } = await open()
    await fill(log, 3)
    const raw = await openRaw(port)
    const body = JSON.stringify(signedRequest("pipelined"))
    raw.write(
      rawRequest("GET", "/v1/entries/2/proof") +
        rawRequest("POST", "/v1/entries", JSON_TYPE, body) +
        rawRequest("GET", "/nothing") +
        rawRequest("GET", "/checkpoint") +
        rawRequest("HEAD", "/tile/0/000.p/1") +
        rawRequest("GET", "/livez", "connection: close\r\n"),
    )
    const statuses = (await raw.ended()).match(/HTTP\/1\.1 [0-9]{3}/g)
    expect(statuses?.map((line) => Number(line.slice(-3)))).toEqual([200, 201, 404, 200, 200, 200])
    expect(log.head().size).toBe(4)
  })

  test("a valid request is answered although garbage follows it, and the connection ends", async () => {
    const { port, log } = await open()
    const raw = await openRaw(port)
    const body = JSON.stringify(signedRequest("before garbage"))
    raw.write(`${rawRequest("POST", "/v1/entries", JSON_TYPE, body)}\x00garbage\r\n\r\n`)
    const answers = (await raw.ended()).match(/HTTP\/1\.1 [0-9]{3}/g)
    expect(answers).toEqual(["HTTP/1.1 201"])
    expect(log.head().size).toBe(1)
  })

  test("a refused body does not spoil the connection", async () => {
    const { port } = await open({ requestLimit: 100 })
    const raw = await openRaw(port)
    raw.write(rawRequest("POST", "/v1/entries", JSON_TYPE, "x".repeat(1_000_000)))
    await raw.until("HTTP/1.1 413")
    raw.write(rawRequest("GET", "/livez"))
    expect(await raw.until("HTTP/1.1 200")).toContain("ok\n")
    raw.socket.destroy()
  })

  test("a body that does not end after its refusal ends the connection", async () => {
    const { port } = await open({ requestLimit: 100, requestTimeout: 600_000 })
    const raw = await openRaw(port)
    raw.write(rawRequest("POST", "/v1/entries", `${JSON_TYPE}transfer-encoding: chunked\r\n`))
    const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`
    const writeOn = (error?: Error | null): void => {
      if (!error) raw.socket.write(chunk, writeOn)
    }
    writeOn()
    expect(await raw.ended()).toContain("HTTP/1.1 413")
  }, 15_000)

  test("a client that waits for 100 Continue need not send what is refused", async () => {
    const { port } = await open()
    const raw = await openRaw(port)
    const expecting = `${JSON_TYPE}expect: 100-continue\r\n`
    raw.write(rawRequest("POST", "/v1/entries", `${expecting}content-length: 9999999\r\n`))
    const answer = await raw.ended()
    expect(answer).toMatch(/^HTTP\/1\.1 413/)
    expect(answer).toContain("Connection: close")
  })

  test("a client that waits for 100 Continue where nothing is read is told that it is over", async () => {
    const { port } = await open()
    const raw = await openRaw(port)
    raw.write(rawRequest("POST", "/nothing", "expect: 100-continue\r\ncontent-length: 5\r\n"))
    const answer = await raw.ended()
    expect(answer).toMatch(/^HTTP\/1\.1 404/)
    expect(answer).toContain("Connection: close")
  })

  test("a client that waits for 100 Continue gets it", async () => {
    const { port } = await open()
    const raw = await openRaw(port)
    const body = JSON.stringify(signedRequest("expected"))
    const expecting = `${JSON_TYPE}expect: 100-continue\r\ncontent-length: ${body.length}\r\n`
    raw.write(rawRequest("POST", "/v1/entries", expecting))
    await raw.until("HTTP/1.1 100 Continue\r\n\r\n")
    raw.write(body)
    await raw.until("HTTP/1.1 201")
    raw.socket.destroy()
  })

  test.each([
    ["garbage", "\x16\x03\x01\x02\x00garbage\r\n\r\n", 400],
    [
      "a second Content-Length",
      "POST /v1/entries HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      400,
    ],
    [
      "both lengths",
      "POST /v1/entries HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
      400,
    ],
    [
      "a chunk that is none",
      "POST /v1/entries HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
      400,
    ],
    ["a header with a line break", "GET /livez HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n", 400],
    [
      "16 KiB of headers",
      `GET /livez HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(16_384)}\r\n\r\n`,
      431,
    ],
    ["16 KiB of path", `GET /${"x".repeat(16_384)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
  ])("%s is answered and the connection ends", async (_, bytes, status) => {
    const { port } = await open()
    const raw = await openRaw(port)
    raw.write(bytes)
    const answer = await raw.ended()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(problemOf(answer)).toMatchObject({ status })
  })

  test("slow headers, slow bodies and silent connections are cut off while others are served", async () => {
    const { port, log } = await open(quick)
    const silent = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)))
    const slowHeaders = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)))
    const slowBodies = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)))
    for (const raw of slowHeaders) raw.write("GET /livez HTTP/1.1\r\nhost: a\r\n")
    for (const raw of slowBodies) {
      raw.write(rawRequest("POST", "/v1/entries", `${JSON_TYPE}content-length: 100000\r\n`))
      raw.write("{")
    }
    expect((await ask(port, "/livez")).status).toBe(200)
    const answers = await Promise.all([...slowHeaders, ...slowBodies].map((raw) => raw.ended()))
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /)
      expect(problemOf(answer)).toMatchObject({ code: "too-slow" })
    }
    await Promise.all(silent.map((raw) => raw.ended()))
    expect(log.head().size).toBe(0)
    expect((await submit(port, signedRequest("after"))).status).toBe(201)
  })

  test("a client that goes away in the middle of its body leaves nothing behind", async () => {
    const { port, log } = await open({
      bodyBudgets: { ...defaultBodyBudgets, submission: 100_000 },
    })
    for (let i = 0; i < 5; i++) {
      const raw = await openRaw(port)
      raw.write(rawRequest("POST", "/v1/entries", `${JSON_TYPE}content-length: 90000\r\n`))
      raw.write("x".repeat(80_000))
      await ask(port, "/livez")
      raw.socket.destroy()
      await raw.ended()
      // The budget is whole again once the server has seen the end, which a later request waits for.
      await expect.poll(async () => (await submit(port, signedRequest(`${i}`))).status).toBe(201)
    }
    expect(log.head().size).toBe(5)
  })

  test("close() lets requests finish, ends idle connections and takes no new ones", async () => {
    const { opened, open: release } = gate()
    const begun = gate()
    const delayed = (log: Log): Log => ({
      ...log,
      async add(proposal) {
        begun.open()
        await opened
        return log.add(proposal)
      },
    })
    const { port, close } = await open({}, delayed)
    const idle = await openRaw(port)
    idle.write(rawRequest("GET", "/livez"))
    await idle.until("ok\n")
    const busy = await openRaw(port)
    busy.write(rawRequest("POST", "/v1/entries", JSON_TYPE, JSON.stringify(signedRequest("last"))))
    await begun.opened
    const closed = close()
    served = undefined
    await idle.ended()
    await expect(
      askUnchecked(port, "/livez", { headers: { connection: "close" } }),
    ).rejects.toThrow()
    release()
    const answer = await busy.ended()
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    expect(answer).toContain("Connection: close")
    await closed
  })

  test("close() ends a connection whose body goes on after its refusal as soon as that is over", async () => {
    const long = { keepAliveTimeout: 600_000, drainTimeout: 600_000 }
    const { port, close } = await open({ requestLimit: 100, ...long })
    const raw = await openRaw(port)
    raw.write(rawRequest("POST", "/v1/entries", `${JSON_TYPE}content-length: 5000\r\n`))
    await raw.until("HTTP/1.1 413")
    served = undefined
    const closed = close()
    raw.write("x".repeat(5000))
    await raw.ended()
    await closed
  }, 20_000)

  test("close() cuts off what does not finish in time", async () => {
    const begun = gate()
    const stuck = (log: Log): Log => ({
      ...log,
      add() {
        begun.open()
        return new Promise(() => {})
      },
    })
    const { port, close } = await open({ drainTimeout: 50 }, stuck)
    const raw = await openRaw(port)
    raw.write(rawRequest("POST", "/v1/entries", JSON_TYPE, JSON.stringify(signedRequest("stuck"))))
    await begun.opened
    served = undefined
    await close()
    expect(await raw.ended()).toBe("")
  })
})
