// Connections of an attack. What comes is left unread unless the attack reads it: the socket is paused from the
// start, so that the kernel's buffers fill and the server must keep what it has to say.
import { connect, type Socket } from "node:net"
import type { Wire, WireOptions } from "../attack.ts"

const CONNECT_LIMIT_MS = 5_000
const LAST_READ_MS = 500
/** What stands for a connection that ended without being asked to. */
export const CUT_OFF = 0

type OnStatus = (status: number) => void

/** Tells the status of each answer whose first line came in one piece. */
export function tellStatuses(chunk: Buffer, onStatus: OnStatus): void {
  for (const [, status] of chunk.toString("latin1").matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
    onStatus(Number(status))
  }
}

function wireOf(socket: Socket, isReading: boolean, onStatus: OnStatus, close: () => void): Wire {
  let received = 0
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length
    tellStatuses(chunk, onStatus)
  })
  if (!isReading) socket.pause()
  return {
    write(bytes) {
      if (socket.writable) socket.write(bytes)
    },
    received: () => received,
    isOpen: () => !socket.destroyed,
    close,
  }
}

/** Opens wires to one port of this machine, all of which are closed together. */
export function createWires(port: number, host = "127.0.0.1", onStatus: OnStatus = () => {}) {
  const open = new Set<Socket>()
  return {
    open({ reads = false, from }: WireOptions = {}): Promise<Wire> {
      return new Promise((resolve, reject) => {
        const isNamed = from !== undefined && host === "127.0.0.1"
        const socket = connect({ host, port, ...(isNamed && { localAddress: from }) })
        socket.setTimeout(CONNECT_LIMIT_MS, () => socket.destroy())
        open.add(socket)
        socket.on("error", () => {})
        socket.once("close", () => {
          if (open.delete(socket)) onStatus(CUT_OFF)
          reject(new Error("the server takes no connection"))
        })
        socket.once("connect", () => {
          socket.setTimeout(0)
          const close = (): void => {
            open.delete(socket)
            socket.destroy()
          }
          resolve(wireOf(socket, reads, onStatus, close))
        })
      })
    },
    /** Reads for a moment what was left unread, to see how it was answered. */
    async readLast(): Promise<void> {
      for (const socket of open) socket.resume()
      await new Promise((resolve) => setTimeout(resolve, LAST_READ_MS))
    },
    closeAll(): void {
      for (const socket of open) socket.destroy()
      open.clear()
    },
  }
}
