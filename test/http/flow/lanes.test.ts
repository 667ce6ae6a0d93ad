// One request of a connection at a time: nobody is answered who does not read.
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, expect, test } from "vitest"
import { type LaneLimits, oneAtATime } from "../../../src/http/flow/lanes.ts"
import { openRaw, type RawConnection, rawRequest } from "../serving/raw-connection.ts"

const roomy: LaneLimits = { waitingRequests: 1_000, allWaitingRequests: 1_000 }
/** More than the kernel takes for a client that does not read. */
const HUGE = Buffer.alloc(32 * 1024 * 1024)

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

interface Lanes {
  readonly port: number
  /** The targets of the requests that were parsed, and of those that were begun. */
  readonly arrived: string[]
  readonly begun: string[]
}

async function open(limits: LaneLimits, listener: RequestListener): Promise<Lanes> {
  const arrived: string[] = []
  const begun: string[] = []
  const note = (list: string[], { url = "" }: IncomingMessage) => void list.push(url)
  const inTurn = oneAtATime(limits, (request, response) => {
    note(begun, request)
    listener(request, response)
  })
  server = createServer((request, response) => {
    note(arrived, request)
    inTurn(request, response)
  })
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve))
  return { port: (server.address() as AddressInfo).port, arrived, begun }
}

/** A client that reads nothing until it is told to. */
async function openUnread(port: number): Promise<RawConnection> {
  const raw = await openRaw(port)
  raw.socket.pause()
  return raw
}

const gets = (...paths: readonly string[]): string =>
  paths.map((path) => rawRequest("GET", path)).join("")

test("a request is not begun before the client has taken the answer to the one before it", async () => {
  const { port, arrived, begun } = await open(roomy, (request, response) =>
    response.end(request.url === "/huge" ? HUGE : "small"),
  )
  const raw = await openUnread(port)
  raw.write(gets("/huge", "/b", "/c"))
  await expect.poll(() => arrived.length).toBe(3)
  // A client that reads is answered meanwhile, so the loop has turned often.
  const other = await openRaw(port)
  other.write(gets("/other"))
  await other.until("small")
  expect(begun).toEqual(["/huge", "/other"])
  raw.socket.resume()
  await raw.until("small", 2)
  expect(begun).toEqual(["/huge", "/other", "/b", "/c"])
})

test("1,500 requests in one packet are answered in their order, never two at a time", async () => {
  let underWay = 0
  let most = 0
  const { port, begun } = await open(
    { waitingRequests: 2_000, allWaitingRequests: 2_000 },
    (_, response) => {
      underWay += 1
      most = Math.max(most, underWay)
      setImmediate(() => {
        underWay -= 1
        response.end("done")
      })
    },
  )
  const paths = Array.from({ length: 1_500 }, (_, i) => `/${i}`)
  const raw = await openRaw(port)
  raw.write(gets(...paths))
  await raw.until("done", paths.length)
  expect(begun).toEqual(paths)
  expect(most).toBe(1)
})

test("a body that comes while its request waits is read when its turn comes", async () => {
  let release = (): void => {}
  const { port, arrived } = await open(roomy, (request, response) => {
    if (request.url === "/first") release = () => response.end("first")
    else {
      let length = 0
      request.on("data", (chunk: Buffer) => {
        length += chunk.length
      })
      request.on("end", () => response.end(`read ${length}`))
    }
  })
  const raw = await openRaw(port)
  const body = "x".repeat(300_000)
  raw.write(gets("/first") + rawRequest("POST", "/second", "", body) + gets("/first"))
  await expect.poll(() => arrived.length).toBeGreaterThan(1)
  release()
  await raw.until("read 300000")
  await expect.poll(() => arrived.length).toBe(3)
  release()
  await raw.until("first", 2)
})

test("who sends more ahead than may wait is cut off", async () => {
  const { port, begun } = await open({ ...roomy, waitingRequests: 3 }, () => {})
  const raw = await openRaw(port)
  raw.write(gets("/a", "/b", "/c", "/d", "/e"))
  expect(await raw.ended()).toBe("")
  expect(begun).toEqual(["/a"])
})

test("nothing is parsed of what was sent behind the request that cut its connection", async () => {
  const { port, arrived } = await open({ ...roomy, waitingRequests: 3 }, () => {})
  const raw = await openRaw(port)
  raw.write(gets(...Array.from({ length: 1_000 }, (_, i) => `/${i}`)))
  await raw.ended()
  expect(arrived.length).toBe(5)
  // The parser is used again.
  for (let i = 0; i < 3; i++) {
    const other = await openRaw(port)
    other.write(gets("/other"))
    await expect.poll(() => arrived.filter((path) => path === "/other").length).toBe(i + 1)
  }
})

test("connections that pipeline take turns", async () => {
  const { port, begun } = await open(roomy, (_, response) => response.end("done"))
  const raws = await Promise.all([openRaw(port), openRaw(port)])
  const paths = (name: string) => Array.from({ length: 50 }, (_, i) => `/${name}${i}`)
  raws[0]?.write(gets(...paths("a")))
  raws[1]?.write(gets(...paths("b")))
  await Promise.all(raws.map((raw) => raw.until("done", 50)))
  const firstOf = (name: string) => begun.findIndex((path) => path.startsWith(`/${name}`))
  const lastOf = (name: string) => begun.findLastIndex((path) => path.startsWith(`/${name}`))
  expect(Math.max(firstOf("a"), firstOf("b"))).toBeLessThan(Math.min(lastOf("a"), lastOf("b")))
})

test("what waits of all connections is counted, and no longer once a connection has ended", async () => {
  const limits = { ...roomy, allWaitingRequests: 3 }
  const { port, arrived } = await open(limits, () => {})
  const first = await openRaw(port)
  first.write(gets("/1", "/2", "/3", "/4"))
  await expect.poll(() => arrived.length).toBe(4)
  const second = await openRaw(port)
  second.write(gets("/5", "/6"))
  await second.ended()
  first.socket.destroy()
  await first.ended()
  await expect
    .poll(async () => {
      const before = arrived.length
      const third = await openRaw(port)
      third.write(gets("/7", "/8"))
      await expect.poll(() => arrived.length).toBe(before + 2)
      const alive = await openRaw(port)
      alive.write("garbage\r\n\r\n")
      await alive.ended()
      return third.socket.closed
    })
    .toBe(false)
})

test("what waits behind an answer that ends the connection is not begun", async () => {
  const { port, begun } = await open(roomy, (_, response) => {
    setImmediate(() => response.writeHead(200, { connection: "close" }).end("last"))
  })
  const raw = await openRaw(port)
  raw.write(gets("/a", "/b", "/c"))
  expect(await raw.ended()).toContain("last")
  expect(begun).toEqual(["/a"])
})
