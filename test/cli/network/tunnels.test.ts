// Proxies that do not lead anywhere: one that hangs up instead of answering CONNECT, and one that never answers.
import type { AddressInfo } from "node:net"
import { createServer, type Server, type Socket } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { run } from "../command/fake-terminal.ts"

let server: Server | undefined
const sockets = new Set<Socket>()

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server?.close(resolve))
})

/** Does so with each connection that has asked for something; gives the variables that name it. */
async function openBroken(answer: (socket: Socket) => void) {
  const asked: string[] = []
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.once("data", (data) => {
      asked.push(data.toString("latin1").split("\r\n", 1)[0] ?? "")
      answer(socket)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return { asked, environment: { HTTPS_PROXY: `http://user:secret@127.0.0.1:${port}` } }
}

const words = ["checkpoint", "--log", "https://log.example.test"]

describe("a proxy", () => {
  test("that hangs up instead of answering is asked once for each attempt, and named", async () => {
    const { asked, environment } = await openBroken((socket) => socket.destroy())
    const sleep = async () => {}
    const ran = await run([...words, "--retries", "2"], { environment, sleep })
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(asked).toEqual(Array(3).fill("CONNECT log.example.test:443 HTTP/1.1"))
    expect(ran.err).toMatch(
      /by the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\): other side closed/,
    )
    expect(ran.err).not.toContain("secret")
  })

  test("that never answers is left with the request, so that the process can end", async () => {
    let leave = () => {}
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const { asked, environment } = await openBroken((socket) => socket.on("close", leave))
    const ran = await run([...words, "--retries", "0", "--timeout", "1"], { environment })
    expect(ran).toMatchObject({ code: 1, out: "" })
    await left
    expect(asked).toHaveLength(1)
  })
})
