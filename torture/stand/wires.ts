// Connections of an attack. What comes is left unread unless the attack reads it: the socket is paused from the
// start, so that the kernel's buffers fill and the server must keep what it has to say.
import { connect, type Socket } from "node:net"
import type { Wire, WireOptions } from "../attack.ts"

const CONNECT_LIMIT_MS = 5_000

function wireOf(socket: Socket, isReading: boolean): Wire {
  let received = 0
  if (isReading) {
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length
    })
  } else socket.pause()
  return {
    write(bytes) {
      if (socket.writable) socket.write(bytes)
    },
    received: () => received,
    isOpen: () => !socket.destroyed,
    close: () => socket.destroy(),
  }
}

/** Opens wires to one port, all of which are closed together. */
export function createWires(port: number) {
  const open = new Set<Socket>()
  return {
    open({ reads = false, from = "127.0.0.1" }: WireOptions = {}): Promise<Wire> {
      return new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port, localAddress: from })
        socket.setTimeout(CONNECT_LIMIT_MS, () => socket.destroy())
        open.add(socket)
        socket.on("error", () => {})
        socket.once("close", () => {
          open.delete(socket)
          reject(new Error("the server takes no connection"))
        })
        socket.once("connect", () => {
          socket.setTimeout(0)
          resolve(wireOf(socket, reads))
        })
      })
    },
    closeAll(): void {
      for (const socket of open) socket.destroy()
    },
  }
}
