// Clients that begin bodies and do not end them: whoever asks for something else, and whoever delivers, is served.
import { afterEach, describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { ask, submit, submitBatch } from "../client.ts"
import { openServedLog, signedRequest } from "../served-log.ts"
import { createTestLog } from "../test-log.ts"
import { openServedWitness } from "../witness/served-witness.ts"
import { openRaw, type RawConnection, rawRequest } from "./raw-connection.ts"

const MIB = 1024 * 1024
const log = createTestLog("log.example")

let closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.reverse()) await close()
  closers = []
})

async function openLog(options?: Parameters<typeof openServedLog>[0]) {
  const served = await openServedLog(options)
  closers.push(served.close)
  return served
}

async function openWitness(options: Partial<Parameters<typeof openServedWitness>[0]> = {}) {
  const opened = await openServedWitness({ logs: [log.vkey], ...options })
  closers.push(opened.close)
  return opened
}

/** Begins bodies of `length` bytes that lack the last one. */
async function hold(port: number, path: string, type: string, length: number, count: number) {
  const bytes = Buffer.alloc(length - 1, " ")
  const headers = `content-type: ${type}\r\ncontent-length: ${length}\r\n`
  const held: RawConnection[] = []
  for (let i = 0; i < count; i++) {
    const raw = await openRaw(port)
    closers.push(() => void raw.socket.destroy())
    raw.write(rawRequest("POST", path, headers))
    await new Promise<void>((resolve) => raw.socket.write(bytes, () => resolve()))
    held.push(raw)
  }
  return held
}

/** As `hold` with more bodies than there is room for; resolves once that has shown. */
async function holdAll(...held: Parameters<typeof hold>): Promise<void> {
  const connections = await hold(...held)
  await Promise.any(connections.map((raw) => raw.until("HTTP/1.1 503")))
}

describe("bodies that do not end", () => {
  test("17 long batches that wait keep out no submission and no other batch", async () => {
    const { port } = await openLog()
    await holdAll(port, "/v1/entries/batch", "application/x-ndjson", 8 * MIB, 17)
    for (let i = 0; i < 100; i++) {
      expect((await submit(port, signedRequest(`honest ${i}`))).status).toBe(201)
    }
    const batch = `${JSON.stringify(signedRequest("of a batch"))}\n`
    expect((await submitBatch(port, batch)).status).toBe(200)
  }, 60_000)

  test("33 long submissions that wait keep out no other, though all come from one address", async () => {
    const { port } = await openLog()
    await holdAll(port, "/v1/entries", "application/json", 4 * MIB, 33)
    for (let i = 0; i < 100; i++) {
      expect((await submit(port, signedRequest(`honest ${i}`))).status).toBe(201)
    }
  }, 60_000)

  test("130 bodies of evidence that wait keep out no checkpoint", async () => {
    const { port } = await openWitness()
    await holdAll(port, "/evidence", "text/plain", MIB, 130)
    for (let i = 0; i < 100; i++) {
      const body = log.request(i === 0 ? 0 : 5, 5)
      const reply = await ask(port, "/add-checkpoint", { method: "POST", body })
      expect(reply.status).toBe(200)
    }
  }, 60_000)

  test("are answered 408 and their connections end, whatever came before", async () => {
    const config = { bodyGrace: 100, slownessInterval: 20 }
    const { port } = await openLog({ config })
    const [waiting] = await hold(port, "/v1/entries", "application/json", MIB, 1)
    const answer = await waiting?.ended()
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain("Connection: close")
    expect(answer).toContain("expected at least 8192 bytes a second")
  })
})

describe("POST /add-checkpoint", () => {
  const head = (length: number) =>
    rawRequest("POST", "/add-checkpoint", `content-length: ${length}\r\n`)

  test("refuses a long request by its first bytes", async () => {
    const { port } = await openWitness()
    const raw = await openRaw(port)
    raw.write(`${head(100_000)}no request begins so`)
    expect(await raw.until("HTTP/1.1 400")).toContain("found other bytes")
    raw.socket.destroy()
  })

  test("refuses more than 16 KiB of what is no line of ML-DSA-44 as soon as that has come", async () => {
    const { port } = await openWitness()
    const raw = await openRaw(port)
    const line = "— other.example/witness AAAAAAAA\n"
    raw.write(head(100_000))
    raw.write(utf8(`${log.request(0, 5)}${line.repeat(1_000)}`.slice(0, 25_000)))
    expect(await raw.until("HTTP/1.1 413")).toContain("too-large: body: expected up to ")
    raw.socket.destroy()
  })

  test("takes 16 lines of ML-DSA-44", async () => {
    const { port } = await openWitness()
    const line = `— other.example/witness ${Buffer.alloc(2432, 7).toString("base64")}\n`
    const request = Buffer.from(log.request(0, 5)).toString()
    const body = request + line.repeat(16)
    const reply = await ask(port, "/add-checkpoint", { method: "POST", body })
    expect(reply.status).toBe(200)
  })
})
