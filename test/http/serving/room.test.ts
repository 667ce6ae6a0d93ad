// A server whose answers nobody reads: what is large has to wait, what is small is answered.
import type { AddressInfo } from "node:net"
import { afterEach, expect, test } from "vitest"
import { textAnswer } from "../../../src/http/serving/answer.ts"
import type { ServerConfig } from "../../../src/http/serving/config.ts"
import { type HttpServer, serveDoors } from "../../../src/http/serving/http-server.ts"
import { problemAnswer } from "../../../src/http/serving/problem.ts"
import { get } from "../../../src/http/serving/route.ts"
import { askUnchecked } from "../client.ts"
import { openRaw, rawRequest } from "./raw-connection.ts"

const HUGE = 32 * 1024 * 1024

let opened: HttpServer | undefined

afterEach(async () => {
  opened?.server.closeAllConnections()
  await opened?.close()
  opened = undefined
})

/** Resolves with what the test holds back a search by. */
async function open(config: Partial<ServerConfig>) {
  const begun: string[] = []
  const held: (() => void)[] = []
  const huge = ({ query }: { readonly query: string }) => {
    begun.push(query)
    return { status: 200, headers: {}, body: Buffer.alloc(HUGE, query) }
  }
  const routes = [
    get("getEntryTile", "/huge", huge, { isLarge: true }),
    get("getEntry", "/text", () => textAnswer(200, "é".repeat(40_000))),
    get("getLiveness", "/livez", () => textAnswer(200, "ok\n")),
    get(
      "searchEntries",
      "/search",
      async () => {
        await new Promise<void>((resolve) => held.push(resolve))
        return textAnswer(200, "found\n")
      },
      { weight: "search" },
    ),
  ]
  opened = serveDoors({ doors: () => [{ below: "/", routes, words: problemAnswer }], config })
  const { server } = opened
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { port: (server.address() as AddressInfo).port, begun, held }
}

async function askUnread(port: number, path: string) {
  const raw = await openRaw(port)
  raw.socket.pause()
  raw.write(rawRequest("GET", path))
  return raw
}

test("a large answer has no room beside those that nobody reads, and has it again once they are gone", async () => {
  const { port, begun } = await open({ answerBudget: HUGE })
  const unread = await askUnread(port, "/huge?a")
  await expect.poll(() => begun).toEqual(["a"])
  const refused = await askUnchecked(port, "/huge?b")
  expect(refused.status).toBe(503)
  expect(refused.json()).toMatchObject({ code: "try-later" })
  expect(refused.headers["retry-after"]).toBe("1")
  // Nothing was made for it.
  expect(begun).toEqual(["a"])
  expect((await askUnchecked(port, "/livez")).status).toBe(200)
  expect((await askUnchecked(port, "/huge?c", { method: "HEAD" })).status).toBe(503)
  unread.socket.destroy()
  await expect.poll(async () => (await askUnchecked(port, "/huge?d")).status).toBe(200)
})

test("a long text is counted by its bytes and comes whole", async () => {
  const { port } = await open({})
  const { status, headers, text } = await askUnchecked(port, "/text")
  expect([status, headers["content-length"]]).toEqual([200, "80000"])
  expect(text()).toBe("é".repeat(40_000))
})

test("searches go on a few at a time, and beyond those that wait the answer is to try later", async () => {
  const { port, held } = await open({ searches: { atATime: 1, waiting: 1, waitingOfOne: 1 } })
  const [first, second] = [askUnchecked(port, "/search"), askUnchecked(port, "/search")]
  await expect.poll(() => held.length).toBe(1)
  await expect
    .poll(async () => (await askUnchecked(port, "/search")).status, { interval: 10 })
    .toBe(503)
  expect((await askUnchecked(port, "/livez")).status).toBe(200)
  held[0]?.()
  await expect.poll(() => held.length).toBe(2)
  held[1]?.()
  expect([(await first).status, (await second).status]).toEqual([200, 200])
})

test.each([
  ["no Host", "GET /livez HTTP/1.1\r\n\r\n", 400],
  ["another expectation", rawRequest("GET", "/livez", "expect: nonsense\r\n"), 417],
])(
  "a request with %s is answered in its turn, and ends the connection",
  async (_, bytes, status) => {
    const { port } = await open({})
    const raw = await openRaw(port)
    raw.write(rawRequest("GET", "/livez") + bytes.repeat(3))
    const statuses = (await raw.ended()).match(/HTTP\/1\.1 [0-9]{3}/g)
    expect(statuses?.map((line) => Number(line.slice(-3)))).toEqual([200, status])
  },
)
