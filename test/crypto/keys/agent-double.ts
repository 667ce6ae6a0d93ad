// An SSH agent as a test wants it: a server on a socket that answers with any bytes.
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { concat, u32 } from "../../../src/core/base/bytes.ts"
import { newFolder } from "../../storage/folder.ts"

export const string = (bytes: Uint8Array | string) => {
  const own = Buffer.from(bytes)
  return concat(u32(own.length), own)
}

/** A message with its length. */
export const message = (type: number, ...parts: readonly Uint8Array[]) =>
  concat(string(concat(Uint8Array.of(type), ...parts)))

export type AnswerTo = (type: number, body: Uint8Array, socket: Socket) => Uint8Array | undefined

/** Listens until the test is over; nothing is answered where `answer` gives undefined. */
export async function openAgentDouble(answer: AnswerTo): Promise<string> {
  const path = join(newFolder(), "agent")
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let arrived = Buffer.alloc(0)
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      arrived = Buffer.concat([arrived, chunk])
      while (arrived.length >= 4 && arrived.length >= 4 + arrived.readUInt32BE()) {
        const length = arrived.readUInt32BE()
        const own = arrived.subarray(4, 4 + length)
        arrived = arrived.subarray(4 + length)
        const bytes = answer(own[0] as number, own.subarray(1), socket)
        if (bytes !== undefined) socket.write(bytes)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return path
}
