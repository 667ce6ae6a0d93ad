import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { createConnections } from "../../../src/cli/signer/connections.ts"
import type { Refusal } from "../../../src/core/base/errors.ts"
import { LONGEST_REQUEST } from "../../../src/signer/message.ts"
import { newFolder } from "../../storage/folder.ts"

interface Server {
  readonly refused: Refusal[]
  readonly asked: string[]
  connect(): Promise<Socket>
}

/** Answers every line with its length, after `delay` if there is one. */
async function served(lineTimeout?: number): Promise<Server> {
  const path = join(newFolder(), "socket")
  const refused: Refusal[] = []
  const asked: string[] = []
  const connections = createConnections({
    async answer(line) {
      asked.push(line)
      return `${line.length}\n`
    },
    onRefused: (refusal) => refused.push(refusal),
    ...(lineTimeout === undefined ? {} : { lineTimeout }),
  })
  const server = createServer((socket) => connections.take(socket))
  server.listen(path)
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    connections.end()
  })
  return {
    ...{ refused, asked },
    async connect() {
      const socket = connect({ path })
      socket.on("error", () => {})
      onTestFinished(() => void socket.destroy())
      await once(socket, "connect")
      return socket
    },
  }
}

/** What arrives until the other side ends. */
async function everythingFrom(socket: Socket): Promise<string> {
  let text = ""
  socket.on("data", (piece) => {
    text += String(piece)
  })
  await once(socket, "close")
  return text
}

test("the answers of a connection come in the order of its questions, however they are cut", async () => {
  const { connect: open } = await served()
  const socket = await open()
  const answers = everythingFrom(socket)
  for (const piece of ["a\nbb", "b\n", "\ncc\n"]) {
    socket.write(piece)
    await setTimeout(5)
  }
  socket.end()
  expect(await answers).toBe("1\n3\n0\n2\n")
})

test("a line without end is refused once it is too long, and the connection ends", async () => {
  const { connect: open, refused, asked } = await served()
  const socket = await open()
  const answers = everythingFrom(socket)
  socket.write("x".repeat(LONGEST_REQUEST + 1))
  expect(await answers).toBe("")
  expect(refused).toMatchObject([{ code: "too-large" }])
  expect(asked).toEqual([])
})

test("a line that does not end in time ends its connection, also one that comes byte by byte", async () => {
  const { connect: open, asked } = await served(60)
  const [silent, slow] = [await open(), await open()]
  silent.write("half")
  slow.write("whole\nhalf")
  const dripping = setInterval(() => slow.write("x"), 10)
  onTestFinished(() => clearInterval(dripping))
  await Promise.all([everythingFrom(silent), everythingFrom(slow)])
  expect(asked).toEqual(["whole"])
})

test("a quiet connection between two lines stays, and one more than fit ends the quietest", async () => {
  const { connect: open } = await served(30)
  const first = await open()
  const second = await open()
  first.write("one\n")
  await once(first, "data")
  const gone = once(second, "close")
  for (let i = 0; i < 15; i++) await open()
  await gone
  first.write("still here\n")
  expect(String((await once(first, "data"))[0])).toBe("10\n")
})

test("who asks and does not read is not answered without end", async () => {
  const { connect: open, asked } = await served()
  const socket = await open()
  socket.pause()
  const flood = "\n".repeat(64 * 1024)
  for (let i = 0; i < 64; i++) socket.write(flood)
  let before = -1
  await expect
    .poll(
      () => {
        const isStill = asked.length === before
        before = asked.length
        return isStill
      },
      { interval: 200, timeout: 20_000 },
    )
    .toBe(true)
  // 4 million questions were sent; what was answered is what fits into the buffers of two sockets.
  expect(asked.length).toBeLessThan(2_000_000)
})
