// Large answers on their way: what they hold, and how slowly they may be read.
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setImmediate as turn } from "node:timers/promises"
import { afterEach, describe, expect, test } from "vitest"
import { createOutflow, type Outflow, type OutflowLimits } from "../../../src/http/flow/outflow.ts"
import { openRaw, type RawConnection, rawRequest } from "../serving/raw-connection.ts"

const MEBIBYTE = 1024 * 1024
/** More than the kernel takes for a client that does not read. */
const HUGE = 32 * MEBIBYTE

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A clock that a test moves. */
function clock() {
  let time = 0
  return {
    now: () => time,
    pass(milliseconds: number) {
      time += milliseconds
    },
  }
}

async function open(limits: Partial<OutflowLimits>, bodyOf: (url: string) => Uint8Array) {
  const { now, pass } = clock()
  const all = { answerBudget: 64 * MEBIBYTE, readingGrace: 10_000, leastReadingRate: 16_384 }
  const outflow = createOutflow({ ...all, slownessInterval: 1, ...limits }, now)
  server = createServer((request, response) => {
    const body = bodyOf(request.url ?? "")
    response.writeHead(200, { "content-length": body.length })
    outflow.send(response, body)
  })
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve))
  return { port: (server.address() as AddressInfo).port, outflow, pass }
}

async function askUnread(port: number, path: string): Promise<RawConnection> {
  const raw = await openRaw(port)
  raw.socket.pause()
  raw.write(rawRequest("GET", path))
  return raw
}

async function isHeld(outflow: Outflow, bytes: number): Promise<void> {
  await expect.poll(outflow.held).toBe(bytes)
}

/** A response whose client takes everything at once, and how much it took. */
function eager() {
  let taken = 0
  const events = { once: () => {}, off: () => {} }
  const response = {
    ...{ ...events, destroyed: false, req: { socket: events } },
    write(piece: Uint8Array, done: () => void) {
      taken += piece.length
      done()
    },
    end(piece: Uint8Array) {
      taken += piece.length
    },
  }
  return { response: response as unknown as ServerResponse, taken: () => taken }
}

describe("large answers", () => {
  test("take turns, a piece in each, however much a client takes at once", async () => {
    const limits = { answerBudget: HUGE, readingGrace: 10_000, leastReadingRate: 16_384 }
    const outflow = createOutflow({ ...limits, slownessInterval: 1_000 }, clock().now)
    const all = [eager(), eager()]
    for (const { response } of all) outflow.send(response, new Uint8Array(MEBIBYTE))
    expect(all.map(({ taken }) => taken())).toEqual([65_536, 65_536])
    await turn()
    expect(all.map(({ taken }) => taken())).toEqual([131_072, 131_072])
    for (let i = 0; i < 14; i++) await turn()
    expect(all.map(({ taken }) => taken())).toEqual([MEBIBYTE, MEBIBYTE])
  })

  test("are held until they are read, and not longer", async () => {
    const { port, outflow } = await open({}, () => new Uint8Array(HUGE))
    const raw = await askUnread(port, "/")
    await isHeld(outflow, HUGE)
    raw.socket.resume()
    await raw.progress((text) => text.length > HUGE)
    await isHeld(outflow, 0)
  })

  test("come whole and as they are", async () => {
    const body = Uint8Array.from({ length: 1_000_000 }, (_, i) => 97 + (i % 26))
    const { port } = await open({}, () => body)
    const raw = await openRaw(port)
    raw.write(rawRequest("GET", "/", "connection: close\r\n"))
    const answer = await raw.ended()
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(Buffer.from(body).toString())
  })

  test("of the same memory count once, and until the last is gone", async () => {
    const shared = new Uint8Array(HUGE)
    const { port, outflow } = await open({}, () => shared.subarray(1))
    const raws = [await askUnread(port, "/"), await askUnread(port, "/")]
    await isHeld(outflow, HUGE)
    raws[0]?.socket.destroy()
    await raws[0]?.ended()
    await isHeld(outflow, HUGE)
    raws[1]?.socket.destroy()
    await isHeld(outflow, 0)
  })

  test("have no room beyond the budget, but one alone always has", async () => {
    const one = new Uint8Array(HUGE)
    const { port, outflow } = await open({ answerBudget: MEBIBYTE }, () => one)
    expect(outflow.hasRoom(one)).toBe(true)
    await askUnread(port, "/")
    await isHeld(outflow, HUGE)
    expect(outflow.hasRoom(new Uint8Array(20_000))).toBe(false)
    expect(outflow.hasRoom(one.subarray(5))).toBe(true)
    expect(outflow.isFull()).toBe(true)
  })
})

describe("a client", () => {
  test("that reads nothing is cut off after the grace", async () => {
    const { port, outflow, pass } = await open({}, () => new Uint8Array(HUGE))
    const raw = await askUnread(port, "/")
    await isHeld(outflow, HUGE)
    pass(10_001)
    await isHeld(outflow, 0)
    raw.socket.resume()
    expect((await raw.ended()).length).toBeLessThan(HUGE)
  })

  test("that reads a little now and then is cut off, too", async () => {
    // Each read makes room for a piece, so that it never stands still for long.
    const { port, outflow, pass } = await open({ leastReadingRate: 8 * MEBIBYTE }, () =>
      Buffer.alloc(HUGE),
    )
    const raw = await askUnread(port, "/")
    await isHeld(outflow, HUGE)
    pass(9_000)
    raw.socket.once("data", () => raw.socket.pause())
    raw.socket.resume()
    await expect
      .poll(() => {
        pass(1_000)
        return outflow.held()
      })
      .toBe(0)
    raw.socket.resume()
    expect((await raw.ended()).length).toBeLessThan(HUGE)
  })

  test("that reads in time is left alone however long it takes", async () => {
    const { port, outflow, pass } = await open({}, () => Buffer.alloc(HUGE, "x"))
    const raw = await openRaw(port)
    raw.socket.on("data", () => pass(10))
    raw.write(rawRequest("GET", "/"))
    await raw.progress((text) => text.length > HUGE)
    await isHeld(outflow, 0)
    expect(raw.socket.destroyed).toBe(false)
  })
})
